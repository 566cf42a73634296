"""What comes in by HTTP and WebSocket, each with a grant that is used once."""
