"""The reconciler: finds open intents, claims each project for this process, and carries them out."""

import asyncio

import structlog

from aether.contracts.ids import ProjectId
from aether.contracts.problem import NotFound, Unavailable
from aether.machines.deps import Machines
from aether.machines.domain.parts import LONGEST
from aether.machines.reconciler.work import carry_out
from aether.machines.store import projects
from aether.machines.store.claims import Claims

POLL_SECONDS = 1.0
AT_ONCE = 16

log = structlog.get_logger()


class Reconciler:
    """One for each process; any number may run. A project is worked on by one of them at a time."""

    def __init__(self, machines: Machines, claims: Claims) -> None:
        self._machines = machines
        self._claims = claims
        self._wake = asyncio.Event()
        self._tasks: dict[ProjectId, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    def wake(self) -> None:
        """Look at once. What another process leaves behind is found within a second."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled; what is under way then is found again by its intent."""
        try:
            while True:
                self._wake.clear()
                await self._begin_due()
                await self._wait()
        finally:
            await self._abandon()

    async def _begin_due(self) -> None:
        try:
            async with self._machines.reading() as db:
                due = await projects.due(db, self._machines.clock.now(), LONGEST)
        except Unavailable:
            return
        for project_id in due:
            if project_id not in self._tasks:
                task = asyncio.create_task(self._drive(project_id), name=f"project {project_id}")
                self._tasks[project_id] = task
                # Mypy cannot type a lambda's default.
                task.add_done_callback(lambda _, done=project_id: self._tasks.pop(done, None))  # type: ignore[misc]

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
        except TimeoutError:
            return

    async def _drive(self, project_id: ProjectId) -> None:
        async with self._slots, self._claims.held(f"project {project_id}") as mine:
            while mine and await self._step(project_id):
                continue

    async def _step(self, project_id: ProjectId) -> bool:
        try:
            return await carry_out(project_id, self._machines)
        except (NotFound, Unavailable):
            # Destroyed meanwhile, or the database is away: the intent says what is left to do.
            return False
        except Exception:
            log.exception("reconciler.step_failed", project_id=str(project_id))
            # The next poll tries again, and not sooner.
            return False

    async def _abandon(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
