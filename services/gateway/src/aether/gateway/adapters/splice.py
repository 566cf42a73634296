"""Two TCP connections made one: bytes go through as they come, and whoever is slow slows the other side."""

import asyncio
import socket
from collections.abc import Callable
from typing import cast

HIGH_WATER = 256 * 1024
CLOSE_SECONDS = 5.0  # how long a closing side may take over what it has not sent yet


class Side(asyncio.Protocol):
    """The connection to the service. Its other half is the transport of whoever asked."""

    def __init__(self, other: asyncio.Transport, on_lost: Callable[[], None]) -> None:
        self.other = other
        self.transport: asyncio.Transport | None = None
        self.carried = 0
        self._on_lost = on_lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no asyncio.Transport by class, only by what they do.
        self.transport = cast("asyncio.Transport", transport)
        hasten(self.transport)

    def data_received(self, data: bytes) -> None:
        self.carried += len(data)
        self.other.write(data)

    def pause_writing(self) -> None:
        """The service is slow: take no more from the client."""
        self.other.pause_reading()

    def resume_writing(self) -> None:
        self.other.resume_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        self._on_lost()


def hasten(transport: asyncio.Transport) -> None:
    """Send each key press at once, and hold no more than `HIGH_WATER` for a slow reader."""
    transport.set_write_buffer_limits(high=HIGH_WATER)
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def close_soon(transport: asyncio.Transport) -> None:
    """Send what is waiting, then close; after a few seconds close anyway."""
    if transport.is_closing() and not transport.get_write_buffer_size():
        return
    transport.close()
    asyncio.get_running_loop().call_later(CLOSE_SECONDS, transport.abort)
