"""Dead letters: events that could not be handled, kept until an operator replays them.

    python -m aether.kit.dead_letter <service> ls
    python -m aether.kit.dead_letter <service> replay <event id | all>

Reads AETHER_DATABASE_URL (and PGPASSFILE). The service itself does the replaying, within about a second.
"""

import asyncio
import os
import sys
from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from nats.aio.msg import Msg
from nats.js.api import Header

from aether.kit.postgres import Database, Record

ERROR_LENGTH = 4000


@dataclass(frozen=True)
class Letter:
    """One parked event, as it came."""

    event_id: UUID
    subject: str
    data: bytes
    headers: dict[str, str]
    error: str


class DeadLetters:
    """One service's table of what it could not handle."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = f'"{database.schema}".dead_letter'

    async def park(self, message: Msg, error: str) -> None:
        """Keep a message with the reason. One that is parked already gets the newer reason."""
        async with self._database.transaction() as writer:
            await writer.execute(
                f"""
                INSERT INTO {self._table} (event_id, subject, data, headers, error) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (event_id) DO UPDATE SET error = excluded.error, parked_at = now()""",
                letter_id(message),
                message.subject,
                message.data,
                {name: _storable(value) for name, value in (message.headers or {}).items()},
                _storable(error)[:ERROR_LENGTH],
            )

    async def wanted(self) -> list[Letter]:
        async with self._database.reading() as reader:
            rows = await reader.fetch(
                f"""
                SELECT event_id, subject, data, headers, error FROM {self._table}
                WHERE replay_requested_at IS NOT NULL AND replayed_at IS NULL
                ORDER BY parked_at LIMIT 100"""
            )
        return [_letter(row) for row in rows]

    async def waiting(self) -> list[Letter]:
        """Parked and not replayed, oldest first."""
        async with self._database.reading() as reader:
            rows = await reader.fetch(
                f"""
                SELECT event_id, subject, data, headers, error FROM {self._table}
                WHERE replayed_at IS NULL ORDER BY parked_at"""
            )
        return [_letter(row) for row in rows]

    async def request_replay(self, event_id: UUID | None = None) -> int:
        """Ask for one, or with None for all; answers how many were asked for."""
        async with self._database.transaction() as writer:
            tag = await writer.execute(
                f"""
                UPDATE {self._table} SET replay_requested_at = now()
                WHERE replayed_at IS NULL AND ($1::uuid IS NULL OR event_id = $1)""",
                event_id,
            )
        return int(tag.rsplit(" ", 1)[-1])

    async def replayed(self, event_id: UUID) -> None:
        async with self._database.transaction() as writer:
            await writer.execute(
                f"UPDATE {self._table} SET replayed_at = now() WHERE event_id = $1",
                event_id,
            )

    async def still_failing(self, event_id: UUID, error: str) -> None:
        async with self._database.transaction() as writer:
            await writer.execute(
                f"UPDATE {self._table} SET replay_requested_at = NULL, error = $2 WHERE event_id = $1",
                event_id,
                _storable(error)[:ERROR_LENGTH],
            )


def _letter(row: Record) -> Letter:
    return Letter(**dict(row))


def letter_id(message: Msg) -> UUID:
    """The event's id from the header that the relay sets; without a sound one, an id made from its place."""
    try:
        return UUID((message.headers or {})[Header.MSG_ID])
    except (KeyError, ValueError):
        place = message.metadata
        return uuid5(NAMESPACE_URL, f"{place.stream}/{place.sequence.stream}/{place.timestamp.isoformat()}")


def _storable(text: str) -> str:
    """Postgres keeps every character but one."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


async def _main(service: str, verb: str, which: str = "all") -> None:
    async with Database.connect(os.environ["AETHER_DATABASE_URL"], service) as database:
        letters = DeadLetters(database)
        if verb == "replay":
            asked = await letters.request_replay(None if which == "all" else UUID(which))
            sys.stdout.write(f"{asked} to be replayed\n")
        for letter in await letters.waiting() if verb == "ls" else []:
            sys.stdout.write(f"{letter.event_id}  {letter.subject}  {letter.error}\n")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[2] not in ("ls", "replay"):
        sys.exit(__doc__)
    asyncio.run(_main(*sys.argv[1:]))
