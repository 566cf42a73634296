"""What comes in by HTTP and WebSocket: terminals, commands run once, and recordings."""
