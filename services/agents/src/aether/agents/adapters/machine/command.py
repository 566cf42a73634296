"""A short command in a machine: what it is fed, what it says, and how long it may take."""

import asyncio
from weakref import WeakKeyDictionary

import asyncssh

from aether.agents.deps.ports import Output
from aether.kit.ssh import MachineUnreachable

# What it says beyond this is not kept.
LONGEST = 1024 * 1024
# sshd lets ten sessions through on one connection, unless it is told otherwise, and counts one a little longer.
AT_ONCE = 5

_turns: WeakKeyDictionary[asyncssh.SSHClientConnection, asyncio.Semaphore] = WeakKeyDictionary()


class NotBegun(MachineUnreachable):
    """The connection was lost before the command was heard of: it may be asked again."""


async def run(connection: asyncssh.SSHClientConnection, command: str, stdin: bytes, timeout: float) -> Output:
    """Run a command. One that takes longer than `timeout` seconds is ended: its status is None.

    Raises NotBegun, or MachineUnreachable if the machine is lost on the way.
    """
    session = CommandSession(stdin)
    try:
        async with asyncio.timeout(timeout), _turns.setdefault(connection, asyncio.Semaphore(AT_ONCE)):
            await connection.create_session(lambda: session, command, encoding=None, request_pty=False)
            await session.ended.wait()
    except TimeoutError:
        session.kill()
    except asyncssh.ChannelOpenError as error:
        raise NotBegun("The machine cannot be asked just now. Try again in a moment.") from error
    except (OSError, asyncssh.Error) as error:
        raise MachineUnreachable("The machine stopped answering. It may have just stopped.") from error
    if session.lost:
        raise MachineUnreachable("The machine stopped answering. It may have just stopped.")
    return Output(session.status, _text(session.stdout), _text(session.stderr))


class CommandSession(asyncssh.SSHClientSession[bytes]):
    """Feeds a command and keeps what it says."""

    def __init__(self, stdin: bytes) -> None:
        self._stdin = stdin
        self.stdout, self.stderr = bytearray(), bytearray()
        self.status: int | None = None
        self.ended = asyncio.Event()
        self.lost = False
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None

    def kill(self) -> None:
        if self._channel is not None:
            self._channel.send_signal("KILL")
            self._channel.abort()

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan

    def session_started(self) -> None:
        assert self._channel is not None
        self._channel.write(self._stdin)
        self._channel.write_eof()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        kept = self.stderr if datatype is not None else self.stdout
        kept += data[: LONGEST - len(kept)]

    def connection_lost(self, exc: Exception | None) -> None:
        channel, self._channel = self._channel, None
        self.status = channel.get_returncode() if channel is not None else None
        self.lost = self.status is None
        self.ended.set()


def _text(said: bytearray) -> str:
    return said.decode(errors="replace")
