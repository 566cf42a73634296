"""The aether command, and the supervisor behind aether up."""
