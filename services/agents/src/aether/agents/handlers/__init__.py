"""What comes in by NATS, a module for each noun."""

from collections.abc import Mapping
from typing import Any

from aether.agents.handlers import attention, keys, machines, runs, tokens
from aether.contracts.command import Command
from aether.contracts.event import Event
from aether.kit.bus import Answerer
from aether.kit.consumer import Handler

COMMANDS: Mapping[type[Command[Any]], Answerer] = {
    **keys.COMMANDS,
    **tokens.COMMANDS,
    **runs.COMMANDS,
    **attention.COMMANDS,
}
EVENTS: Mapping[type[Event], Handler] = machines.EVENTS
