"""Every contract, imported: whoever needs all events and commands imports this module."""

from aether.contracts import agents, files, gateway, machines, terminal
from aether.contracts.command import COMMANDS
from aether.contracts.event import EVENTS
from aether.contracts.streams import check

check()

__all__ = ["COMMANDS", "EVENTS", "agents", "files", "gateway", "machines", "terminal"]
