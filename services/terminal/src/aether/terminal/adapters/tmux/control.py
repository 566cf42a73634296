"""tmux control mode, as bytes: lines of output, replies to commands, and notices.

    %output %3 hello\\015\\012
    %begin 1700000000 12 1
    a line of the reply
    %end 1700000000 12 1
    %session-changed $1 name

Output and replies come in one order: what is before a reply's %begin was on the screen when the command ran.
"""

import re
from typing import Protocol

_OTHER_OCTAL = re.compile(rb"\\(?!134)([0-7]{3})")
_BYTES = {b"%03o" % number: bytes([number]) for number in range(256)}


class Listener(Protocol):
    """Who is told, in the stream's order."""

    def output(self, data: bytes) -> None: ...
    def begin(self) -> None: ...
    def reply(self, lines: list[bytes], *, ok: bool) -> None: ...
    def notice(self, name: bytes, rest: bytes) -> None: ...


class ControlParser:
    """Takes the client's output in pieces of any size."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._rest = b""
        self._guard: bytes | None = None  # what the open reply's %end will carry
        self._lines: list[bytes] = []
        self._output: list[bytes] = []
        self._prefix = b"%output %"

    def follow(self, pane: bytes) -> None:
        """Take the output of this pane, such as b"%3", and of no other."""
        self._prefix = b"%%output %s " % pane

    def feed(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        end = data.rfind(b"\n")
        if end < 0:
            self._rest = data
            return
        self._rest = data[end + 1 :]
        block = data[:end]
        if self._guard is None and block.startswith(self._prefix):
            # The common case, which costs no loop: nothing but output, so the line heads are cut out.
            joined = block[len(self._prefix) :].replace(b"\n" + self._prefix, b"")
            if b"\n" not in joined:
                self._listener.output(unescape(joined))
                return
        for line in block.split(b"\n"):
            self._line(line)
        self._flush()

    def _line(self, line: bytes) -> None:
        if self._guard is not None:
            self._in_reply(line)
        elif line.startswith(self._prefix):
            self._output.append(line[len(self._prefix) :])
        elif line.startswith(b"%begin "):
            self._flush()
            self._guard = line.removeprefix(b"%begin ")
            if self._guard.endswith(b" 1"):
                self._listener.begin()
        elif line.startswith(b"%"):
            self._flush()
            name, _, rest = line[1:].partition(b" ")
            self._listener.notice(name, rest)

    def _in_reply(self, line: bytes) -> None:
        assert self._guard is not None
        verb, _, guard = line.partition(b" ")
        if guard != self._guard or verb not in (b"%end", b"%error"):
            self._lines.append(line)
            return
        lines, self._lines = self._lines, []
        # The last field is 1 where the command came from this client's standard input.
        asked, self._guard = guard.endswith(b" 1"), None
        if asked:
            self._listener.reply(lines, ok=verb == b"%end")
        elif verb == b"%error":
            self._listener.notice(b"error", b" ".join(lines))

    def _flush(self) -> None:
        if self._output:
            pieces, self._output = self._output, []
            self._listener.output(unescape(b"".join(pieces)))


def unescape(data: bytes) -> bytes:
    """Undo tmux's octal. Every backslash begins an escape, so whole replacements are exact, the backslash last."""
    if b"\\" not in data:
        return data
    data = data.replace(b"\\015\\012", b"\r\n").replace(b"\\033", b"\x1b")
    if data.count(b"\\") != data.count(b"\\134"):
        data = _OTHER_OCTAL.sub(_byte, data)
    return data.replace(b"\\134", b"\\")


def _byte(match: re.Match[bytes]) -> bytes:
    return _BYTES[match.group(1)]


def quoted(text: str) -> str:
    """A word for tmux's command parser; single quotes there keep everything but themselves."""
    return "'" + text.replace("'", "'\\''") + "'"
