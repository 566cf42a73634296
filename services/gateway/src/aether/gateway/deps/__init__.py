"""What the API and the handlers may touch, and the ports to the outside."""
