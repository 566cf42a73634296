"""The outside world: the hand, a small program in the machine, over SSH."""
