"""What comes in by HTTP and WebSocket, one file for each noun."""
