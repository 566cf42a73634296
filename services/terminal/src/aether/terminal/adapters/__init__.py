"""The outside world: shells in machines over SSH, with tmux or without, and the jump host."""
