"""What machines ask on their own socket, and the way to the vendors."""
