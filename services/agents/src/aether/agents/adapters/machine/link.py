"""The connection to one machine, as the rest of the service has it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from aether.agents.adapters.machine import command, scripts
from aether.agents.deps.ports import Machine, Output
from aether.agents.domain import text
from aether.agents.domain.launch import File
from aether.agents.domain.merge import merged
from aether.kit.ssh import Connected, MachineConnections, MachineUnreachable

WRITE_SECONDS = 20.0
# In seconds, between tries to begin a command.
PAUSES = (0.0, 0.1, 0.5)
# A file that ours is merged into is read whole, if it is no longer than this.
LONGEST_MERGED = 512 * 1024
READ = 'if [ -f "$file" ]; then head -c {limit} "$file"; fi'

T = TypeVar("T")

log = structlog.get_logger()


class MachineLink:
    """See ports.Link. It asks for the connection at each use, so it outlives a break."""

    def __init__(self, machine: Machine, connected: Connected, connections: MachineConnections, port: int) -> None:
        self._connections = connections
        self.machine = machine
        self.home = connected.machine.home_dir
        self.workspace = connected.machine.workspace_dir
        self.place = scripts.place(machine.machine_id)
        self.socket = f"{scripts.socket_folder(machine.machine_id)}/aether.sock"
        self.program = f"{self.home}/.aether/bin/aether"
        self.broker = f"http://127.0.0.1:{port}"

    async def execute(self, script: str, stdin: bytes = b"", timeout: float = 20.0) -> Output:
        async def ask(connected: Connected) -> Output:
            line = scripts.run_line(env=connected.machine.env, folder=self.workspace, script=script)
            return await command.run(connected.connection, scripts.RUN, line + stdin, timeout)

        return await self._asked(ask)

    async def write(self, files: Sequence[File]) -> None:
        ready = [(self._absolute(file.path), await self._content(file), file.mode) for file in files]
        await self._asked(lambda connected: run_whole(connected, scripts.put(ready)))

    async def _asked(self, ask: Callable[[Connected], Awaitable[T]]) -> T:
        """Ask on the connection that stands; again if it is lost already, or has too much to do just now."""
        for pause in PAUSES:
            try:
                return await ask(await self._connected())
            except command.NotBegun:
                await asyncio.sleep(pause)
        return await ask(await self._connected())

    async def _connected(self) -> Connected:
        connected = await self._connections.get(self.machine.project_id)
        if connected.machine_id != self.machine.machine_id:
            raise MachineUnreachable("The machine has been replaced by another.")
        return connected

    def _absolute(self, path: str) -> str:
        return f"{self.home}/{path[2:]}" if path.startswith("~/") else path

    async def _content(self, file: File) -> bytes:
        if not file.merge:
            return file.text.encode()
        return merged(await self._read(self._absolute(file.path)), file.text).encode()

    async def _read(self, path: str) -> str:
        """A file's text; that of one that is not there is empty."""
        script = f"file={scripts.word(path)}; {READ.format(limit=LONGEST_MERGED)}"
        return (await self.execute(script)).stdout


async def run_whole(connected: Connected, script: str) -> None:
    """Run a script that must not fail. Raises MachineUnreachable if it does."""
    output = await command.run(connected.connection, scripts.WHOLE, script.encode(), WRITE_SECONDS)
    if output.status != 0:
        # A shell may quote the script, which has secrets in it; only what the script itself says is written down.
        said = [line[:200] for line in output.stderr.splitlines() if line.startswith("aether: ")]
        machine_id = str(connected.machine_id)
        log.warning("machine.script_failed", machine_id=machine_id, status=output.status, said=said)
        reason = text.line(said[0].removeprefix("aether: ")) if said else "its disk may be full"
        raise MachineUnreachable(f"The machine did not take what belongs in it: {reason}.")
