"""Writes the journal, and tells others that there was a change. What was done is done: while the database is away
its entry waits here."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog

from aether.contracts.files import FilesChanged
from aether.contracts.ids import ProjectId, new_id
from aether.contracts.problem import Unavailable
from aether.files.domain.journal import MACHINE, OWN_SECONDS, Action, Change, Quiet
from aether.files.store import journal as store
from aether.kit.grants import Grant
from aether.kit.postgres import Database, Writer

MOST_WAITING = 10_000
RETRY_SECONDS = 1.0
AT_ONCE = 500
FOREVER = float("inf")

log = structlog.get_logger()


class Journal:
    """Entries of this process. `quiet` has the projects that someone watches from here."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[Change] = deque(maxlen=MOST_WAITING)
        self._wake = asyncio.Event()
        self._quiet: dict[ProjectId, Quiet] = {}
        self._watched: dict[ProjectId, int] = {}

    async def note(self, change: Change) -> None:
        """Write one entry now. It fails nobody: what cannot be written waits until it can."""
        try:
            await self._write([change])
        except Unavailable:
            log.warning("journal.put_off", project_id=str(change.project_id))
            self._put_off([change])
        except Exception as error:
            log.error("journal.not_written", project_id=str(change.project_id), exc_info=error)

    @contextmanager
    def doing(self, grant: Grant, *paths: str) -> Iterator[None]:
        """While a person changes these, what the machine says of them is no news; nor shortly after."""
        quiet = self._quiet.get(grant.project_id)
        try:
            for path in paths if quiet else ():
                quiet.own(path, FOREVER)  # type: ignore[union-attr] # there are none unless it is there
            yield
        finally:
            for path in paths if quiet else ():
                quiet.own(path, time.monotonic() + OWN_SECONDS)  # type: ignore[union-attr]

    @contextmanager
    def watched(self, project_id: ProjectId) -> Iterator[None]:
        """While someone looks, what the machine says is written down."""
        self._watched[project_id] = self._watched.get(project_id, 0) + 1
        self._quiet.setdefault(project_id, Quiet())
        try:
            yield
        finally:
            self._watched[project_id] -= 1
            if not self._watched[project_id]:
                del self._watched[project_id], self._quiet[project_id]

    def noticed(self, grant: Grant, paths: Sequence[str]) -> None:
        """The machine says that these have changed; `grant` is that of whoever looks."""
        quiet = self._quiet.get(grant.project_id)
        if quiet is not None:
            self._put_off([machine_change(grant, path) for path in quiet.news(paths, time.monotonic())])

    async def run(self) -> None:
        """Until cancelled: write what waits."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                if not await self._write_some():
                    await asyncio.sleep(RETRY_SECONDS)

    async def finish(self) -> None:
        """Write what waits, if the database is there; the process ends."""
        while self._waiting and await self._write_some():
            pass
        if self._waiting:
            log.error("journal.lost", entries=len(self._waiting))

    def _put_off(self, changes: Sequence[Change]) -> None:
        self._waiting.extend(changes)
        self._wake.set()

    async def _write_some(self) -> bool:
        """Whether some of what waits has been dealt with."""
        changes = [self._waiting[at] for at in range(min(AT_ONCE, len(self._waiting)))]
        try:
            await self._write(changes)
        except Unavailable:
            return False
        except Exception as error:
            log.error("journal.not_written", entries=len(changes), exc_info=error)
        for _ in changes:
            self._waiting.popleft()
        return True

    async def _write(self, changes: Sequence[Change]) -> None:
        async with self._database.transaction() as db:
            await store.add(db, changes)
            for change in {c.project_id: c for c in changes if c.person_id is not None}.values():
                await self._tell(db, change)

    async def _tell(self, db: Writer, change: Change) -> None:
        assert change.person_id is not None
        if await store.is_due(db, change.project_id, change.account_id, change.at):
            db.publish(
                FilesChanged(
                    account_id=change.account_id,
                    project_id=change.project_id,
                    person_id=change.person_id,
                    changed_at=change.at,
                )
            )


def person_change(
    grant: Grant, action: Action, path: str, *, origin: str | None = None, size: int | None = None
) -> Change:
    """What the bearer of this grant has just done. Paths are as they are shown."""
    return Change(
        id=new_id(),
        account_id=grant.account_id,
        project_id=grant.project_id,
        at=datetime.now(UTC),
        person_id=grant.person_id,
        name=grant.person_name,
        action=action,
        path=path,
        origin=origin,
        size=size,
    )


def machine_change(grant: Grant, path: str) -> Change:
    return Change(
        id=new_id(),
        account_id=grant.account_id,
        project_id=grant.project_id,
        at=datetime.now(UTC),
        person_id=None,
        name=MACHINE,
        action="changed",
        path=path,
    )
