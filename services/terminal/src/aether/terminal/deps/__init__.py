"""What commands, events and sockets may touch: live sessions, their viewers, and the ports to the outside."""
