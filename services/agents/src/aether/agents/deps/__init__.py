"""What handlers and sockets may touch, and the ports to the outside."""
