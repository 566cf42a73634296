"""HTTP on SSH channels: what a machine's socket takes in is served here, without a socket of our own.

uvicorn's protocol runs on a channel as it would on a TCP connection. The channel says which machine asks.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import asyncssh
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

# One machine may have so many requests and idle connections at once, by its socket and its port together; more are
# answered 503. Twenty runs have room in it, and no few machines take all of the connections to vendors there are.
CONCURRENCY = 128
# What waits for a program that reads slowly before whoever writes has to wait.
HIGH, LOW = 256 * 1024, 64 * 1024
# Of a body that nobody reads yet; a machine may have all of its connections full at once.
WINDOW = 128 * 1024
KEEP_ALIVE_SECONDS = 30


@dataclass
class Share:
    """What one machine has of this process, by whichever of its servers it comes.

    `opened`: a connection beyond those that uvicorn answers 503 is not opened at all.
    """

    state: ServerState = field(default_factory=ServerState)
    opened: int = 0


class ChannelServer:
    """One app, served on any number of channels of one machine."""

    def __init__(self, app: ASGIApp, share: Share) -> None:
        self._config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            limit_concurrency=CONCURRENCY,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        self._config.load()
        self._share = share

    def unix_session(self) -> "asyncssh.SSHUNIXSession[bytes]":
        """For create_unix_server. Raises ChannelOpenError while the machine has too many."""
        return cast("asyncssh.SSHUNIXSession[bytes]", self._session())

    def tcp_session(self, _host: str, _port: int) -> "asyncssh.SSHTCPSession[bytes]":
        """For create_server."""
        return self._session()

    def stop(self) -> None:
        """No more requests; those that are being answered end in peace, if the connection lets them."""
        for protocol in list(self._share.state.connections):
            protocol.shutdown()

    async def wait_idle(self) -> None:
        """Until what is being answered has been."""
        if self._share.state.tasks:
            await asyncio.wait(list(self._share.state.tasks))

    def _session(self) -> "ChannelSession":
        if self._share.opened >= 2 * CONCURRENCY:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, "There are too many connections")
        self._share.opened += 1
        protocol = H11Protocol(self._config, self._share.state, {}, asyncio.get_running_loop())
        return ChannelSession(protocol, self._ended)

    def _ended(self) -> None:
        self._share.opened -= 1


class ChannelSession(asyncssh.SSHTCPSession[bytes]):
    """What asyncssh tells of a channel, told to a protocol."""

    def __init__(self, protocol: asyncio.Protocol, ended: Any) -> None:
        self._protocol = protocol
        self._ended = ended

    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        chan.set_write_buffer_limits(HIGH, LOW)
        self._protocol.connection_made(ChannelTransport(chan))

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self._protocol.data_received(data)

    def eof_received(self) -> bool:
        # As asyncio has it for TCP: who has closed the socket waits for no answer.
        return bool(self._protocol.eof_received())

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended()
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()


class ChannelTransport(asyncio.Transport):
    """A channel as a protocol expects its transport. It has no addresses: nobody is named by them."""

    def __init__(self, channel: "asyncssh.SSHTCPChannel[bytes]") -> None:
        super().__init__()
        self._channel = channel

    def write(self, data: Any) -> None:
        if data and not self._channel.is_closing():
            self._channel.write(bytes(data))

    def is_closing(self) -> bool:
        return self._channel.is_closing()

    def close(self) -> None:
        self._channel.close()

    def abort(self) -> None:
        self._channel.abort()

    def pause_reading(self) -> None:
        self._channel.pause_reading()

    def resume_reading(self) -> None:
        # A channel that is closing has let go of what it had.
        if not self._channel.is_closing():
            self._channel.resume_reading()
