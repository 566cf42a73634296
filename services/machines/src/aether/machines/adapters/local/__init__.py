"""Machines on this very computer: a process tree each. Linux only, for it reads /proc.

It keeps a person's own projects out of each other's files; it does not keep strangers out of the computer.
"""

from aether.machines.adapters.local.provider import LocalProvider

__all__ = ["LocalProvider"]
