"""Recordings on their way to Postgres: gathered for each session, packed off the loop, kept in order."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog

from aether.contracts.ids import TerminalId
from aether.contracts.problem import Unavailable
from aether.terminal.domain.recording import MARK, OUTPUT, RESIZE, Entry, pack

GATHER_SECONDS = 2.0
GATHER_BYTES = 256 * 1024
WAITING_BYTES = 4 * 1024 * 1024  # of one session, while Postgres is away
RETRY_SECONDS = 1.0

Keep = Callable[[TerminalId, bytes], Awaitable[None]]

log = structlog.get_logger()


class Recorder:
    """One session's. Never holds up the session: what cannot be kept is left out, and the recording says so."""

    def __init__(
        self, terminal_id: TerminalId, created_at: datetime, keep: Keep, *, size: int, limit: int
    ) -> None:
        self._id = terminal_id
        self._keep = keep
        self._size = size
        self._limit = limit
        # Moments come from the monotonic clock, so that a clock that jumps does not reorder a recording.
        self._zero = time.monotonic() - max(0.0, (datetime.now(UTC) - created_at).total_seconds())
        self._entries: list[Entry] = []
        self._gathered = 0
        self._timer: asyncio.TimerHandle | None = None
        self._missing = False
        self._writer: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        return self._size >= self._limit

    def output(self, data: bytes) -> None:
        self._add(OUTPUT, data)

    def resized(self, cols: int, rows: int) -> None:
        self._add(RESIZE, b"%dx%d" % (cols, rows))

    async def finish(self, patience: float = 2.0) -> None:
        """Keep what is gathered. If Postgres does not take it in time, it is given up."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            async with asyncio.timeout(patience):
                if self._writer is not None:
                    await self._writer
                while self._entries and not self.full:
                    await self._write_once()
        except TimeoutError:
            log.warning("recording.given_up", terminal_id=str(self._id))

    def _add(self, kind: bytes, data: bytes) -> None:
        if self.full:
            return
        self._entries.append((self._moment(), kind, data))
        self._gathered += len(data)
        if self._gathered >= GATHER_BYTES:
            self._flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._flush)

    def _moment(self) -> int:
        return int((time.monotonic() - self._zero) * 1000)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        elif self._gathered > WAITING_BYTES:
            self._entries, self._gathered, self._missing = [], 0, True

    async def _write(self) -> None:
        """Keep what is gathered, one piece after another, until too little is left to make a piece of."""
        await self._write_once()
        while self._gathered >= GATHER_BYTES:
            await self._write_once()
        if self._entries and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._flush)

    async def _write_once(self) -> None:
        entries, self._entries, self._gathered = self._entries, [], 0
        if not entries or self.full:
            return
        if self._missing:
            self._missing = False
            entries.insert(0, (entries[0][0], MARK, b"Some output is missing here"))
        await self._keep_safely(await asyncio.to_thread(pack, entries))

    async def _keep_safely(self, chunk: bytes) -> None:
        if self._size + len(chunk) > self._limit:
            self._size = self._limit
            chunk = pack([(self._moment(), MARK, b"The recording ends here: it has reached its largest size")])
        else:
            self._size += len(chunk)
        while True:
            try:
                await self._keep(self._id, chunk)
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return
