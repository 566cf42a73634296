"""The outside world: providers of machines, and SSH into them."""
