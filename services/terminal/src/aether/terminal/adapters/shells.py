"""Shells over SSH: in tmux where the machine has it, on a PTY of the connection where it has not."""

import asyncio
from weakref import WeakValueDictionary

import asyncssh
import structlog

from aether.contracts.ids import ProjectId
from aether.kit.ssh import Connected, MachineConnections, MachineUnreachable
from aether.kit.trace import tracer
from aether.terminal.adapters import script
from aether.terminal.adapters.pty import PtyShell
from aether.terminal.adapters.tmux import script as tmux
from aether.terminal.adapters.tmux.shell import TmuxShell
from aether.terminal.deps.ports import Shell, ShellListener, ShellSpec
from aether.terminal.errors import SessionsUnavailable, TerminalClosed

Channel = asyncssh.SSHClientChannel[bytes]
TERM = "xterm-256color"

log = structlog.get_logger()


class SshShells:
    """The port's adapter. Every session has a channel; a machine has one connection for all of them."""

    def __init__(self, connections: MachineConnections) -> None:
        self._connections = connections
        self._making: WeakValueDictionary[ProjectId, asyncio.Lock] = WeakValueDictionary()

    async def create(self, spec: ShellSpec, listener: ShellListener) -> Shell:
        connected = await self._connections.get(spec.project_id)
        with tracer.start_as_current_span("open session"):
            if not connected.machine.tmux:
                return await self._pty(connected, spec, listener)
            line = tmux.first_line(
                spec.terminal_id,
                env=connected.machine.env,
                folder=connected.machine.workspace_dir,
                command=spec.command,
                cols=spec.cols,
                rows=spec.rows,
            )
            # Of several that come at once to a machine without a tmux server, some find one that is just ending.
            async with self._making.setdefault(spec.project_id, asyncio.Lock()):
                return await self._tmux(connected, tmux.create_command(), spec, listener, line)

    async def attach(self, spec: ShellSpec, listener: ShellListener) -> Shell:
        connected = await self._connections.get(spec.project_id)
        if not connected.machine.tmux:
            raise TerminalClosed("This machine has no tmux, so its terminals end when the connection does.")
        return await self._tmux(connected, tmux.attach_command(spec.terminal_id), spec, listener, b"")

    async def _tmux(
        self, connected: Connected, command: str, spec: ShellSpec, listener: ShellListener, line: bytes
    ) -> Shell:
        shell = TmuxShell(spec.terminal_id, listener)
        channel = await opened(connected.connection, shell, command)
        if line:
            channel.write(line)
        await shell.ready(spec.cols, spec.rows)
        return shell

    async def _pty(self, connected: Connected, spec: ShellSpec, listener: ShellListener) -> Shell:
        log.warning("shell.without_tmux", terminal_id=str(spec.terminal_id), note="it ends with this connection")
        machine = connected.machine
        line = script.shell_line(env=machine.env, folder=machine.workspace_dir, command=spec.command)
        shell = PtyShell(listener, line)
        size = (spec.cols, spec.rows)
        await opened(connected.connection, shell, script.as_command(script.PTY_SHELL), size=size)
        return shell


async def opened(
    connection: asyncssh.SSHClientConnection,
    session: asyncssh.SSHClientSession[bytes],
    command: str,
    *,
    size: tuple[int, int] | None = None,
) -> Channel:
    """A channel with a command for the session, on a PTY if `size` is given. Raises a refusal if there is none."""
    try:
        channel, _ = await connection.create_session(
            lambda: session,
            command,
            encoding=None,
            term_type=TERM if size else None,
            term_size=size or (),
        )
    except asyncssh.ChannelOpenError as error:
        raise SessionsUnavailable("The machine cannot open another session. Close one and try again.") from error
    except (OSError, asyncssh.Error) as error:
        raise MachineUnreachable("The machine stopped answering. It may have just stopped.") from error
    return channel
