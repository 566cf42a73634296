"""Once a second: what no event tells of, and what was left by a process that ended."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from aether.agents.deps.agents import Agents
from aether.agents.deps.holds import Holds
from aether.agents.deps.launcher import Launcher
from aether.agents.deps.ledger import Ledger
from aether.agents.deps.screens import Screens
from aether.agents.deps.typist import Typist
from aether.agents.domain.launch import Agent
from aether.agents.domain.run import Run
from aether.agents.store import runs as store
from aether.contracts.machines import ProjectView
from aether.contracts.problem import Refusal

EVERY_SECONDS = 1.0
COUNTED = timedelta(seconds=30)  # seconds and cents of a run that works are told so often
PROJECTS_EVERY = timedelta(seconds=10)
TERMINALS_EVERY = timedelta(seconds=30)
STARTS_WITHIN = timedelta(minutes=2)  # a machine that was asked for stands still for no longer than this

log = structlog.get_logger()


class Watch:
    """One for a process. Several do no harm to each other: all that they do may be done twice."""

    def __init__(
        self, agents: Agents, ledger: Ledger, launcher: Launcher, typist: Typist, catalog: Mapping[str, Agent]
    ) -> None:
        self._agents = agents
        self._ledger = ledger
        self._launcher = launcher
        self._typist = typist
        self._projects_at: datetime | None = None
        self._terminals_at: datetime | None = None
        self.holds = Holds(agents)
        self.screens = Screens(agents, ledger, catalog)

    async def run(self) -> None:
        """Until cancelled. What others take their time to answer does not keep what is ours to do."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._again_and_again(self.look_inside))
            group.create_task(self._again_and_again(self.look_outside))

    async def _again_and_again(self, look: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._safely(look)
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """One round of all."""
        await self.look_inside()
        await self.look_outside()

    async def look_inside(self) -> None:
        """What is kept, and is due."""
        runs = await self._runs()
        await self._safely(self._typist.type_what_waits)
        await self._safely(self._tell)
        await self._safely(lambda: self._count(runs))
        await self._safely(lambda: self._unlimit(runs))

    async def look_outside(self) -> None:
        """Machines and terminals. What one part cannot do keeps none of the others from its work."""
        runs = await self._runs()
        await self._safely(lambda: self._launch(runs))
        await self._safely(lambda: self._look_at_terminals(runs))
        await self._safely(lambda: self.holds.renew(runs))
        await self._safely(lambda: self.screens.look(runs))

    async def _runs(self) -> list[Run]:
        async with self._agents.reading() as db:
            return await store.to_watch(db)

    async def _safely(self, part: Callable[[], Awaitable[None]]) -> None:
        try:
            await part()
        except Refusal as refusal:
            log.info("watch.put_off", why=refusal.type)
        except Exception:
            log.exception("watch.failed")

    async def _tell(self) -> None:
        async with self._agents.reading() as db:
            held_back = await store.to_tell(db, self._agents.now())
        for run_id in held_back:
            await self._ledger.tell_held_back(run_id)

    async def _count(self, runs: Sequence[Run]) -> None:
        now = self._agents.now()
        for run in runs:
            if run.counted_at is not None and run.told_at is not None and now - run.told_at >= COUNTED:
                await self._ledger.tell_held_back(run.id, also=True)

    async def _unlimit(self, runs: Sequence[Run]) -> None:
        for run in runs:
            until = run.limited_until
            if run.reason == "limited" and until is not None and until <= self._agents.now():
                await self._ledger.change(run.id, lambda r, now: r.unlimited() if r.reason == "limited" else r)

    async def _look_at_terminals(self, runs: Sequence[Run]) -> None:
        """An end that was told before anyone knew whose terminal it was would never be heard of."""
        now = self._agents.now()
        if self._terminals_at is not None and now - self._terminals_at < TERMINALS_EVERY:
            return
        self._terminals_at = now
        there = [run for run in runs if run.is_there]
        await asyncio.gather(*(self._safely(partial(self._look_at_terminal, run)) for run in there))

    async def _look_at_terminal(self, run: Run) -> None:
        """One that was to be closed and could not be is closed now."""
        if run.stop_asked:
            await self._launcher.close_terminal(run)
        else:
            await self._launcher.look_at_terminal(run)

    async def _launch(self, runs: Sequence[Run]) -> None:
        """What is to be started where its machine runs, also if the event that told of it was lost on us."""
        now = self._agents.now()
        if self._projects_at is not None and now - self._projects_at < PROJECTS_EVERY:
            return
        self._projects_at = now
        projects = {run.project_id: run for run in runs if run.wanted}
        await asyncio.gather(*(self._safely(partial(self._launch_in, run, runs)) for run in projects.values()))

    async def _launch_in(self, one: Run, runs: Sequence[Run]) -> None:
        project = await self._launcher.project(one)
        if project.status == "running":
            self._launcher.soon(project.id)
            return
        for run in runs:
            if run.project_id == one.project_id and run.wanted and not run.starts:
                await self._not_started(run, project)

    async def _not_started(self, run: Run, project: ProjectView) -> None:
        """It was asked for with its machine, which does not come."""
        if project.status == "error":
            detail = f"Its machine could not be started. {project.status_detail}".strip()
            await self._ledger.change(run.id, lambda r, now: r.gave_up(detail, now) if r.wanted else r)
        elif project.status == "stopped" and self._agents.now() - run.attended_at > STARTS_WITHIN:
            await self._ledger.change(run.id, lambda r, now: r.machine_stopped(now, resumes=True))
