"""What the parts write: kept in a capped file each, and what a person must see shown at once."""

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

FILE_LIMIT = 8 * 1024 * 1024
LINE_LIMIT = 64 * 1024
PIECE = 64 * 1024


class CappedLog:
    """A log file that is begun anew at 8 MiB; the one before it is kept as `<name>.log.1`."""

    def __init__(self, path: Path, limit: int = FILE_LIMIT) -> None:
        self._path = path
        self._limit = limit
        self._file = self._open()

    def _open(self) -> BinaryIO:
        file = self._path.open("ab", buffering=0)
        self._path.chmod(0o600)
        return file

    def write(self, data: bytes) -> None:
        """Append, starting a new file first if this one is full."""
        if self._file.tell() > self._limit:
            self._file.close()
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            self._file = self._open()
        self._file.write(data)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


@dataclass(frozen=True)
class Notice:
    """One line of a part that a person should see. `mail` holds a mail that was printed, not sent."""

    part: str
    level: str
    text: str
    mail: dict[str, Any] | None = None


# What the two servers write that is not routine; refused statements are the services' business to tell.
_SERVERS = re.compile(rb"\b(PANIC|FATAL): |\[(ERR|FTL)\] ")
_ROUTINE = re.compile(rb"terminating connection|the database system is (starting up|shutting down)|not yet accept")
_LEVELS = {"warning", "error", "critical"}


def notice_in(part: str, line: bytes) -> Notice | None:
    """The notice a line of output holds, if it holds one."""
    if line.startswith(b"{"):
        return _structured(part, line)
    if _SERVERS.search(line) and not _ROUTINE.search(line):
        return Notice(part, "error", line.decode(errors="replace").strip())
    return None


def _structured(part: str, line: bytes) -> Notice | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    level, event = str(entry.get("level", "")), str(entry.get("event", ""))
    if event == "mail.printed":
        return Notice(part, "mail", event, mail=entry)
    if level not in _LEVELS:
        return None
    reason = entry.get("detail") or entry.get("error") or entry.get("reason") or ""
    return Notice(part, level, f"{event}: {reason}" if reason else event)


class Output:
    """Reads one part's output to its end: into the log, past the notice board, into a short memory."""

    def __init__(self, part: str, log: CappedLog, tell: Callable[[Notice], None]) -> None:
        self._part = part
        self._log = log
        self._tell = tell
        self._rest = b""
        self.last_lines: deque[str] = deque(maxlen=12)

    async def follow(self, stream: asyncio.StreamReader) -> None:
        """Copy until the stream ends. A line longer than 64 KiB is kept in the log and not looked at."""
        while piece := await stream.read(PIECE):
            with suppress(OSError):  # on a full disk lines are lost; a pipe that nobody reads would stop the part
                self._log.write(piece)
            *lines, self._rest = (self._rest + piece).split(b"\n")
            if len(self._rest) > LINE_LIMIT:
                self._rest = b""
            for line in lines:
                self._look(line)

    def _look(self, line: bytes) -> None:
        self.last_lines.append(line.decode(errors="replace").rstrip())
        notice = notice_in(self._part, line)
        if notice is not None:
            self._tell(notice)
