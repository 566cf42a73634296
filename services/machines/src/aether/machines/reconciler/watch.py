"""The watch: looks every few seconds at what runs, and acts on what nobody asked for.

It finds machines that ended by themselves, ends those that should not be, tells of the time that ran,
stops the idle, and notices when the clock jumped before any of that can be misled by it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from aether.contracts.ids import ProjectId
from aether.contracts.problem import NotFound, Unavailable
from aether.kit import trace
from aether.machines.deps import Changed, Machines
from aether.machines.domain.clock import Jump, Look
from aether.machines.domain.parts import TICK
from aether.machines.domain.project import Project
from aether.machines.provider import MachineStatus, Observed, Provider
from aether.machines.store import projects

# Signs of life from while the service was away are heard before anything is judged idle.
QUIET_START_SECONDS = 30.0
LIST_SECONDS = 20.0

log = structlog.get_logger()


class Watch:
    """One for each process; several do no harm, for each change is made once in the database."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._last = self._look()
        self._began = self._last.monotonic

    async def run(self) -> None:
        """Until cancelled. The first look is at once: what ended while nobody looked is told of within seconds."""
        while True:
            await self.round()
            await asyncio.sleep(self._machines.settings.sweep_seconds)

    async def round(self) -> None:
        """One look at everything. A part that fails is told in the log and does not keep the others."""
        for part in (self.mind_the_clock, self.sweep, self.tick, self.stop_idle):
            await _surviving(part)

    async def mind_the_clock(self) -> None:
        now = self._look()
        jump = self._last.jump_until(now)
        if jump is not None:
            log.warning("clock.jumped", before=jump.before.isoformat(), after=jump.after.isoformat())
            await self._make_up_for(jump)
        # Only now, so that a jump that could not be made up for is found again at the next look.
        self._last = now

    async def _make_up_for(self, jump: Jump) -> None:
        async with self._machines.reading() as db:
            alive = await projects.alive(db)
        for project in alive:
            await self._change(project.id, _jumped(jump))

    async def sweep(self) -> None:
        for provider in self._machines.providers.values():
            await self._sweep(provider)

    async def tick(self) -> None:
        async with self._machines.reading() as db:
            due = await projects.to_tick(db, TICK)
        for project_id in due:
            await self._change(project_id, _ticked)

    async def stop_idle(self) -> None:
        if self._machines.clock.monotonic() - self._began < QUIET_START_SECONDS:
            return
        async with self._machines.reading() as db:
            found = await projects.perhaps_idle(db, self._machines.clock.now())
        for project in found:
            await self._change(project.id, _stopped_if_idle)

    async def _sweep(self, provider: Provider) -> None:
        now = self._machines.clock.now()
        async with asyncio.timeout(LIST_SECONDS):
            listed = {status.machine_id: status for status in await provider.list()}
        # Read after the list, so that whatever is in the list was begun before and is known by now.
        async with self._machines.reading() as db:
            alive = [p for p in await projects.alive(db) if p.provider == provider.name and p.machine]
        running = {p.machine.id: p for p in alive if p.machine and p.status == "running"}
        present = [i for i in running if i in listed and listed[i].observed is Observed.RUNNING]
        async with self._machines.database.transaction() as db:
            await projects.seen(db, present, now)
        for machine_id in running.keys() - set(present):
            await self._look_closer(running[machine_id], provider)
        known = {p.machine.id for p in alive if p.machine}
        for status in listed.values():
            if status.machine_id not in known and status.observed is not Observed.GONE:
                await self._end_stray(status, provider)

    async def _look_closer(self, project: Project, provider: Provider) -> None:
        """A list may be older than a start, so the machine itself is asked before it is called dead."""
        assert project.machine is not None
        machine_id = project.machine.id
        async with asyncio.timeout(LIST_SECONDS):
            seen = await provider.inspect(machine_id)
        if seen.observed is not Observed.GONE:
            return
        sentence = seen.reason or "The machine ended by itself."
        log.warning("machine.died", project_id=str(project.id), machine_id=str(machine_id))
        await self._change(project.id, lambda p, now: p.died(machine_id, seen.stopped_at, sentence, now))

    async def _end_stray(self, status: MachineStatus, provider: Provider) -> None:
        """Of a project nobody knows, or of an older start: it must not run, and nobody is led to it."""
        # One that was ended between the list and what the database said is not stopped again: a newer start
        # of its project may have come meanwhile.
        async with asyncio.timeout(LIST_SECONDS):
            seen = await provider.inspect(status.machine_id)
        if seen.observed is Observed.GONE:
            return
        log.warning("machine.stray", machine_id=str(status.machine_id), generation=status.generation)
        await provider.stop(status.machine_id)

    async def _change(self, project_id: ProjectId, act: Callable[[Project, datetime], Project | Changed]) -> None:
        try:
            await self._machines.change(project_id, act)
        except NotFound:
            return

    def _look(self) -> Look:
        return Look(self._machines.clock.now(), self._machines.clock.monotonic())


async def _surviving(part: Callable[[], Awaitable[None]]) -> None:
    try:
        await part()
    except Unavailable:
        return
    except Exception:
        log.exception("watch.failed")


def _jumped(jump: Jump) -> Callable[[Project, datetime], Changed]:
    return lambda project, _now: project.clock_jumped(jump.before, jump.after)


def _ticked(project: Project, now: datetime) -> Changed:
    seen_at = project.machine.seen_at if project.machine else None
    return project.ticked(min(seen_at or now, now))


def _stopped_if_idle(project: Project, now: datetime) -> Project:
    return project.asked_to_stop(now, trace.headers(), "idle") if project.is_idle(now) else project
