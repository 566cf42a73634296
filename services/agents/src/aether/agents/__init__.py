"""Coding agents at work in machines: their keys, their runs, what they ask, and who is told."""
