"""What the service's handlers and sockets may touch, and the ports to the outside."""
