"""The port behind which machines are made: one Protocol, an adapter for each kind of host.

Every operation may be repeated with the same arguments and ends the same way, because the reconciler
repeats whatever it cannot prove was done.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from aether.contracts.ids import MachineId, OperationId, ProjectId

USERNAME = "dev"  # who everybody is in a machine, unless its provider says otherwise


class Observed(StrEnum):
    """What a provider sees of a machine, in its own time."""

    STARTING = "starting"
    RUNNING = "running"
    GONE = "gone"


@dataclass(frozen=True)
class Limits:
    """What one machine may take. Memory and disk in MiB; pids is a count of processes and threads."""

    memory_mb: int = 4096
    disk_mb: int = 20480
    pids: int = 2048
    cpus: float = 2.0


@dataclass(frozen=True)
class HostIdentity:
    """The machine's SSH identity: what it proves itself with and whom it lets in. Keys in OpenSSH text."""

    private_key: str = field(repr=False)
    public_key: str
    user_ca: str  # public key of the certificate authority whose users may enter
    principal: str  # the name a certificate must carry: the machine's id


@dataclass(frozen=True)
class MachineSpec:
    """What to start."""

    machine_id: MachineId
    project_id: ProjectId
    operation_id: OperationId  # the same for every repetition of one start
    generation: int  # counts the starts of this project; an older one is never routed to
    hostname: str
    volume: str  # what create_volume answered
    identity: HostIdentity
    limits: Limits
    env: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class MachineStatus:
    """One look at one machine."""

    machine_id: MachineId
    observed: Observed
    generation: int = 0
    host: str = ""
    port: int = 0
    username: str = ""
    home_dir: str = ""
    workspace_dir: str = ""
    tmux: bool = False
    started_at: datetime | None = None  # from the provider, UTC
    stopped_at: datetime | None = None  # from the provider, UTC; the last moment it was seen alive if it vanished
    reason: str = ""  # a sentence for the person when it ended by itself


class Provider(Protocol):
    """Makes volumes and machines. Refusals are ProviderRefused; what may pass by itself is ProviderUnavailable."""

    name: str

    async def create_volume(self, project_id: ProjectId, operation_id: OperationId, limits: Limits) -> str: ...

    async def destroy_volume(self, volume: str) -> None: ...

    async def start(self, spec: MachineSpec) -> MachineStatus:
        """Create and start. Answers once SSH listens. An earlier generation of the project is ended first."""
        ...

    async def stop(self, machine_id: MachineId) -> MachineStatus:
        """End it: TERM, then KILL after 5 s. A machine that is not there is already stopped."""
        ...

    async def inspect(self, machine_id: MachineId) -> MachineStatus: ...

    async def list(self) -> list[MachineStatus]: ...


class ProviderUnavailable(Exception):
    """The provider did not answer, or not usefully; the same call may succeed later."""


class ProviderRefused(Exception):
    """The provider will not do it, and will not later either. The text is a sentence for the person."""
