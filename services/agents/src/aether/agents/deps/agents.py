"""The agents service as its handlers and its sockets have it in hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aether.agents.deps.ports import Attention, Keys, Links, Now, RunDesk, Tokens
from aether.agents.settings import AgentsSettings
from aether.contracts.event import Event
from aether.kit.bus import Bus
from aether.kit.postgres import Database, Reader, Writer
from aether.kit.vault import Vault


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Agents:
    """Everything a command, an event or a request of a machine may touch."""

    settings: AgentsSettings
    database: Database
    bus: Bus
    vault: Vault
    now: Now = utc_now
    # The parts know each other; they are set one after another where the service is put together.
    keys: Keys = field(init=False)
    tokens: Tokens = field(init=False)
    attention: Attention = field(init=False)
    links: Links = field(init=False)
    runs: RunDesk = field(init=False)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        async with self.database.reading() as reader:
            yield reader

    @asynccontextmanager
    async def transaction(self, cause: Event | None = None) -> AsyncIterator[Writer]:
        async with self.database.transaction(cause) as writer:
            yield writer
