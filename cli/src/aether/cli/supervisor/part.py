"""One part of aether: a process that is started, watched, started again when it ends, and stopped."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from aether.cli.embedded.identities import Identity
from aether.cli.errors import CannotRun
from aether.cli.supervisor.logs import CappedLog, Notice, Output
from aether.cli.supervisor.processes import ProcessBook, dies_with_parent, kill_group

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
STEADY_AFTER = 30.0  # a part that ran this many seconds has earned the shortest pause again
PROBE_EVERY = 0.03
SLOWEST_PROBE = 0.5


class State(StrEnum):
    """What a part is doing, as a person reads it."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DOWN = "down"
    STOPPED = "stopped"


class PartFailed(CannotRun):
    """A part ended again and again before it was ever ready; the last lines it wrote say why."""

    def __init__(self, name: str, code: int | None, lines: Sequence[str], log: Path) -> None:
        how = f"ended with code {code}" if code is not None else "did not become ready in time"
        said = "".join(f"\n    {line}" for line in lines)
        super().__init__(f"{name} {how}. Its log is {log}; it ends with:{said}")


@dataclass(frozen=True)
class Program:
    """What a part runs, as whom, and how one sees that it is ready.

    `before` runs ahead of each start; `stop` is the signal that ends it cleanly.
    """

    name: str
    command: Sequence[str]
    identity: Identity
    environment: Mapping[str, str] = field(repr=False)
    ready: Callable[[], Awaitable[bool]]
    stop: signal.Signals = signal.SIGTERM
    before: Callable[[], None] = lambda: None


class Part:
    """The life of one program. `changed` is called at each change of state, `tell` with notices."""

    def __init__(
        self,
        program: Program,
        *,
        logs: Path,
        book: ProcessBook,
        changed: Callable[["Part"], None],
        tell: Callable[[Notice], None],
    ) -> None:
        self.name = program.name
        self.state = State.WAITING
        self.restarts = 0
        self.seconds_to_ready = 0.0
        self._program = program
        self._log_path = logs / f"{program.name}.log"
        self._book = book
        self._changed = changed
        self._tell = tell
        self._process: asyncio.subprocess.Process | None = None
        self._output: Output | None = None
        self._stop = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._first_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def pid(self) -> int | None:
        """The present process, if one runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    async def start(self, within: float) -> None:
        """Start, and return once ready. Raises PartFailed if three processes ended first, or time did."""
        self._life = asyncio.create_task(self._live(), name=f"part-{self.name}")
        try:
            async with asyncio.timeout(within):
                await asyncio.shield(self._first_ready)
        except TimeoutError:
            raise PartFailed(self.name, None, self._last_lines(), self._log_path) from None

    async def _live(self) -> None:
        log = CappedLog(self._log_path)
        pause = FIRST_PAUSE
        try:
            while not self._stop.is_set():
                began = time.monotonic()
                end = await self._run_or_fail(log)
                if self._stop.is_set():
                    break
                pause = FIRST_PAUSE if time.monotonic() - began > STEADY_AFTER else pause
                self._ended(end)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        except Exception as error:
            self._fail(error)
            raise
        finally:
            log.close()

    async def _run_or_fail(self, log: CappedLog) -> int | OSError:
        """What it ended with. One that was ready once is tried again when just now there is no memory or space."""
        try:
            return await self._run_once(log)
        except OSError as error:
            self.kill()
            if not self._first_ready.done():
                raise
            return error

    async def _run_once(self, log: CappedLog) -> int:
        self._enter(State.STARTING)
        began = time.monotonic()
        self._program.before()
        self._output = output = Output(self.name, log, self._tell_unless_stopping)
        self._process = await self._spawn()
        self._book.note(self.name, self._process.pid)
        assert self._process.stdout is not None
        following = asyncio.create_task(output.follow(self._process.stdout))
        probing = asyncio.create_task(self._probe(began))
        try:
            code = await self._process.wait()
        finally:
            probing.cancel()
        # What the process left in the pipe is read; a child of its that holds the pipe open is not waited for.
        with suppress(TimeoutError):
            await asyncio.wait_for(following, timeout=0.5 if self._stop.is_set() else 0.05)
        return code

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._program.command,
            cwd="/",
            env=dict(self._program.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dies_with_parent(self._program.stop),
            **self._program.identity.process(),
        )

    async def _probe(self, began: float) -> None:
        pause = PROBE_EVERY
        try:
            while not await self._program.ready():
                await asyncio.sleep(pause)
                pause = min(pause * 1.1, SLOWEST_PROBE)
        except Exception as error:  # noqa: BLE001 - whoever waits for the part is told why it never will be
            self._fail(error)
            return
        self.seconds_to_ready = time.monotonic() - began
        self._enter(State.READY)
        if not self._first_ready.done():
            self._first_ready.set_result(None)

    def _ended(self, end: int | OSError) -> None:
        self.restarts += 1
        if not self._first_ready.done() and self.restarts >= 3 and isinstance(end, int):
            self._stop.set()
            self._fail(PartFailed(self.name, end, self._last_lines(), self._log_path))
        self._tell(Notice(self.name, "warning", f"{_said(end)}, and is started again"))
        self._enter(State.DOWN)

    def _fail(self, error: Exception) -> None:
        if not self._first_ready.done():
            self._first_ready.set_exception(error)

    def _last_lines(self) -> list[str]:
        return list(self._output.last_lines) if self._output else []

    def _tell_unless_stopping(self, notice: Notice) -> None:
        if not self._stop.is_set():
            self._tell(notice)

    def _enter(self, state: State) -> None:
        self.state = state
        self._changed(self)

    async def stop(self, within: float) -> None:
        """Ask the process to end, and after `within` seconds make it."""
        self._stop.set()
        if self._life is None:
            return
        self._signal(self._program.stop)
        _, running = await asyncio.wait([self._life], timeout=within)
        if running:
            self.kill()
            await asyncio.wait([self._life], timeout=1)
        self._life.cancel()
        self._enter(State.STOPPED)

    def kill(self) -> None:
        """Kill -9 the process and its group."""
        if self.pid is not None:
            kill_group(self.pid)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _said(end: int | OSError) -> str:
    if isinstance(end, OSError):
        return f"could not be started ({end})"
    return f"was ended by {signal.Signals(-end).name}" if end < 0 else f"ended with code {end}"
