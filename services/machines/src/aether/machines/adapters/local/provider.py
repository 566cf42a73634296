"""The port, served by a keeper on threads of its own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TypeVar

from aether.contracts.ids import MachineId, OperationId, ProjectId
from aether.machines.adapters.local.bare import Bare
from aether.machines.adapters.local.host import Host, look
from aether.machines.adapters.local.keeper import Keeper
from aether.machines.adapters.local.launch import Launcher
from aether.machines.adapters.local.sandbox import Sandbox
from aether.machines.provider import Limits, MachineSpec, MachineStatus, ProviderRefused

THREADS = 32  # a stop may wait 5 s; others must not wait behind it
T = TypeVar("T")


class LocalProvider:
    """Machines on this computer. Implements `Provider`; see the package for what it can and cannot hold."""

    name = "local"

    def __init__(self, home: Path, *, sandbox: bool | None = None) -> None:
        """`home` is AETHER_HOME. `sandbox`: None takes one where it works; True insists; False does without."""
        self._home = home
        self._wish = sandbox
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="local-machines")
        self._finding = Lock()
        self._found: Keeper | None = None

    async def create_volume(self, project_id: ProjectId, operation_id: OperationId, limits: Limits) -> str:
        """The size in `limits` is not reserved; `used_mb` tells what is taken."""
        return await self._do(lambda keeper: keeper.create_volume(project_id))

    async def destroy_volume(self, volume: str) -> None:
        await self._do(lambda keeper: keeper.destroy_volume(volume))

    async def used_mb(self, volume: str) -> int:
        """MiB the volume takes on the disk; not part of the port, walks the whole tree."""
        return await self._do(lambda keeper: keeper.used_mb(volume))

    async def start(self, spec: MachineSpec) -> MachineStatus:
        return await self._do(lambda keeper: keeper.start(spec))

    async def stop(self, machine_id: MachineId) -> MachineStatus:
        return await self._do(lambda keeper: keeper.stop(machine_id))

    async def inspect(self, machine_id: MachineId) -> MachineStatus:
        return await self._do(lambda keeper: keeper.inspect(machine_id))

    async def list(self) -> list[MachineStatus]:
        return await self._do(lambda keeper: keeper.list())

    def close(self) -> None:
        """Give back the threads. The machines run on."""
        self._threads.shutdown(wait=True)

    async def _do(self, work: Callable[[Keeper], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(self._keeper()))

    def _keeper(self) -> Keeper:
        with self._finding:
            if self._found is None:
                self._found = keeper_of(self._home, look(), self._wish)
            return self._found


def keeper_of(home: Path, host: Host, sandbox: bool | None) -> Keeper:
    """The keeper of a home, with every way of running machines at hand."""
    if sandbox and not host.sandbox:
        raise ProviderRefused("This computer cannot run sandboxed machines: bubblewrap or sshd is missing.")
    launchers: dict[bool, Launcher] = {True: Sandbox(), False: Bare()}
    return Keeper(home, host, launchers, sandbox=host.sandbox if sandbox is None else sandbox)
