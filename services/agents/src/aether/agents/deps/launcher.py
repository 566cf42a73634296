"""Starts runs in machines that run: first, and again after the machine has been stopped."""

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from typing import Literal

import structlog

from aether.agents.deps.agents import Agents
from aether.agents.deps.ledger import Ledger
from aether.agents.deps.ports import Link
from aether.agents.domain import start
from aether.agents.domain.launch import Agent, Launch
from aether.agents.domain.run import End, Run
from aether.agents.store import runs as store
from aether.contracts.event import Event
from aether.contracts.ids import ProjectId, RunId, TerminalId
from aether.contracts.machines import GetProject, ProjectView
from aether.contracts.problem import NotFound, Refusal
from aether.contracts.terminal import CloseTerminal, GetTerminal, OpenTerminal, TerminalView
from aether.kit.vault import Vault

OPEN_SECONDS = 15.0
COLS, ROWS = 120, 36
KILL_SECONDS = 10.0
# A machine that does not answer now may do so later; what is refused otherwise stays refused.
PASSING = {"not-running", "machine-unreachable", "unavailable", "not-for-this-machine"}

Reason = Literal["exited", "closed", "machine_stopped"]

log = structlog.get_logger()


def hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def new_secret(vault: Vault, run: Run) -> tuple[bytes, bytes]:
    """A run's secret, hashed and sealed."""
    secret = f"aer_{secrets.token_urlsafe(32)}"
    return hashed(secret), vault.seal(secret.encode(), *_place(run))


def _place(run: Run) -> tuple[str, str, str, str]:
    return (str(run.account_id), "run", str(run.id), "1")


