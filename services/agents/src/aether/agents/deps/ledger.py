"""Changes of runs: each in one short transaction, with what is to be said of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from weakref import WeakValueDictionary

from aether.agents.deps.agents import Agents
from aether.agents.deps.ports import Call
from aether.agents.domain.notable import need, notable
from aether.agents.domain.run import Run
from aether.agents.domain.telling import changed, told
from aether.agents.domain.views import run_view
from aether.agents.store import runs as store
from aether.contracts.agents import RunChanged, RunView
from aether.contracts.event import Event
from aether.contracts.ids import RunId
from aether.kit.postgres import Writer

# Of the ten connections there are. A crowd waits here, where a wait is no failure.
AT_ONCE = 6
Act = Callable[[Run, datetime], Run]


class Ledger:
    """Reads, changes and keeps runs."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        # Reports of one run wait here for each other, so that none of them holds a connection meanwhile.
        self._locks: WeakValueDictionary[RunId, asyncio.Lock] = WeakValueDictionary()
        self._turns = asyncio.Semaphore(AT_ONCE)

    def view(self, run: Run) -> RunView:
        return run_view(run, self._agents.now(), self._agents.settings.cents_per_minute)

    async def change(self, run_id: RunId, act: Act, *, cause: Event | None = None) -> Run | None:
        """The run after `act`; None if there is none. Raises AlreadyHandled if `cause` has had its effect."""
        async with self.changing(run_id, cause) as db:
            before = await store.locked(db, run_id)
            return None if before is None else await self.keep(db, before, act(before, self._agents.now()))

    @asynccontextmanager
    async def changing(self, run_id: RunId, cause: Event | None = None) -> AsyncIterator[Writer]:
        """A transaction in which nobody else of this process changes this run."""
        lock = self._locks.setdefault(run_id, asyncio.Lock())
        async with lock, self._turns, self._agents.transaction(cause) as db:
            yield db

    async def keep(self, db: Writer, before: Run, after: Run, *, quietly: bool = False) -> Run:
        """Write the difference to a run that is locked, tell of it, and call its person if it has to be.

        `quietly`: its person has done it, and need not hear of it.
        """
        if not changed(before, after):
            return before
        kept, is_told = told(before, after, self._agents.now())
        await store.keep(db, kept)
        if is_told:
            self.tell(db, kept)
        if need(before) and need(before) != need(kept):
            await self._agents.attention.settled(db, kept.id)
        if not quietly:
            await self._call(db, before, kept)
        return kept

    def tell(self, db: Writer, run: Run) -> None:
        db.publish(
            RunChanged(account_id=run.account_id, project_id=run.project_id, run_id=run.id, run=self.view(run))
        )

    async def tell_held_back(self, run_id: RunId, *, also: bool = False) -> None:
        """Tell what was held back, or with `also` what time alone has changed."""
        async with self.changing(run_id) as db:
            run = await store.locked(db, run_id)
            if run is None or not (also or run.tell_at is not None):
                return
            run = replace(run, told_at=self._agents.now(), tell_at=None, version=run.version + 1)
            await store.keep(db, run)
            self.tell(db, run)

    async def _call(self, db: Writer, before: Run, after: Run) -> None:
        found = notable(before, after)
        if found is None:
            return
        call = Call(
            account_id=after.account_id,
            person_id=after.person_id,
            project_id=after.project_id,
            kind=found.kind,
            title=found.title,
            body=found.body,
            path=f"/projects/{after.project_id}?run={after.id}",
            once=found.once,
            run_id=after.id,
        )
        await self._agents.attention.call(db, call)
