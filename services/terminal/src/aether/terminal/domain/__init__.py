"""States and rules of terminals: pure, without sockets, SSH or SQL."""
