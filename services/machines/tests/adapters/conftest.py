"""A home for local machines, and everything needed to enter them the way aether does."""

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncssh
import pytest
import pytest_asyncio

from aether.contracts.ids import MachineId, OperationId, ProjectId, new_id
from aether.machines.adapters.local import LocalProvider, processes, volumes
from aether.machines.adapters.local.host import look
from aether.machines.adapters.local.provider import keeper_of
from aether.machines.provider import HostIdentity, Limits, MachineSpec, MachineStatus
from aether.testkit.host import require_host

WAYS = ["sandbox", "bare"]


def new_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


@dataclass
class Lab:
    """One AETHER_HOME, its provider, and the keys of the test's own authority."""

    home: Path
    sandboxed: bool
    provider: LocalProvider
    authority: asyncssh.SSHKey = field(default_factory=new_key)
    host_key: asyncssh.SSHKey = field(default_factory=new_key)
    person_key: asyncssh.SSHKey = field(default_factory=new_key)

    @property
    def walled(self) -> bool:
        """Whether projects are kept from each other here: not for a person without a sandbox."""
        return self.sandboxed or os.geteuid() == 0

    async def spec(self, limits: Limits | None = None, env: dict[str, str] | None = None) -> MachineSpec:
        """A new project with its volume, ready to start."""
        project_id, machine_id = ProjectId(new_id()), MachineId(new_id())
        volume = await self.provider.create_volume(project_id, OperationId(new_id()), Limits())
        identity = HostIdentity(
            private_key=self.host_key.export_private_key("openssh").decode(),
            public_key=self.host_key.export_public_key("openssh").decode().strip(),
            user_ca=self.authority.export_public_key("openssh").decode().strip(),
            principal=str(machine_id),
        )
        return MachineSpec(
            machine_id=machine_id,
            project_id=project_id,
            operation_id=OperationId(new_id()),
            generation=1,
            hostname="demo",
            volume=volume,
            identity=identity,
            limits=limits or Limits(),
            env=env or {},
        )

    async def started(self, limits: Limits | None = None, env: dict[str, str] | None = None) -> MachineStatus:
        return await self.provider.start(await self.spec(limits, env))

    def certificate(self, principal: object, authority: asyncssh.SSHKey | None = None) -> asyncssh.SSHCertificate:
        signer = authority or self.authority
        return signer.generate_user_certificate(
            self.person_key, "test", principals=[str(principal)], valid_before="+5m"
        )

    @contextlib.asynccontextmanager
    async def entered(
        self,
        machine: MachineStatus,
        *,
        certificate: asyncssh.SSHCertificate | None = None,
        host_key: asyncssh.SSHKey | None = None,
        username: str = "",
    ) -> AsyncIterator[asyncssh.SSHClientConnection]:
        """A connection that trusts only the host key it expects."""
        entry = (self.person_key, certificate or self.certificate(machine.machine_id))
        async with asyncssh.connect(
            machine.host,
            machine.port,
            username=username or machine.username,
            client_keys=[entry],
            known_hosts=([(host_key or self.host_key).convert_to_public()], [], []),
            encryption_algs=["aes128-gcm@openssh.com"],
            agent_path=None,
            config=None,
        ) as connection:
            yield connection

    async def says(self, machine: MachineStatus, command: str) -> str:
        """What a command prints, without the last newline; it must succeed."""
        async with self.entered(machine) as connection:
            done = await connection.run(command, check=True)
        return str(done.stdout).rstrip("\n")

    def volume(self, spec: MachineSpec) -> Path:
        return self.home / "volumes" / spec.volume

    def processes_of(self, machine: MachineStatus) -> set[processes.Process]:
        """Everything that carries the machine's mark."""
        marked = processes.with_environment(f"AETHER_MACHINE_ID={machine.machine_id}")
        return marked | processes.with_argument(str(self.home / "machines" / str(machine.machine_id)))


def again(spec: MachineSpec, **changes: object) -> MachineSpec:
    """The next start of the same machine."""
    return replace(spec, operation_id=OperationId(new_id()), generation=spec.generation + 1, **changes)  # type: ignore[arg-type]


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that a dropped uid can walk through, as pytest's own cannot be. Empty of processes at the end."""
    folder = Path(tempfile.mkdtemp(prefix="aether-home-")).resolve()
    folder.chmod(0o711)
    yield folder
    keeper_of(folder, look(), None).end_all(grace=0)
    assert not processes.arguments_under(folder / "machines")
    volumes.remove(folder)


@pytest_asyncio.fixture(params=WAYS)
async def lab(request: pytest.FixtureRequest, home: Path) -> AsyncIterator[Lab]:
    """Machines in a sandbox, and machines without one."""
    sandboxed = request.param == "sandbox"
    if sandboxed:
        require_host("sshd", "bwrap", "setpriv", "prlimit")
        assert look().sandbox, "bubblewrap is there and does not work"
    provider = LocalProvider(home, sandbox=sandboxed)
    yield Lab(home, sandboxed, provider)
    provider.close()
