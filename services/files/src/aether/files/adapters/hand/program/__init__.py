"""What runs inside the machine: Python's own library, 3.8 or newer, and nothing else.

These modules are sent over SSH and never written to the machine's disk. They import each other by their full
names and nothing of the rest, so that the same files are checked, tested and sent. The machine is not trusted, and
neither is what it holds: every path is walked by `confined`, whoever renames what meanwhile.
"""
