"""P7: from the start request to a prompt in a socket, beside what the provider alone needs."""

import asyncio
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncssh

from aether.contracts.ids import MachineId, OperationId, ProjectId, new_id
from aether.kit.ssh import CIPHERS
from aether.machines.adapters.local import LocalProvider
from aether.machines.provider import HostIdentity, Limits, MachineSpec, MachineStatus
from bench.figures import Figure, median
from bench.running import Aether


def start(aether: Aether, rounds: int) -> Figure:
    ours = [_through_aether(aether) for _ in range(rounds)]
    floor = asyncio.run(_provider_alone(rounds))
    ratio = median(ours) / median(floor)
    what = "start request → prompt in the socket (local)"
    times = [f"{median(samples) * 1e3:.0f} ms" for samples in (ours, floor)]
    return Figure("P7", what, times[0], times[1], ratio, "≤ 2.0", ratio <= 2.0)


def _through_aether(aether: Aether) -> float:
    project = aether.post("/api/projects", {"name": f"start-{new_id().hex[-6:]}"})["id"]
    with aether.api.stream("GET", "/api/events") as events:
        lines = events.iter_lines()
        next(lines)
        began = time.perf_counter()
        aether.post(f"/api/projects/{project}/start", {})
        _until_running(lines, project)
    terminal = aether.terminal(project)
    socket = aether.through(terminal)
    socket.until(b"$", timeout=20)
    took = time.perf_counter() - began
    socket.close()
    # Stopped before the next round, as the provider alone stops its own: ending a machine takes time too.
    aether.post(f"/api/projects/{project}/stop", {})
    aether.wait_for(project, "stopped")
    return took


def _until_running(lines: Any, project: str) -> None:
    for line in lines:
        if line.startswith("data:") and project in line and json.loads(line[5:]).get("status") == "running":
            return


async def _provider_alone(rounds: int) -> list[float]:
    folder = Path(tempfile.mkdtemp(prefix="aether-floor-"))
    folder.chmod(0o711)
    provider = LocalProvider(folder)
    try:
        return [await _one_machine(provider) for _ in range(rounds)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _one_machine(provider: LocalProvider) -> float:
    """Create → first prompt over SSH: nothing of ours but the adapter."""
    project, operation, machine = ProjectId(new_id()), OperationId(new_id()), MachineId(new_id())
    authority, host, key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(3))
    identity = HostIdentity(
        private_key=host.export_private_key().decode(),
        public_key=host.export_public_key().decode().strip(),
        user_ca=authority.export_public_key().decode().strip(),
        principal=str(machine),
    )
    certificate = authority.generate_user_certificate(key, str(machine), principals=[str(machine)])
    began = time.perf_counter()
    volume = await provider.create_volume(project, operation, Limits())
    spec = MachineSpec(machine, project, operation, 1, "floor", volume, identity, Limits())
    status = await provider.start(spec)
    await _first_prompt(status, key, certificate, host)
    took = time.perf_counter() - began
    await provider.stop(machine)
    await provider.destroy_volume(volume)
    return took


async def _first_prompt(
    status: MachineStatus, key: asyncssh.SSHKey, certificate: asyncssh.SSHCertificate, host: asyncssh.SSHKey
) -> None:
    async with asyncssh.connect(
        status.host,
        status.port,
        username=status.username,
        client_keys=[(key, certificate)],
        known_hosts=([host.convert_to_public()], [], []),
        config=None,
        agent_path=None,
        encryption_algs=list(CIPHERS),
    ) as connection:
        process = await connection.create_process(term_type="xterm-256color", encoding=None)
        text = b""
        while b"$" not in text:
            text += await process.stdout.read(4096)
