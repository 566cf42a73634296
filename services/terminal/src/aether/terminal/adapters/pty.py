"""A session on a PTY of the SSH connection itself, for machines without tmux. It ends with the connection."""

import asyncssh

from aether.terminal.adapters.script import MARK
from aether.terminal.deps.ports import Capture, ShellListener

PASTE_ON, PASTE_OFF = b"\x1b[?2004h", b"\x1b[?2004l"
PASTE_START, PASTE_END = b"\x1b[200~", b"\x1b[201~"


class PtyShell(asyncssh.SSHClientSession[bytes]):
    """Both the SSH channel's session and the port's Shell."""

    keeps_screen = False

    def __init__(self, listener: ShellListener, first_line: bytes) -> None:
        self._listener = listener
        self._line = first_line
        self._held: list[bytes] = []  # typed before the line was sent
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None
        self._quiet = False
        self._pressed: set[str] = set()
        self._pasting = False  # whether the program wants pastes marked as such

    def write(self, data: bytes) -> None:
        if self._line:
            self._held.append(data)
        elif self._channel is not None:
            self._channel.write(data)

    def resize(self, cols: int, rows: int) -> None:
        if self._channel is not None:
            self._channel.change_terminal_size(cols, rows)

    def pause(self) -> None:
        if self._channel is not None:
            self._channel.pause_reading()

    def resume(self) -> None:
        if self._channel is not None:
            self._channel.resume_reading()

    async def capture(self, lines: int) -> Capture:
        raise ConnectionError("nobody keeps the screen of this session")

    async def screen(self, lines: int) -> list[bytes]:
        raise ConnectionError("nobody keeps the screen of this session")

    async def paste(self, key: str, text: str) -> bool:
        data = text.encode()
        return await self.press(key, PASTE_START + data + PASTE_END if self._pasting else data)

    async def press(self, key: str, keys: bytes) -> bool:
        """It is enough that this object remembers: the session ends when it does."""
        if key in self._pressed:
            return False
        if self._channel is None:
            raise ConnectionError("the session's channel is closed")
        self._pressed.add(key)
        self.write(keys)
        return True

    def end(self) -> None:
        if self._channel is not None:
            self._channel.close()

    def detach(self) -> None:
        self._quiet = True
        if self._channel is not None:
            self._channel.abort()

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if self._line:
            _, mark, data = data.partition(MARK)
            if not mark:
                return
            assert self._channel is not None
            self._channel.write(b"".join((self._line, *self._held)))
            self._line, self._held = b"", []
        if PASTE_ON in data or PASTE_OFF in data:
            self._pasting = data.rfind(PASTE_ON) > data.rfind(PASTE_OFF)
        if data:
            self._listener.output(data)

    def pause_writing(self) -> None:
        self._listener.pause_input()

    def resume_writing(self) -> None:
        self._listener.resume_input()

    def connection_lost(self, exc: Exception | None) -> None:
        channel, self._channel = self._channel, None
        if not self._quiet:
            # The session cannot be found again, so lost and ended are the same.
            self._listener.ended(channel.get_returncode() if channel is not None else None)
