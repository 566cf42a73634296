"""A live session: the shell in the machine, its last megabyte, and everyone who looks at it."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Protocol

import structlog

from aether.contracts.problem import Refusal
from aether.terminal.deps import messages
from aether.terminal.deps.audience import Audience
from aether.terminal.deps.background import Background
from aether.terminal.deps.ports import Capture, Shell, Shells, ShellSpec
from aether.terminal.deps.recorder import Recorder
from aether.terminal.deps.viewer import Farewell, Viewer
from aether.terminal.domain.activity import Kind
from aether.terminal.domain.replies import typed
from aether.terminal.domain.signals import Scanner, Signal
from aether.terminal.domain.terminal import Reason, Terminal
from aether.terminal.errors import SessionsUnavailable, TerminalClosed

HISTORY = 50_000  # lines of scrollback for a viewer that comes
HISTORY_BEHIND = 2_000  # and for one that could not keep up

QUIET_SECONDS = 1.5  # output this soon after opening, resizing or attaching is the shell's own redrawing
UNSENT_BYTES = 64 * 1024
BACK_OFF = (0.1, 0.2, 0.5, 1.0, 2.0)
TELL_AFTER = 2  # attempts, so that a short break passes unnoticed
HELD_CHECK_SECONDS = 0.5
IDLE_RING_SECONDS = 300.0
SLOW_SECONDS = 60.0

log = structlog.get_logger()


class Witness(Protocol):
    """Who is told what a session does, beside its viewers."""

    def seen(self, session: "Session", kind: Kind) -> None: ...
    def changed(self, session: "Session") -> None: ...
    def signalled(self, session: "Session", signal: Signal) -> None: ...
    def ended(self, session: "Session", reason: Reason, exit_code: int | None) -> None: ...


class Session:
    """Attached to its shell from when it is first needed; attaches again by itself when the way is lost."""

    def __init__(self, terminal: Terminal, shells: Shells, witness: Witness, recorder: Recorder | None) -> None:
        self.terminal = terminal
        self._audience = Audience(self._regulate)
        self.viewers = self._audience.viewers
        self.ring = self._audience.ring
        self._shells = shells
        self._witness = witness
        self._recorder = recorder
        self._shell: Shell | None = None
        self.base = self.ring.end  # the offset at which the present shell's output began
        self._scanner = Scanner()
        self._attached = asyncio.Event()
        self._being_made = False
        self._attaching: asyncio.Task[None] | None = None
        self._held = False
        self._composing = 0
        self._check: asyncio.TimerHandle | None = None
        self._quiet_until = 0.0
        self._unsent = bytearray()
        self._background = Background()
        self.attachments = 0  # how often it was; what came in between two of them nobody has seen
        self.heard_at: float | None = None  # when output last came to the present one, as a Unix time
        self.news = asyncio.Event()  # set whenever output comes; cleared by the one who waits for it
        self.closed = False
        self.idle_since = time.monotonic()

    # The shell.

    def announce(self) -> None:
        """create() comes next: whoever looks before it is done waits, for there is nothing to attach to yet."""
        self._being_made = True

    async def create(self) -> None:
        """Make the session in the machine. Raises a refusal if that fails."""
        self._begin_quiet()
        self.base = self.ring.end
        try:
            self._take(await self._shells.create(self._spec(), self))
        finally:
            self._being_made = False

    def attach(self) -> None:
        """See to it that the session is attached; returns at once."""
        if self._shell is not None or self.closed or self._being_made:
            return
        if self._attaching is None or self._attaching.done():
            self._attaching = self._background.spawn(self._attach_until_it_holds())

    async def attached(self, patience: float) -> bool:
        """Attach, and wait for it a while. Answers whether it is."""
        self.attach()
        try:
            async with asyncio.timeout(patience):
                await self._attached.wait()
        except TimeoutError:
            return False
        return self._shell is not None

    async def shell(self, patience: float) -> Shell:
        """The shell, attached to. Raises TerminalClosed, or SessionsUnavailable if that takes too long."""
        if not await self.attached(patience) and not self.closed:
            raise SessionsUnavailable("The machine did not answer in time. Try again.")
        return await self._wait_attached()

    async def _attach_until_it_holds(self) -> None:
        attempt = 0
        while not self.closed:
            try:
                await self._attach_once()
            except TerminalClosed:
                self.finish("exited", None)
            except Refusal as refusal:
                if attempt == TELL_AFTER:
                    self._audience.tell(messages.notice(refusal.problem()))
                if not self.viewers and attempt > len(BACK_OFF):
                    return  # whoever comes next tries again
                await asyncio.sleep(BACK_OFF[min(attempt, len(BACK_OFF) - 1)])
                attempt += 1
            else:
                return

    async def _attach_once(self) -> None:
        self._audience.forget()
        self.base = self.ring.end
        self._begin_quiet()
        shell = await self._shells.attach(self._spec(), self)
        self._take(shell)
        self._later(self._record_screen())
        for viewer in self.viewers:
            if viewer.started:
                self._resync(viewer, HISTORY)

    def _take(self, shell: Shell) -> None:
        self._shell = shell
        self.attachments, self.heard_at = self.attachments + 1, None
        self._held = False
        if self._unsent:
            shell.write(bytes(self._unsent))
            self._unsent.clear()
        self._attached.set()
        self._regulate()

    def _spec(self) -> ShellSpec:
        t = self.terminal
        return ShellSpec(t.id, t.project_id, t.command, t.cols, t.rows)

    # What the shell tells.

    def output(self, data: bytes) -> None:
        if self._recorder is not None:
            self._recorder.output(data)
        for signal in self._scanner.scan(data):
            self._signalled(signal)
        now, self.heard_at = time.monotonic(), time.time()
        self.news.set()
        if now > self._quiet_until:
            self._witness.seen(self, "output")
        self._audience.append(data, now)

    def ended(self, exit_code: int | None) -> None:
        self.finish("exited", exit_code)

    def lost(self) -> None:
        self._shell = None
        self._attached.clear()
        log.info("session.lost", terminal_id=str(self.terminal.id), viewers=len(self.viewers))
        self.attach()

    def pause_input(self) -> None:
        for viewer in self.viewers:
            viewer.socket.pause_reading()

    def resume_input(self) -> None:
        for viewer in self.viewers:
            viewer.socket.resume_reading()

    # Viewers.

    async def join(self, viewer: Viewer, offset: int | None, epoch: int | None) -> None:
        """Give the viewer what it has missed, or everything. Raises TerminalClosed if there is no session."""
        self.viewers.append(viewer)
        self.attach()
        await self._wait_attached()
        if epoch is not None and offset is not None and self._audience.has_missed_part(offset, epoch):
            viewer.start(offset, b"", time.monotonic())
            self._greet(viewer, epoch, offset)
        else:
            await self._begin_anew(viewer, HISTORY, greet=True)
        self._audience.tell_presence()
        self._witness.changed(self)

    def leave(self, viewer: Viewer) -> None:
        if viewer in self.viewers:
            self.viewers.remove(viewer)
            self.idle_since = time.monotonic()
            self._audience.tell_presence()
            self._regulate()
            if not self.closed:
                self._witness.changed(self)

    def typed(self, data: bytes) -> None:
        """Bytes from a person, for the shell. While the way to it is lost they wait, up to a bound."""
        if self._shell is not None:
            self._shell.write(data)
        elif len(self._unsent) + len(data) <= UNSENT_BYTES:
            self._unsent += data
        if typed(data):
            self._witness.seen(self, "input")

    def acknowledged(self, viewer: Viewer, offset: int) -> None:
        now = time.monotonic()
        viewer.pace.acknowledge(offset, sent=viewer.sent, at=now)
        viewer.pump(self.ring, now)
        # While the way is lost the ring is empty: whoever is behind for that gets all of it once it is back.
        if viewer.behind and viewer.caught_up and self._shell is not None:
            self._resync(viewer, HISTORY_BEHIND)
        self._regulate()

    def drained(self, viewer: Viewer) -> None:
        viewer.pump(self.ring, time.monotonic())

    def resize(self, cols: int, rows: int) -> None:
        """Take the size of the viewer that asked last, and tell everyone."""
        if (cols, rows) == (self.terminal.cols, self.terminal.rows):
            return
        self.terminal = replace(self.terminal, cols=cols, rows=rows)
        self._begin_quiet()
        if self._shell is not None:
            self._shell.resize(cols, rows)
        if self._recorder is not None:
            self._recorder.resized(cols, rows)
        self._audience.tell({"type": "resize", "cols": cols, "rows": rows})
        self._witness.changed(self)

    def cut(self, condition: Callable[[Viewer], bool]) -> None:
        """Close those viewers whose credential is no longer good."""
        for viewer in [viewer for viewer in self.viewers if condition(viewer)]:
            viewer.socket.close(messages.REVOKED, "signed out or revoked")
            self.leave(viewer)

    # The end.

    def end(self) -> None:
        """Hang up on what runs in it."""
        if self._shell is not None:
            self._shell.end()

    def finish(self, reason: Reason, exit_code: int | None) -> None:
        """The session is over: everyone is told, once."""
        if self.closed:
            return
        self._stop()
        code, word = (messages.ENDED, "ended") if reason == "exited" else (messages.GONE, "gone")
        self._audience.bid_farewell(Farewell(messages.exited(exit_code, reason), code, word))
        self._witness.ended(self, reason, exit_code)

    def release(self) -> None:
        """This process ends; the session lives on in the machine."""
        self._stop()
        for viewer in self.viewers:
            viewer.socket.close(messages.RESTARTING, "service restarting")
        if self._shell is not None:
            self._shell.detach()

    async def finish_recording(self) -> None:
        if self._recorder is not None:
            await self._recorder.finish()

    def rest(self, now: float) -> None:
        """Let go of memory that nobody has needed for a while, and of viewers too slow ever to catch up."""
        for viewer in [v for v in self.viewers if v.behind and now - v.pace.heard_at > SLOW_SECONDS]:
            viewer.socket.close(messages.TOO_SLOW, "too slow")
            self.leave(viewer)
        if not self.viewers and now - self.idle_since > IDLE_RING_SECONDS and self._keeps_screen():
            self.ring.forget()

    def _stop(self) -> None:
        self.closed = True
        self._attached.set()
        self._audience.stop()
        if self._check is not None:
            self._check.cancel()
        if self._attaching is not None and self._attaching is not asyncio.current_task():
            self._attaching.cancel()

    # Its own.

    def _keeps_screen(self) -> bool:
        return self._shell is not None and self._shell.keeps_screen

    async def _wait_attached(self) -> Shell:
        while True:
            await self._attached.wait()
            if self.closed:
                raise TerminalClosed("This terminal has ended.")
            if self._shell is not None:
                return self._shell

    def _resync(self, viewer: Viewer, lines: int) -> None:
        viewer.started = False
        self._later(self._begin_anew(viewer, lines, greet=False))

    async def _begin_anew(self, viewer: Viewer, lines: int, *, greet: bool) -> None:
        """A whole screen for one viewer, in an epoch of its own. Others notice nothing."""
        offset, snapshot = await self._screen(lines)
        self._regulate()
        if viewer not in self.viewers:
            return
        epoch = self._audience.new_epoch(offset)
        viewer.start(offset, snapshot, time.monotonic())
        if greet:
            self._greet(viewer, epoch, viewer.sent)
        else:
            viewer.tell(messages.anew(epoch=epoch, offset=viewer.sent, live=offset))
        viewer.pump(self.ring, time.monotonic())
        self._regulate()

    async def _screen(self, lines: int) -> tuple[int, bytes]:
        """Where the stream goes on, and what is on the screen until there. The caller regulates when it has
        used it: until then the shell is held, or what follows might leave the ring."""
        while True:
            self._regulate()
            shell = await self._wait_attached()
            if not shell.keeps_screen:
                return self.ring.end, self.ring.read(self.ring.start, self.ring.end - self.ring.start)
            base = self.base
            try:
                capture = await shell.capture(lines)
            except ConnectionError:
                await asyncio.sleep(BACK_OFF[0])
                continue
            snapshot = await self._compose(capture)
            if self.ring.holds(base + capture.position) and base == self.base:
                return base + capture.position, snapshot

    async def _compose(self, capture: Capture) -> bytes:
        """While this goes on the shell is held, or what follows the snapshot might leave the ring."""
        self._composing += 1
        self._regulate()
        try:
            return await asyncio.to_thread(capture.compose)
        finally:
            self._composing -= 1

    async def _record_screen(self) -> None:
        """After a gap the recording goes on from the screen as it is now."""
        if self._recorder is not None and self._keeps_screen():
            _, screen = await self._screen(0)
            self._regulate()
            self._recorder.output(b"\x1bc" + screen)

    def _regulate(self) -> None:
        """Hold the shell, or let it go on."""
        if self._shell is None:
            return
        behind = self._audience.holds_back(held=self._held)
        held = behind or self._composing > 0
        if held != self._held:
            self._held = held
            (self._shell.pause if held else self._shell.resume)()
        if behind and self._check is None:
            self._check = asyncio.get_running_loop().call_later(HELD_CHECK_SECONDS, self._check_again)

    def _check_again(self) -> None:
        self._check = None
        self._regulate()

    def _signalled(self, signal: Signal) -> None:
        if signal.kind == "title":
            if signal.text != self.terminal.title:
                self.terminal = replace(self.terminal, title=signal.text)
                self._witness.changed(self)
        else:
            self._witness.signalled(self, signal)

    def _begin_quiet(self) -> None:
        self._quiet_until = time.monotonic() + QUIET_SECONDS

    def _greet(self, viewer: Viewer, epoch: int, offset: int) -> None:
        live = max(viewer.pace.floor, self.ring.end)
        kept = self._keeps_screen()
        viewer.tell(messages.hello(viewer, self.terminal, epoch=epoch, offset=offset, live=live, kept=kept))
        viewer.pump(self.ring, time.monotonic())

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        async def run() -> None:
            with contextlib.suppress(TerminalClosed):  # then everyone has been told of it
                await work

        self._background.spawn(run())
