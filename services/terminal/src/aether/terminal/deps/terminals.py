"""All terminals of this process: the live ones, and what is kept of every one."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog

from aether.contracts.agents import AgentTokenView
from aether.contracts.event import Event
from aether.contracts.ids import AccountId, ProjectId, TerminalId
from aether.contracts.problem import NotFound, Refusal, Unavailable
from aether.contracts.terminal import (
    ActivitySeen,
    JumpHostView,
    TerminalReported,
    TerminalSignal,
    TerminalView,
)
from aether.kit.grants import Grant
from aether.kit.postgres import Database, Reader, Writer
from aether.kit.revocations import Revocations
from aether.kit.ssh import MachineConnections
from aether.terminal import store
from aether.terminal.deps.clock import Clock, SystemClock
from aether.terminal.deps.jumps import Jumps
from aether.terminal.deps.port_table import PortTable
from aether.terminal.deps.ports import Lookouts, Runs, Shells, Ways
from aether.terminal.deps.recorder import Recorder
from aether.terminal.deps.screens import Screens, last_printed
from aether.terminal.deps.session import Session
from aether.terminal.deps.teller import Teller
from aether.terminal.deps.tunnels import Tunnels
from aether.terminal.deps.watchers import Watchers
from aether.terminal.domain.activity import Activity, Kind, Rate
from aether.terminal.domain.signals import Signal
from aether.terminal.domain.terminal import Reason, Terminal
from aether.terminal.errors import TerminalClosed

TELL_SECONDS = 1.0
REPORTS_A_SECOND = 20
FIND_AT_ONCE = 8
FIND_SECONDS = 5.0
HOUSEKEEPING_SECONDS = 30.0
RETRY_SECONDS = 0.5
LAST_LINES = 20

# Returns if the project is the account's; raises NotFound for a foreign one, as for one that is nobody's.
RequireProject = Callable[[AccountId, ProjectId], Awaitable[None]]

log = structlog.get_logger()


@dataclass
class Terminals:
    """What handlers and sockets may touch, and the witness of every live session."""

    database: Database
    connections: MachineConnections
    require_project: RequireProject
    shells: Shells
    runs: Runs
    lookouts: Lookouts
    ways: Ways
    sessions_per_project: int
    recording_limit: int
    tunnels_per_project: int
    clock: Clock = field(default_factory=SystemClock)
    revocations: Revocations = field(default_factory=Revocations)
    activity: Activity = field(default_factory=Activity)
    screens: Screens = field(default_factory=Screens)
    jump_host: JumpHostView | None = None  # None where it does not listen
    # What else must be cut or ended: commands that run, each as a function of a condition on its grant.
    cuts: set[Callable[[Callable[[Grant], bool]], None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.teller = Teller(self.database)
        self.jumps = Jumps(self.worked)
        self.tunnels = Tunnels(self.tunnels_per_project)
        self.cuts.add(self.tunnels.cut)
        self.ports = PortTable(self.database)
        self.ports.watchers = Watchers(self.lookouts, self.is_viewed, self.ports.saw, self.clock)
        self.live: dict[TerminalId, Session] = {}
        self._finding: dict[TerminalId, asyncio.Lock] = {}
        self._changes: dict[TerminalId, asyncio.TimerHandle] = {}
        self._signals: dict[TerminalId, float] = {}
        self._reports: dict[TerminalId, Rate] = {}
        self._typing: dict[TerminalId, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # The database.

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        async with self.database.reading() as reader:
            yield reader

    @asynccontextmanager
    async def transaction(self, cause: Event | None = None) -> AsyncIterator[Writer]:
        async with self.database.transaction(cause) as writer:
            yield writer

    # Live sessions.

    def begin(self, terminal: Terminal, recorded_size: int = 0) -> Session:
        """A live session for a terminal, not yet attached to its shell."""
        recorder = None
        if terminal.recorded:
            recorder = Recorder(
                terminal.id, terminal.created_at, self._keep_chunk, size=recorded_size, limit=self.recording_limit
            )
        session = Session(terminal, self.shells, self, recorder)
        self.live[terminal.id] = session
        return session

    async def session(self, terminal_id: TerminalId, account_id: AccountId) -> Session:
        """The live session; found again if this process has not had it yet.

        Raises NotFound, or TerminalClosed if it has ended.
        """
        lock = self._finding.setdefault(terminal_id, asyncio.Lock())
        async with lock:
            session = self.live.get(terminal_id)
            if session is None:
                session = await self._find(terminal_id, account_id)
        self._finding.pop(terminal_id, None)
        if session.terminal.account_id != account_id:
            raise NotFound("There is no such terminal.")
        return session

    async def _find(self, terminal_id: TerminalId, account_id: AccountId) -> Session:
        async with self.reading() as db:
            terminal = await store.get(db, terminal_id, account_id)
            if terminal.state == "closed":
                raise TerminalClosed("This terminal has ended.")
            return self.begin(terminal, await store.recorded_size(db, terminal_id))

    async def find_all(self) -> None:
        """Attach to every open session, a few at a time, so that recordings go on and ends are noticed."""
        terminals = await self._all_open()
        places = asyncio.Semaphore(FIND_AT_ONCE)

        async def find(terminal: Terminal) -> None:
            async with places:
                try:
                    session = await self.session(terminal.id, terminal.account_id)
                    await session.attached(FIND_SECONDS)
                except Refusal as refusal:
                    log.info("session.not_found", terminal_id=str(terminal.id), why=refusal.type)

        await asyncio.gather(*(find(terminal) for terminal in terminals))

    async def _all_open(self) -> list[Terminal]:
        while True:
            try:
                async with self.reading() as db:
                    return await store.all_open(db)
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)

    async def keep_house(self) -> None:
        """Until cancelled: first every open session is found, then those nobody looks at let go of memory."""
        await self.find_all()
        while True:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            for session in self.live.values():
                session.rest(time.monotonic())

    def of_project(self, project_id: ProjectId) -> list[Session]:
        return [session for session in self.live.values() if session.terminal.project_id == project_id]

    def is_viewed(self, project_id: ProjectId) -> bool:
        """Whether somebody is at one of the project's terminals."""
        return any(session.viewers for session in self.of_project(project_id))

    async def leave_machine(self, project_id: ProjectId) -> None:
        """It is gone, or will be: nothing here may wait for it or keep up what it has shown."""
        self.tunnels.drop(project_id)
        await self.ports.watchers.drop(project_id)
        await self.connections.drop(project_id)

    def drop(self, terminal_id: TerminalId) -> Session | None:
        """Forget a session that has ended."""
        timer = self._changes.pop(terminal_id, None)
        if timer is not None:
            timer.cancel()
        for kept in (self._signals, self._reports, self._typing):
            kept.pop(terminal_id, None)
        return self.live.pop(terminal_id, None)

    def finish(self, terminal_id: TerminalId, reason: Reason) -> None:
        """Tell a live session's viewers that it is over; what is kept of it says so already."""
        session = self.drop(terminal_id)
        if session is not None:
            session.end()
            session.finish(reason, None)

    def cut(self, condition: Callable[[Grant], bool]) -> None:
        """Close every stream that was opened with such a grant."""
        for session in list(self.live.values()):
            session.cut(lambda viewer: condition(viewer.grant))
        for cut in list(self.cuts):
            cut(condition)

    async def stop(self) -> None:
        """This process ends: viewers are told to come back, recordings are kept, sessions live on."""
        await self.ports.watchers.stop()
        sessions = list(self.live.values())
        changed = [self.live[key] for key in self._changes if key in self.live]
        for timer in self._changes.values():
            timer.cancel()
        self._changes.clear()
        await asyncio.gather(*(self._until_kept(self._keep_change(session)) for session in changed))
        for session in sessions:
            session.release()
        await asyncio.gather(*(session.finish_recording() for session in sessions))
        await self.connections.close()

    def view(self, terminal: Terminal) -> TerminalView:
        """A terminal as it is now, with what only the live session knows."""
        session = self.live.get(terminal.id)
        if session is None or terminal.state == "closed":
            return terminal.view()
        return session.terminal.view(len(session.viewers))

    # What sessions tell.

    def seen(self, session: Session, kind: Kind) -> None:
        self._seen(session.terminal.account_id, session.terminal.project_id, kind)

    def seen_in(self, grant: Grant, kind: Kind) -> None:
        """Activity outside of any session: a command that someone runs."""
        self._seen(grant.account_id, grant.project_id, kind)

    def worked(self, token: AgentTokenView) -> None:
        """And somebody at work by SSH."""
        self._seen(token.account_id, token.project_id, "input")

    def _seen(self, account_id: AccountId, project_id: ProjectId, kind: Kind) -> None:
        if self.activity.due(project_id, kind, time.monotonic()):
            self.teller.tell(
                ActivitySeen(account_id=account_id, project_id=project_id, kind=kind, seen_at=datetime.now(UTC))
            )

    def changed(self, session: Session) -> None:
        """Keep and tell what has changed, at most once a second."""
        if session.viewers:
            self.ports.watchers.wake(session.terminal.project_id)
        terminal_id = session.terminal.id
        if terminal_id not in self._changes:
            loop = asyncio.get_running_loop()
            self._changes[terminal_id] = loop.call_later(TELL_SECONDS, self._tell_change, session)

    def typing(self, session: Session) -> asyncio.Lock:
        """Held while something is typed there, so that two texts do not mingle."""
        return self._typing.setdefault(session.terminal.id, asyncio.Lock())

    def signalled(self, session: Session, signal: Signal) -> None:
        t, now = session.terminal, time.monotonic()
        if signal.kind == "report":
            self._reported(t, signal.text, now)
            return
        if now - self._signals.get(t.id, -TELL_SECONDS) < TELL_SECONDS or signal.kind == "title":
            return
        self._signals[t.id] = now
        self.teller.tell(
            TerminalSignal(
                account_id=t.account_id,
                project_id=t.project_id,
                terminal_id=t.id,
                kind=signal.kind,
                text=signal.text,
            )
        )

    def _reported(self, t: Terminal, text: str, now: float) -> None:
        if self._reports.setdefault(t.id, Rate(REPORTS_A_SECOND)).allows(now):
            self.teller.tell(
                TerminalReported(account_id=t.account_id, project_id=t.project_id, terminal_id=t.id, text=text)
            )

    def ended(self, session: Session, reason: Reason, exit_code: int | None) -> None:
        if self.drop(session.terminal.id) is not None:
            self._later(self._close_kept(session, reason, exit_code))

    async def close_kept(
        self,
        db: Writer,
        terminal: Terminal,
        reason: Reason,
        exit_code: int | None = None,
        last_lines: Sequence[str] = (),
    ) -> None:
        """Write that a terminal has ended, and say so."""
        ended, fact = terminal.closed(reason, at=datetime.now(UTC), exit_code=exit_code, last_lines=last_lines)
        await store.keep(db, ended)
        db.publish(fact)

    # Its own.

    def _tell_change(self, session: Session) -> None:
        self._changes.pop(session.terminal.id, None)
        self._later(self._keep_change(session))

    async def _keep_change(self, session: Session) -> None:
        async with self.transaction() as db:
            kept = await store.locked(db, session.terminal.id)
            if kept is None or kept.state == "closed" or session.closed:
                return
            await store.keep(db, session.terminal)
            db.publish(session.terminal.changed(len(session.viewers)))

    async def _close_kept(self, session: Session, reason: Reason, exit_code: int | None) -> None:
        await session.finish_recording()
        async with self.transaction() as db:
            kept = await store.locked(db, session.terminal.id)
            if kept is not None and kept.state == "open":
                await self.close_kept(db, session.terminal, reason, exit_code, last_printed(session, LAST_LINES))

    async def _keep_chunk(self, terminal_id: TerminalId, data: bytes) -> None:
        async with self.transaction() as db:
            await store.add_chunk(db, terminal_id, data)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._until_kept(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _until_kept(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Unavailable:
            log.warning("terminal.not_kept", note="the database is away")
