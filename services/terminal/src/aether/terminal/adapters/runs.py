"""One command in a machine, over an SSH exec channel: output and errors apart, signals, exit code."""

import asyncssh

from aether.contracts.ids import ProjectId
from aether.kit.ssh import MachineConnections
from aether.terminal.adapters import script
from aether.terminal.adapters.shells import opened
from aether.terminal.deps.ports import Order, Run, RunListener

SIGNALS = frozenset({"HUP", "INT", "QUIT", "KILL", "TERM", "USR1", "USR2", "ALRM", "PIPE", "ABRT"})


class SshRuns:
    """Starts commands; see ports.Runs."""

    def __init__(self, connections: MachineConnections) -> None:
        self._connections = connections

    async def __call__(self, project_id: ProjectId, order: Order, listener: RunListener) -> Run:
        connected = await self._connections.get(project_id)
        machine = connected.machine
        line = script.shell_line(
            env={**machine.env, **(order.env or {})},
            folder=order.cwd or machine.workspace_dir,
            command=order.command,
            argv=order.argv,
        )
        run = SshRun(listener, line, hidden=order.pty)
        size = (order.cols, order.rows) if order.pty else None
        chosen = script.RUN_ON_PTY if order.pty else script.RUN
        await opened(connected.connection, run, script.as_command(chosen), size=size)
        return run


class SshRun(asyncssh.SSHClientSession[bytes]):
    """Both the SSH channel's session and the port's Run."""

    def __init__(self, listener: RunListener, first_line: bytes, *, hidden: bool) -> None:
        self._listener = listener
        self._line = first_line
        self._hidden = hidden  # on a PTY the line waits for the mark; see script.py
        self._held: list[bytes] = []
        self._eof = False
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None

    def write(self, data: bytes) -> None:
        if self._line:
            self._held.append(data)
        elif self._channel is not None:
            self._channel.write(data)

    def write_eof(self) -> None:
        self._eof = True
        if not self._line and self._channel is not None:
            self._channel.write_eof()

    def signal(self, name: str) -> None:
        if self._channel is not None and name in SIGNALS:
            self._channel.send_signal(name)

    def resize(self, cols: int, rows: int) -> None:
        if self._channel is not None:
            self._channel.change_terminal_size(cols, rows)

    def pause(self) -> None:
        if self._channel is not None:
            self._channel.pause_reading()

    def resume(self) -> None:
        if self._channel is not None:
            self._channel.resume_reading()

    def abandon(self) -> None:
        if self._channel is not None:
            self.signal("HUP")
            self._channel.close()

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan

    def session_started(self) -> None:
        if not self._hidden:
            self._send_line()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if self._line:
            _, mark, data = data.partition(script.MARK)
            if mark:
                self._send_line()
        if data:
            self._listener.output(data, error=datatype is not None)

    def eof_received(self) -> bool:
        return True  # its output has ended; its input may go on

    def pause_writing(self) -> None:
        self._listener.pause_input()

    def resume_writing(self) -> None:
        self._listener.resume_input()

    def connection_lost(self, exc: Exception | None) -> None:
        channel, self._channel = self._channel, None
        if channel is None or (channel.get_exit_status() is None and channel.get_exit_signal() is None):
            self._listener.ended(None)
            return
        code = channel.get_returncode()
        # A shell says 128 + n of a program that a signal ended; asyncssh says -n.
        self._listener.ended(code if code is None or code >= 0 else 128 - code)

    def _send_line(self) -> None:
        assert self._channel is not None
        self._channel.write(b"".join((self._line, *self._held)))
        self._line, self._held = b"", []
        if self._eof:
            self._channel.write_eof()
