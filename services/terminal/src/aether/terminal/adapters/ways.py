"""Connections to what listens in a machine, as channels of its SSH connection."""

import asyncio

import asyncssh

from aether.contracts.ids import ProjectId
from aether.kit.ssh import MachineConnections, MachineUnreachable
from aether.terminal.deps.ports import WayListener
from aether.terminal.domain.listeners import Listener
from aether.terminal.errors import NothingListens, SessionsUnavailable

OPEN_SECONDS = 5.0
LINGER_SECONDS = 30.0
HIGH_WATER = 1024 * 1024  # bytes that wait for a slow reader before the other side is held
PACKET = 128 * 1024  # the largest the machine may send; each costs the same whatever its size


class SshWays:
    """The port's adapter; see ports.Ways."""

    def __init__(self, connections: MachineConnections) -> None:
        self._connections = connections

    async def __call__(self, project_id: ProjectId, to: Listener, listener: WayListener) -> None:
        connection = (await self._connections.get(project_id)).connection
        refused: Exception = NothingListens(to.port)
        for address in to.addresses:
            try:
                async with asyncio.timeout(OPEN_SECONDS):
                    await connection.create_connection(
                        lambda: SshWay(listener), address, to.port, max_pktsize=PACKET
                    )
            except asyncssh.ChannelOpenError as error:
                refused = _refusal(error, to.port)
            except (OSError, TimeoutError, asyncssh.Error) as error:
                raise MachineUnreachable("The machine stopped answering. It may have just stopped.") from error
            else:
                return
        raise refused


def _refusal(error: asyncssh.ChannelOpenError, port: int) -> Exception:
    if error.code == asyncssh.OPEN_CONNECT_FAILED:
        return NothingListens(port)
    return SessionsUnavailable("The machine does not let a connection to its ports through.")


class SshWay(asyncssh.SSHTCPSession[bytes]):
    """Both the SSH channel's session and the port's Way."""

    def __init__(self, listener: WayListener) -> None:
        self._listener = listener
        self._channel: asyncssh.SSHTCPChannel[bytes]

    def write(self, data: bytes) -> None:
        if not self._channel.is_closing():
            self._channel.write(data)

    def write_eof(self) -> None:
        self._channel.write_eof()

    def pause(self) -> None:
        self._channel.pause_reading()

    def resume(self) -> None:
        self._channel.resume_reading()

    def close(self) -> None:
        self._channel.close()
        if self._channel.get_write_buffer_size():
            # A program that never reads what it was sent must not keep it here for ever.
            asyncio.get_running_loop().call_later(LINGER_SECONDS, self._channel.abort)

    def abort(self) -> None:
        self._channel.abort()

    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        self._channel = chan
        chan.set_write_buffer_limits(high=HIGH_WATER)
        self._listener.opened(self)

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self._listener.received(data)

    def eof_received(self) -> bool:
        self._listener.ended()
        return True  # what goes the other way may go on

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.lost(broken=exc is not None)

    def pause_writing(self) -> None:
        self._listener.pause_input()

    def resume_writing(self) -> None:
        self._listener.resume_input()
