"""The relay: publishes what transactions put into the outbox, in order, until JetStream has it.

Rows stay for eight days after publication, one more than the streams keep them, so that a lost stream
can be filled again.
"""

import asyncio
from typing import Any

import structlog

from aether.contracts.problem import Unavailable
from aether.kit.bus import Bus
from aether.kit.postgres import Database, Record

BATCH = 256
FORGET_BATCH = 5000
POLL_SECONDS = 1.0
GATHER_SECONDS = 0.005
KEEP = {
    "outbox": ("published_at", "8 days"),
    # A lost stream is filled with events up to 8 days old and keeps them for 7 more.
    "inbox": ("handled_at", "16 days"),
}

log = structlog.get_logger()


class Relay:
    """One service's relay. Several may run: each takes rows that no other holds."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._wake = asyncio.Event()
        database.on_publish.append(self._wake.set)

    async def run(self) -> None:
        """Until cancelled. Another process's rows are found by polling once a second."""
        while True:
            self._wake.clear()
            if await self._pass_on_safely():
                # A pass costs a transaction however few rows it takes, so the next lets some gather.
                await asyncio.sleep(GATHER_SECONDS)
            else:
                await self._wait()

    async def drain(self) -> None:
        """Pass on what is waiting now; used once at an orderly stop."""
        while await self._pass_on_safely():
            pass

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
        except TimeoutError:
            return

    async def _pass_on_safely(self) -> int:
        try:
            return await self.pass_on()
        except Unavailable:
            return 0
        except Exception:
            log.exception("outbox.relay_failed")
            return 0

    async def pass_on(self) -> int:
        """Publish one batch; answers how many JetStream acknowledged."""
        async with self._database.transaction() as writer:
            rows = await writer.fetch(
                f"""
                SELECT id, event_id, subject, data, headers FROM "{self._database.schema}".outbox
                WHERE published_at IS NULL ORDER BY id LIMIT {BATCH} FOR UPDATE SKIP LOCKED"""
            )
            if not rows:
                return 0
            results = await asyncio.gather(*(self._publish(row) for row in rows), return_exceptions=True)
            done = [row["id"] for row, result in zip(rows, results, strict=True) if result is None]
            await writer.execute(
                f"""
                UPDATE "{self._database.schema}".outbox SET published_at = now()
                WHERE id = ANY($1::bigint[])""",
                done,
            )
        self._tell(results)
        return len(done)

    async def _publish(self, row: Record) -> None:
        await self._bus.publish(row["subject"], row["data"], row["event_id"], row["headers"])

    def _tell(self, results: list[Any]) -> None:
        failed = [r for r in results if isinstance(r, BaseException)]
        if failed:
            log.warning("outbox.not_accepted", count=len(failed), error=repr(failed[0]))


async def forget_old(database: Database) -> None:
    """Delete what no replay can reach any more. Run hourly."""
    for table, (column, age) in KEEP.items():
        await _forget(database, table, f"{column} < now() - interval '{age}'")
    await _forget(database, "grant_use", "expires_at < now()")


async def _forget(database: Database, table: str, old: str) -> None:
    """In batches, because each statement has about two seconds."""
    deleted = FORGET_BATCH
    while deleted == FORGET_BATCH:
        async with database.transaction() as writer:
            tag = await writer.execute(
                f"""
                DELETE FROM "{database.schema}".{table} WHERE ctid = ANY(ARRAY(
                    SELECT ctid FROM "{database.schema}".{table} WHERE {old} LIMIT {FORGET_BATCH}))"""
            )
        deleted = int(tag.rsplit(" ", 1)[-1])
