"""What handlers and the reconciler may touch, and the ports to what is outside."""

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from aether.contracts.event import Event
from aether.contracts.ids import AccountId, ProjectId
from aether.contracts.machines import SshCertificate
from aether.kit.postgres import Database, Reader, Writer
from aether.kit.vault import Vault
from aether.machines.authority import Authority
from aether.machines.domain.environment import machine_env
from aether.machines.domain.project import Project, addressed
from aether.machines.domain.sizes import SIZES
from aether.machines.provider import HostIdentity, MachineSpec, MachineStatus, Provider
from aether.machines.settings import MachinesSettings
from aether.machines.store import changes, projects

Changed = tuple[Project, tuple[Event, ...]]


class Clock(Protocol):
    """Two ways of telling time: the host's, which may jump, and one that only ever goes on."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class Door(Protocol):
    """The way into a machine by SSH. Who holds the private key of `public_key` is the service itself."""

    public_key: str

    async def knock(self, machine: SshCertificate) -> None:
        """Wait for the first prompt. Raises MachineUnreachable if there is none in 10 s."""
        ...

    async def run(self, machine: SshCertificate, command: str, heard: Callable[[str], None]) -> int:
        """Run to the end; its standard error goes to `heard` as it comes. Answers the exit status."""
        ...


@dataclass
class Machines:
    """The service, put together: one for each process."""

    database: Database
    vault: Vault
    authority: Authority
    providers: Mapping[str, Provider]
    door: Door
    settings: MachinesSettings
    clock: Clock
    # Called after each change, so that what follows from it begins at once.
    on_change: list[Callable[[], None]] = field(default_factory=list)

    def reading(self) -> AbstractAsyncContextManager[Reader]:
        return self.database.reading()

    @asynccontextmanager
    async def transaction(self, cause: Event | None = None) -> AsyncIterator[Writer]:
        async with self.database.transaction(cause) as db:
            yield db
        for call in self.on_change:
            call()

    async def change(
        self, project_id: ProjectId, act: Callable[[Project, datetime], Project | Changed],
        *, account_id: AccountId | None = None,
    ) -> Project:  # fmt: skip
        """One project, changed by the domain in a transaction of its own. Raises ProjectNotFound."""
        async with self.transaction() as db:
            return await self.change_in(db, project_id, act, account_id=account_id)

    async def change_in(
        self, db: Writer, project_id: ProjectId, act: Callable[[Project, datetime], Project | Changed],
        *, account_id: AccountId | None = None,
    ) -> Project:  # fmt: skip
        """The same inside a transaction that does more."""
        before = await projects.lock(db, project_id, account_id)
        now = self.clock.now()
        changed = act(before, now)
        after, facts = changed if isinstance(changed, tuple) else (changed, ())
        return await changes.keep(db, before, after, facts, now)

    def provider_of(self, project: Project) -> Provider:
        return self.providers[project.provider]

    # Secrets of a project

    def seal_env(self, env: Mapping[str, str], account_id: AccountId, project_id: ProjectId) -> bytes:
        return self.vault.seal(json.dumps(env).encode(), str(account_id), "env", str(project_id), "1")

    def env_of(self, project: Project) -> dict[str, str]:
        opened = self.vault.open(project.env_sealed, str(project.account_id), "env", str(project.id), "1")
        env: dict[str, str] = json.loads(opened)
        return env

    def seal_host_key(self, private_key: bytes, account_id: AccountId, project_id: ProjectId) -> bytes:
        return self.vault.seal(private_key, str(account_id), "host-key", str(project_id), "1")

    def spec_of(self, project: Project, volume: str) -> MachineSpec:
        """What the provider is told to start: the same each time for one intent."""
        assert project.machine is not None
        assert project.intent is not None
        return MachineSpec(
            machine_id=project.machine.id,
            project_id=project.id,
            operation_id=project.intent.operation_id,
            generation=project.machine.generation,
            hostname=project.slug,
            volume=volume,
            identity=self._identity_of(project, str(project.machine.id)),
            limits=SIZES[project.size],
            env={**self.env_of(project), **machine_env(project.machine.id, self.settings.github_web_url)},
        )

    def _identity_of(self, project: Project, principal: str) -> HostIdentity:
        private_key = self.vault.open(
            project.host_key_sealed, str(project.account_id), "host-key", str(project.id), "1"
        )
        return HostIdentity(
            private_key=private_key.decode(),
            public_key=project.host_key,
            user_ca=self.authority.public_key,
            principal=principal,
        )

    def way_in(self, project: Project, seen: MachineStatus | None = None) -> SshCertificate:
        """The same for the service itself; with `seen`, into a machine that has only just been started."""
        if seen is not None and project.machine is not None:
            project = replace(project, machine=addressed(project.machine, seen))
        return self.certify(project, self.door.public_key)

    def certify(self, project: Project, public_key: str) -> SshCertificate:
        """The way into the project's machine, for whoever holds the private key, for five minutes."""
        machine = project.machine
        assert machine is not None
        return SshCertificate(
            project_id=project.id,
            machine_id=machine.id,
            generation=machine.generation,
            host=machine.host,
            port=machine.port,
            username=machine.username,
            host_key=project.host_key,
            certificate=self.authority.sign(public_key, machine.id, project.id, self.clock.now().timestamp()),
            home_dir=machine.home_dir,
            workspace_dir=machine.workspace_dir,
            tmux=machine.tmux,
            recording=project.recording,
            env={**self.env_of(project), **machine_env(machine.id, self.settings.github_web_url)},
        )
