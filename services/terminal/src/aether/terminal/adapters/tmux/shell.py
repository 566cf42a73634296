"""A session in tmux, through one SSH channel that speaks control mode."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

import asyncssh
import structlog

from aether.contracts.ids import TerminalId
from aether.terminal.adapters.tmux import script, snapshot
from aether.terminal.adapters.tmux.control import ControlParser
from aether.terminal.adapters.tmux.queries import QueryFilter
from aether.terminal.deps.ports import ShellListener
from aether.terminal.errors import SessionsUnavailable, TerminalClosed

PASTE_ON, PASTE_OFF = b"\x1b[?2004h", b"\x1b[?2004l"
STATE = "display-message -p '#{pane_id} #{window_name}'"
TRIES = 3

log = structlog.get_logger()


@dataclass(slots=True)
class _Asked:
    """Commands on one line, and the answers so far. An error in one means that the others do not run."""

    count: int
    answer: "asyncio.Future[list[list[bytes]]] | None"
    replies: list[list[bytes]] = field(default_factory=list)
    position: int | None = None  # how much output had come when the first of them ran


class TmuxShell(asyncssh.SSHClientSession[bytes]):
    """Both the SSH channel's session and the port's Shell."""

    keeps_screen = True

    def __init__(self, terminal_id: TerminalId, listener: ShellListener) -> None:
        self._id = terminal_id
        self._listener = listener
        self._parser = ControlParser(self)
        self._queries = QueryFilter()
        self._asked: deque[_Asked] = deque()
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None
        self._attached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pane = ""
        self._position = 0
        self._pasting: bool | None = None
        self._exit_code: int | None = None
        self._told_exit = False
        self._quiet = False
        self._complaint = b""

    # What the port asks.

    async def ready(self, cols: int, rows: int, timeout: float = 5.0) -> None:
        """Wait until tmux has attached. Raises TerminalClosed if it has no such session."""
        try:
            async with asyncio.timeout(timeout):
                await self._attached
                answer = await self._ask(script.resize_command(cols, rows), STATE)
        except (TimeoutError, ConnectionError) as error:
            self.detach()
            raise SessionsUnavailable("The machine did not open the session in time. Try again.") from error
        pane, _, window = answer[1][0].partition(b" ")
        self._renamed(window)
        self._pane = pane.decode()
        self._parser.follow(pane)
        if self._exit_code is not None:
            self.end()

    def write(self, data: bytes) -> None:
        for command in script.keys_commands(self._pane, data):
            self._order(command)

    def resize(self, cols: int, rows: int) -> None:
        self._order(script.resize_command(cols, rows))

    def pause(self) -> None:
        if self._channel is not None:
            self._channel.pause_reading()

    def resume(self) -> None:
        if self._channel is not None:
            self._channel.resume_reading()

    async def capture(self, lines: int) -> "snapshot.PaneCapture":
        pane = await self._look()
        for _ in range(TRIES):
            asked = self._send(snapshot.captures(pane, self._pane, lines))
            assert asked.answer is not None
            state, *replies = await asked.answer
            now = snapshot.Pane.read(state[0])
            if now.alternate == pane.alternate and bool(now["history_size"]) == bool(pane["history_size"]):
                break
            pane = now  # a program took or left the alternate screen in between: ask again, for what fits it
        assert asked.position is not None
        return snapshot.PaneCapture(now, replies, asked.position, pasting=self._pasting)

    async def screen(self, lines: int) -> list[bytes]:
        alternate, shown, with_history = await self._ask(*script.screen_commands(self._pane, lines))
        return shown if alternate == [b"1"] else with_history

    async def paste(self, key: str, text: str) -> bool:
        return await self._once(script.paste_commands(self._pane, key, text))

    async def press(self, key: str, keys: bytes) -> bool:
        return await self._once(script.press_commands(self._pane, key, keys))

    def end(self) -> None:
        self._order(script.end_command(self._id))

    def detach(self) -> None:
        self._quiet = True
        if self._channel is not None:
            self._channel.abort()

    # What SSH tells.

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if datatype is None:
            self._parser.feed(data)
        else:
            self._complaint = (self._complaint + data)[-500:]

    def pause_writing(self) -> None:
        self._listener.pause_input()

    def resume_writing(self) -> None:
        self._listener.resume_input()

    def connection_lost(self, exc: Exception | None) -> None:
        status = self._channel.get_exit_status() if self._channel is not None else None
        self._channel = None
        self._fail_waiting(status)
        if self._quiet or self._told_exit:
            return
        self._told_exit = True
        if self._exit_code is not None:
            self._listener.ended(self._exit_code)
        else:
            # Whether the session or only the way to it is gone shows when somebody attaches again.
            self._listener.lost()

    # What tmux tells, in order.

    def output(self, data: bytes) -> None:
        data = self._queries.pass_on(data)
        if PASTE_ON in data or PASTE_OFF in data:
            self._pasting = data.rfind(PASTE_ON) > data.rfind(PASTE_OFF)
        if data:
            self._position += len(data)
            self._listener.output(data)

    def begin(self) -> None:
        if self._asked and self._asked[0].position is None:
            self._asked[0].position = self._position

    def reply(self, lines: list[bytes], *, ok: bool) -> None:
        asked = self._asked[0]
        asked.replies.append(lines)
        if not ok:
            log.warning("tmux.refused", terminal_id=str(self._id), error=repr(lines[:1]))
        if ok and len(asked.replies) < asked.count:
            return
        self._asked.popleft()
        if asked.answer is not None and not asked.answer.done():
            if ok:
                asked.answer.set_result(asked.replies)
            else:
                asked.answer.set_exception(ConnectionError("tmux refused a command"))

    def notice(self, name: bytes, rest: bytes) -> None:
        if name == b"session-changed" and not self._attached.done():
            self._attached.set_result(None)
        elif name == b"window-renamed":
            self._renamed(rest.partition(b" ")[2])
        elif name == b"error":
            self._complaint = rest[:500]

    # Its own.

    def _renamed(self, window: bytes) -> None:
        """Whether the shell has ended; its pane is kept until this ends it, so that no output is lost."""
        if not window.startswith(script.EXITED):
            return
        code = window.removeprefix(script.EXITED)
        self._exit_code = int(code) if code.isdigit() else 0
        if self._pane:  # or ready() would ask a session that is gone, and ends it itself
            self.end()

    async def _look(self) -> snapshot.Pane:
        answer = await self._ask(f"display-message -p -t {self._pane} '{snapshot.FORMAT}'")
        return snapshot.Pane.read(answer[0][0])

    async def _ask(self, *commands: str) -> list[list[bytes]]:
        asked = self._send(list(commands))
        assert asked.answer is not None
        return await asked.answer

    def _send(self, commands: list[str], count: int | None = None) -> _Asked:
        """Send commands as one line: nothing comes between them. Their answers are awaited, one for each unless
        `count` says otherwise."""
        asked = _Asked(count or len(commands), asyncio.get_running_loop().create_future())
        if self._channel is None:
            raise ConnectionError("the session's channel is closed")
        self._asked.append(asked)
        self._channel.write(" ; ".join(commands).encode() + b"\n")
        return asked

    async def _once(self, commands: list[str]) -> bool:
        """Whether it was done now. The choice is one command here and three more there."""
        asked = self._send(commands, count=len(commands) + 3)
        assert asked.answer is not None
        replies = await asked.answer
        return replies[-2] == [script.NEW.encode()]

    def _order(self, command: str) -> None:
        """Send one command whose answer nobody awaits."""
        if self._channel is not None:
            self._asked.append(_Asked(1, None))
            self._channel.write(command.encode() + b"\n")

    def _fail_waiting(self, status: int | None) -> None:
        if not self._attached.done():
            if status is not None:
                log.info("tmux.not_attached", terminal_id=str(self._id), complaint=repr(self._complaint))
                self._attached.set_exception(TerminalClosed("This terminal has ended."))
            else:
                self._attached.set_exception(ConnectionError("the connection to the machine was lost"))
        for asked in self._asked:
            if asked.answer is not None and not asked.answer.done():
                asked.answer.set_exception(ConnectionError("the session's channel was closed"))
        self._asked.clear()
