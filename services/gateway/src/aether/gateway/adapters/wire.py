"""One TCP connection, taken piece by piece as it comes; whoever is slow slows the other side."""

import asyncio
from collections import deque
from typing import cast

from aether.gateway.adapters.splice import hasten

HELD_MOST = 512 * 1024  # so much waits for its reader before the sender is held back


class Wire(asyncio.Protocol):
    """A connection. One task reads and one writes; each piece is what the loop read at once, never copied."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._loop = asyncio.get_running_loop()
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._slowed = False
        self._ended = False
        self._full = False
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        hasten(self.transport)

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._held += len(data)
        if self._held > HELD_MOST and not self._slowed:
            self._slowed = True
            self.transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        """The other side says no more, and may still be spoken to."""
        self._ended = True
        _wake(self._reader)
        return True

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._writer)

    def connection_lost(self, _error: Exception | None) -> None:
        self._ended = True
        self.resume_writing()
        _wake(self._reader)

    @property
    def is_idle(self) -> bool:
        """Open, and nothing came that nobody asked for."""
        return not (self._ended or self._pieces or self.transport.is_closing())

    async def read(self) -> bytes:
        """The next piece; nothing at the end of the connection, however that came."""
        while not self._pieces:
            if self._ended:
                return b""
            self._reader = self._loop.create_future()
            await self._reader
        piece = self._pieces.popleft()
        self._held -= len(piece)
        if self._slowed and self._held <= HELD_MOST // 2:
            self._slowed = False
            self.transport.resume_reading()
        return piece

    async def write(self, data: bytes) -> None:
        """Returns when there is room for more. Raises ConnectionResetError if the connection has ended."""
        if self.transport.is_closing():
            raise ConnectionResetError("the connection has ended")
        self.transport.write(data)
        if self._full:
            self._writer = self._loop.create_future()
            await self._writer
            if self.transport.is_closing():
                raise ConnectionResetError("the connection has ended")

    def put_back(self, data: bytes) -> None:
        """Have the next read() answer this first."""
        if data:
            self._pieces.appendleft(data)
            self._held += len(data)

    def hand_over(self, protocol: asyncio.Protocol) -> bytes:
        """Leave the connection to another protocol; answers what has come and was not read."""
        self.transport.set_protocol(protocol)
        self.transport.resume_reading()
        held = b"".join(self._pieces)
        self._pieces.clear()
        return held

    def abort(self) -> None:
        """End it now. A waiting read() and write() return."""
        self.transport.abort()


def _wake(waiting: "asyncio.Future[None] | None") -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)


async def open_wire(host: str, port: int, within: float) -> Wire:
    """Connect. Raises OSError or TimeoutError."""
    async with asyncio.timeout(within):
        _, wire = await asyncio.get_running_loop().create_connection(Wire, host, port)
    return wire
