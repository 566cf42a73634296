"""An SSH channel with the program at its other end."""

from typing import Any, Protocol

import asyncssh

from aether.contracts.problem import Refusal
from aether.files.adapters.hand.frames import Frames, Garbled
from aether.files.adapters.hand.payload import COMMAND, NO_PYTHON, PAYLOAD
from aether.files.adapters.hand.program.frames import frame
from aether.files.errors import MachineFailed, NoPython
from aether.kit.ssh import Connected, MachineUnreachable

WINDOW = 2 * 1024 * 1024
# How much waits on its way into the machine before whoever sends has to wait.
HIGH, LOW = 1024 * 1024, 256 * 1024


class Hearer(Protocol):
    """Who is told what comes. After `ended` nothing more does."""

    def heard(self, header: Any, payload: bytes) -> None:
        """Raises Garbled."""
        ...

    def ended(self, refusal: Refusal) -> None: ...
    def pause_sending(self) -> None: ...
    def resume_sending(self) -> None: ...


class Channel(asyncssh.SSHClientSession[bytes]):
    """Starts the program, sends it frames and reads its own."""

    def __init__(self, hearer: Hearer) -> None:
        self._hearer = hearer
        self._frames = Frames()
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None
        self._garbled = False

    @property
    def is_open(self) -> bool:
        return self._channel is not None and not self._channel.is_closing()

    def send(self, *pieces: bytes) -> None:
        """Nothing is sent any more once the channel has ended, of which the hearer was told."""
        if self._channel is not None and not self._channel.is_closing():
            self._channel.write(b"".join(pieces))

    def pause(self) -> None:
        if self._channel is not None:
            self._channel.pause_reading()

    def resume(self) -> None:
        if self._channel is not None:
            self._channel.resume_reading()

    def end(self) -> None:
        """Let go: the program reads the end of its input, removes what is unfinished, and ends."""
        if self._channel is not None:
            self._channel.abort()

    def end_input(self) -> None:
        """Let the program have what is on its way, and then the end of its input."""
        if self._channel is not None and not self._channel.is_closing():
            self._channel.write_eof()

    # What asyncssh tells.

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan
        chan.set_write_buffer_limits(HIGH, LOW)

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if datatype is not None or self._garbled:
            return  # what Python complains of is the machine's business
        try:
            for header, payload in self._frames.take(data):
                self._hearer.heard(header, payload)
        except Garbled:
            self._garbled = True
            self.end()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._hearer.pause_sending()

    def resume_writing(self) -> None:
        self._hearer.resume_sending()

    def connection_lost(self, exc: Exception | None) -> None:
        channel, self._channel = self._channel, None
        code = channel.get_exit_status() if channel is not None else None
        self._hearer.ended(self._reason(code))

    def _reason(self, code: int | None) -> Refusal:
        if self._garbled:
            return MachineFailed("The machine answered something that is no answer.")
        if not self._frames.begun and code in NO_PYTHON:
            return NoPython()
        if code is not None:
            return MachineUnreachable("The program that works on files in the machine ended. Try again.")
        return MachineUnreachable("The machine stopped answering. It may have just stopped.")


async def begun(connected: Connected, hearer: Hearer, mode: str, *first: bytes) -> Channel:
    """A channel on which the program starts, with what it is sent first. Raises a refusal if there is none."""
    channel = Channel(hearer)
    try:
        await connected.connection.create_session(
            lambda: channel, COMMAND, encoding=None, window=WINDOW, request_pty=False
        )
    except asyncssh.ChannelOpenError as error:
        raise MachineFailed("The machine cannot open another session. Try again in a moment.") from error
    except (OSError, asyncssh.Error) as error:
        raise MachineUnreachable("The machine stopped answering. It may have just stopped.") from error
    machine = connected.machine
    config = {"mode": mode, "root": machine.workspace_dir, "home": machine.home_dir}
    channel.send(PAYLOAD, frame(config), *first)
    return channel
