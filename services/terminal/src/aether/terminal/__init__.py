"""Terminal sessions: the relay between a browser's socket and a shell, and its recordings."""
