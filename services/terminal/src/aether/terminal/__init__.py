"""Terminal sessions: the relay between a browser's socket and a shell, its recordings, and the way to ports."""
