"""The clones: made over SSH in machines that run, which may be used meanwhile."""

import asyncio
import contextlib

import structlog

from aether.contracts.ids import MachineId, ProjectId
from aether.contracts.problem import NotFound, Refusal, Unavailable
from aether.kit.trace import tracer
from aether.machines.deps import Machines
from aether.machines.domain.cloning import TIMED_OUT, Progress, clone_command
from aether.machines.domain.parts import Clone
from aether.machines.domain.project import Project
from aether.machines.store import projects
from aether.machines.store.claims import Claims

POLL_SECONDS = 1.0
TOLD_SECONDS = 0.5
GRACE_SECONDS = 15.0

log = structlog.get_logger()


class Clones:
    """Begins what is to be cloned and is not; a clone that was cut short is begun anew."""

    def __init__(self, machines: Machines, claims: Claims) -> None:
        self._machines = machines
        self._claims = claims
        self._wake = asyncio.Event()
        self._tasks: dict[ProjectId, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Look at once: a machine may just have started."""
        self._wake.set()

    async def run(self) -> None:
        try:
            while True:
                self._wake.clear()
                await self._begin()
                await self._wait()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
        except TimeoutError:
            return

    async def _begin(self) -> None:
        try:
            async with self._machines.reading() as db:
                found = await projects.to_clone(db)
        except Unavailable:
            return
        for project_id in found:
            if project_id not in self._tasks:
                task = asyncio.create_task(self._clone(project_id), name=f"clone {project_id}")
                self._tasks[project_id] = task
                # Mypy cannot type a lambda's default.
                task.add_done_callback(lambda _, done=project_id: self._tasks.pop(done, None))  # type: ignore[misc]

    async def _clone(self, project_id: ProjectId) -> None:
        async with self._claims.held(f"clone {project_id}") as mine:
            if not mine:
                return
            try:
                await self.clone(project_id)
            except (NotFound, Unavailable):
                return
            except Exception:
                log.exception("clone.broke_off", project_id=str(project_id))

    async def clone(self, project_id: ProjectId) -> None:
        """One clone, to its end. If the machine goes meanwhile, it is left for the next start."""
        async with self._machines.reading() as db:
            project = await projects.get(db, project_id)
        if project.status != "running" or project.machine is None:
            return
        progress = Progress()
        telling = asyncio.create_task(self._tell(project.id, project.machine.id, progress))
        try:
            ended = progress.ended(await self._run(project, progress))
        except Refusal:
            # The connection broke: with the machine, which the watch will find, or else the next poll tries again.
            return
        finally:
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await telling
        await self._keep(project.id, project.machine.id, ended)

    async def _run(self, project: Project, progress: Progress) -> int:
        assert project.machine is not None
        seconds = self._machines.settings.clone_seconds
        command = clone_command(project.repo_url, project.branch, project.machine.workspace_dir, seconds)
        with tracer.start_as_current_span("clone"):
            try:
                async with asyncio.timeout(seconds + GRACE_SECONDS):
                    return await self._machines.door.run(self._machines.way_in(project), command, progress.heard)
            except TimeoutError:
                return TIMED_OUT

    async def _tell(self, project_id: ProjectId, machine_id: MachineId, progress: Progress) -> None:
        """Progress, at most twice a second."""
        told: Clone | None = None
        while True:
            if progress.clone != told:
                told = progress.clone
                with contextlib.suppress(Refusal):
                    await self._keep(project_id, machine_id, told)
            await asyncio.sleep(TOLD_SECONDS)

    async def _keep(self, project_id: ProjectId, machine_id: MachineId, clone: Clone) -> None:
        await self._machines.change(project_id, lambda p, _now: p.cloning(machine_id, clone))