class Launcher:
    """One for a process. `soon` returns at once; what fails is tried again by the watch."""

    def __init__(self, agents: Agents, ledger: Ledger, catalog: Mapping[str, Agent]) -> None:
        self._agents = agents
        self._ledger = ledger
        self._catalog = catalog
        self._tasks: dict[ProjectId, asyncio.Task[None]] = {}
        self._again: set[ProjectId] = set()
        self._tidying: dict[asyncio.Task[None], RunId] = {}

    def soon(self, project_id: ProjectId) -> None:
        """Start what is to be started in the project's machine, which runs."""
        if project_id in self._tasks:
            self._again.add(project_id)
            return
        task = asyncio.create_task(self._start_all(project_id), name=f"launch {project_id}")
        self._tasks[project_id] = task
        task.add_done_callback(lambda _: self._ended(project_id))

    def _ended(self, project_id: ProjectId) -> None:
        self._tasks.pop(project_id, None)
        if project_id in self._again:
            self._again.discard(project_id)
            self.soon(project_id)

    async def close(self) -> None:
        self._again.clear()
        for task in (tasks := [*self._tasks.values(), *self._tidying]):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _start_all(self, project_id: ProjectId) -> None:
        try:
            async with self._agents.reading() as db:
                wanted = [run for run in await store.of_project(db, project_id) if run.wanted]
            if not wanted:
                return
            link = await self._agents.links.get(project_id)
            # One after another: several first terminals of a machine at once have ended its tmux.
            for run in wanted:
                await self._start_safely(run, link)
        except Refusal as refusal:
            log.info("runs.not_started_yet", project_id=str(project_id), why=refusal.type)
        except Exception:
            log.exception("runs.not_started", project_id=str(project_id))

    async def _start_safely(self, run: Run, link: Link) -> None:
        try:
            await self._start(run, link)
        except Refusal as refusal:
            if refusal.type in PASSING or refusal.status >= 500:
                log.info("run.not_started_yet", run_id=str(run.id), why=refusal.type)
            else:
                await self._give_up(run, refusal.detail or refusal.title)
        except Exception:
            log.exception("run.not_started", run_id=str(run.id))
            await self._give_up(run, "It could not be started.")

    async def _give_up(self, run: Run, detail: str) -> None:
        await self._ledger.change(run.id, lambda r, now: r.gave_up(detail, now) if r.wanted else r)

    async def _start(self, run: Run, link: Link) -> None:
        agent = self._catalog.get(run.agent)
        if agent is None:
            await self._give_up(run, "There is no such agent any more.")
            return
        await self._tidied(run.id)
        launch = await self._launch(run, link)
        await link.write(start.files(agent, launch, agent.plan(launch)))
        view = await self._open(run, launch, link)
        generation = link.machine.generation
        kept = await self._ledger.change(
            run.id, lambda r, now: r.resumed(now).opened(view.id, generation, now) if r.wanted else r
        )
        await self._look_after(kept, run, view)

    async def _launch(self, run: Run, link: Link) -> Launch:
        async with self._agents.reading() as db:
            sealed = await store.secret_sealed(db, run.id)
        ways = await self._agents.keys.vendors(run.account_id, run.project_id)
        return Launch(
            run_id=str(run.id),
            prompt=run.first_words,
            command=run.command,
            home=link.home,
            workspace=link.workspace,
            place=f"{link.place}/runs/{run.id}",
            program=link.program,
            secret=self._agents.vault.open(sealed, *_place(run)).decode(),
            brokers={v: f"{link.broker}/v1/llm/{v}" for v, mode in ways.items() if mode == "brokered"},
            session=run.session,
            resuming=run.talked,
        )

    async def _open(self, run: Run, launch: Launch, link: Link) -> TerminalView:
        """The same start of a run is the same terminal, however often it is asked for."""
        command = OpenTerminal(
            account_id=run.account_id,
            project_id=run.project_id,
            person_id=run.person_id,
            name=run.name[:64],
            command=start.command(launch),
            cols=COLS,
            rows=ROWS,
            idempotency_key=f"run:{run.id}:{link.machine.generation}:{run.starts}",
        )
        return await self._agents.bus.request(command, timeout=OPEN_SECONDS)

    async def _look_after(self, run: Run | None, wanted: Run, view: TerminalView) -> None:
        """What happened between the opening and our noting it: nobody knew then whose terminal it is."""
        if run is None or run.terminal_id != view.id:
            await self._hang_up(wanted, view.id)  # it was stopped meanwhile
        elif run.stop_asked:
            await self.close_terminal(run)
        else:
            await self.look_at_terminal(run)

    async def look_at_terminal(self, run: Run) -> None:
        """Whether its terminal is still open, should nobody have told us that it is not."""
        assert run.terminal_id is not None
        ask = GetTerminal(account_id=run.account_id, terminal_id=run.terminal_id)
        try:
            view = await self._agents.bus.request(ask)
        except Refusal as refusal:
            if refusal.status != NotFound.status:
                raise
            await self.terminal_closed(run, "exited", None)
        else:
            if view.state == "closed":
                await self.terminal_closed(run, "exited", view.exit_code)

    # Ends

    async def terminal_closed(
        self, run: Run, reason: Reason, code: int | None, *, printed: str = "", cause: Event | None = None
    ) -> None:
        """Its terminal is closed: by a person, with its machine, or because the program in it ended."""
        # A machine that is being stopped ends its programs first, and says that it has stopped later.
        gone = reason == "machine_stopped" or (reason == "exited" and await self.machine_ends(run))
        how: End = "exited" if reason == "exited" else "closed"
        resumes, terminal_id = self.resumes(run), run.terminal_id
        after = await self._ledger.change(
            run.id,
            lambda r, now: r.closed(terminal_id, how, code, now, gone=gone, resumes=resumes, printed=printed),
            cause=cause,
        )
        if after is not None and after.ended_at is not None and not gone:
            self._tidy_soon(after, kill=how == "closed")

    async def machine_ends(self, run: Run) -> bool:
        """Whether the machine in which the run was is being stopped, or is gone. Raises Unavailable."""
        try:
            project = await self.project(run)
        except Refusal as refusal:
            if refusal.status == NotFound.status:
                return True
            raise
        there = project.machine.generation if project.machine else 0
        return project.status != "running" or there != run.generation

    async def project(self, run: Run) -> ProjectView:
        return await self._agents.bus.request(GetProject(account_id=run.account_id, project_id=run.project_id))

    def resumes(self, run: Run) -> bool:
        agent = self._catalog.get(run.agent)
        return agent is not None and agent.resumes

    async def close_terminal(self, run: Run) -> None:
        """End the agent and what it has left running, and the run with it."""
        if run.terminal_id is not None:
            await self._hang_up(run, run.terminal_id)
        await self.terminal_closed(run, "closed", None)

    async def _hang_up(self, run: Run, terminal_id: TerminalId) -> None:
        try:
            await self._agents.bus.request(
                CloseTerminal(account_id=run.account_id, terminal_id=terminal_id), timeout=OPEN_SECONDS
            )
        except Refusal as refusal:
            if refusal.status != NotFound.status:
                raise

    def _tidy_soon(self, run: Run, *, kill: bool) -> None:
        tidying = asyncio.create_task(self._tidy(run, kill=kill), name=f"tidy {run.id}")
        self._tidying[tidying] = run.id
        tidying.add_done_callback(self._tidying.pop)

    async def _tidied(self, run_id: RunId) -> None:
        """What is killed after an end, and the folder that is removed, must not be those of the next start."""
        if under_way := {task for task, of in self._tidying.items() if of == run_id}:
            await asyncio.wait(under_way)

    async def _tidy(self, run: Run, *, kill: bool) -> None:
        """An agent may leave programs behind that a closed terminal does not end; and its folder is not needed."""
        try:
            link = await self._agents.links.get(run.project_id)
            if kill:
                await link.execute(start.kill_script(str(run.id)), timeout=KILL_SECONDS)
            await link.execute(f"rm -rf {link.place}/runs/{run.id}")
        except Refusal as refusal:
            log.info("run.not_tidied", run_id=str(run.id), why=refusal.type)
