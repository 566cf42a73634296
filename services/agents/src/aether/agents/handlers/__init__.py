"""What comes in by NATS."""
