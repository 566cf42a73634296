"""What is asked of machines and what it says: projects, their machines, and the seconds they ran."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from aether.contracts.command import Command, Done, Reply
from aether.contracts.event import Event
from aether.contracts.ids import AccountId, IntervalId, MachineId, PersonId, ProjectId
from aether.contracts.service import Service

ProjectStatus = Literal["stopped", "starting", "running", "stopping", "error"]
CloneState = Literal["none", "pending", "running", "done", "failed"]


class MachineView(Reply):
    """The machine that runs, or ran last. `generation` counts the starts of the project."""

    id: MachineId
    generation: int
    started_at: AwareDatetime | None = None


class AwakeReason(Reply):
    """Why the machine is not stopped for idleness, and until when that reason holds."""

    kind: Literal["input", "output", "hold"]
    name: str = ""
    until: AwareDatetime


class CloneView(Reply):
    """How far the first clone is. `percent` is of the present phase; `message` is a sentence on failure."""

    state: CloneState
    phase: str = ""
    percent: int | None = None
    message: str = ""


class LimitsView(Reply):
    """What one machine may take: MiB of memory and disk, and a count of processes."""

    memory_mb: int
    disk_mb: int
    pids: int


class ProjectView(Reply):
    """A project as its owner sees it. `version` grows with each change; an older one is ignored."""

    id: ProjectId
    account_id: AccountId
    name: str
    slug: str
    status: ProjectStatus
    status_detail: str = ""
    repo_url: str = ""
    branch: str = ""
    provider: str
    size: str
    idle_minutes: int
    recording: bool = True
    machine: MachineView | None = None
    awake_because: list[AwakeReason] = []
    stops_at: AwareDatetime | None = None
    clone: CloneView
    limits: LimitsView
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime


class ProjectList(Reply):
    items: list[ProjectView]
    next_cursor: str | None = None


class SshCertificate(Reply):
    """The way into a machine for five minutes. Keys and certificate are OpenSSH one-line text."""

    project_id: ProjectId
    machine_id: MachineId
    generation: int
    host: str
    port: int
    username: str
    host_key: str
    certificate: str
    home_dir: str
    workspace_dir: str
    tmux: bool
    recording: bool
    env: dict[str, str] = {}


class CreateProject(Command[ProjectView]):
    """Make a project and its volume. `idempotency_key` makes a repetition answer the first project."""

    service = Service.MACHINES
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    name: str
    repo_url: str = ""
    branch: str = ""
    provider: str | None = None
    size: str | None = None
    idle_minutes: int | None = None
    env: dict[str, str] = {}
    recording: bool = True
    idempotency_key: str | None = None


class ListProjects(Command[ProjectList]):
    """The account's projects, newest first. `cursor` is what the last page gave."""

    service = Service.MACHINES
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class GetProject(Command[ProjectView]):
    """One project of the account. A foreign one is as missing as none."""

    service = Service.MACHINES
    callers = frozenset({Service.GATEWAY, Service.TERMINAL, Service.AGENTS})

    account_id: AccountId
    project_id: ProjectId


class GetProjectBySlug(Command[ProjectView]):
    """The project that an address names, whoever owns it. Whether a visitor may see it, the caller judges."""

    service = Service.MACHINES
    callers = frozenset({Service.GATEWAY})

    slug: Annotated[str, Field(min_length=1, max_length=64)]


class UpdateProject(Command[ProjectView]):
    """Change what is given; None leaves a field as it is."""

    service = Service.MACHINES
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId
    name: str | None = None
    idle_minutes: int | None = None
    recording: bool | None = None
    env: dict[str, str] | None = None


class DeleteProject(Command[Done]):
    """Remove machine, volume and all. Allowed in every state; a start under way is abandoned."""

    service = Service.MACHINES
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId


class StartMachine(Command[ProjectView]):
    """Ask for a running machine. Already starting or running is a success, not a second start."""

    service = Service.MACHINES
    callers = frozenset({Service.GATEWAY, Service.AGENTS})

    account_id: AccountId
    project_id: ProjectId


class StopMachine(Command[ProjectView]):
    """Ask for no machine; the volume stays. Already stopped is a success."""

    service = Service.MACHINES
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId


class RestartMachine(Command[ProjectView]):
    """Stop, then start with the next generation."""

    service = Service.MACHINES
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId


class PlaceHold(Command[ProjectView]):
    """Keep the machine awake under a name for `expires_in` seconds, one hour at most. Repeating renews it."""

    service = Service.MACHINES
    callers = frozenset({Service.GATEWAY, Service.AGENTS})

    account_id: AccountId
    project_id: ProjectId
    name: Annotated[str, Field(min_length=1, max_length=64)]
    expires_in: Annotated[int, Field(ge=1, le=3600)]


class ReleaseHold(Command[ProjectView]):
    """Let go of a hold. One that is not there is already released."""

    service = Service.MACHINES
    callers = frozenset({Service.GATEWAY, Service.AGENTS})

    account_id: AccountId
    project_id: ProjectId
    name: str


class IssueSshCertificate(Command[SshCertificate]):
    """Sign a public key for five minutes, for one machine. Refused unless the machine runs.

    `public_key` is an OpenSSH line. The private key never leaves the caller.
    """

    service = Service.MACHINES
    callers = frozenset({Service.TERMINAL, Service.FILES, Service.AGENTS})

    project_id: ProjectId
    public_key: str


class SshIdentity(Reply):
    """How a project's machine is known by SSH, whether it runs or not. `host_key` is an OpenSSH line."""

    project_id: ProjectId
    slug: str
    username: str
    host_key: str


class GetSshIdentity(Command[SshIdentity]):
    """For a person's known_hosts: the host key stays the same for the life of the project."""

    service = Service.MACHINES
    callers = frozenset({Service.AGENTS})

    account_id: AccountId
    project_id: ProjectId


class ProjectCreated(Event):
    """A project was made. Its volume may not exist yet; no machine runs."""

    subject = "project.created.v1"
    producer = Service.MACHINES
    consumers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId
    project: ProjectView


class ProjectChanged(Event):
    """Something that its owner can see has changed: name, status, clone, holds, when it stops.

    Carries the whole project. Does not say what changed; compare with what you had.
    """

    subject = "project.changed.v1"
    producer = Service.MACHINES
    consumers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId
    project: ProjectView


class ProjectDeleted(Event):
    """A project is gone for its owner. Its volume may take longer to go."""

    subject = "project.deleted.v1"
    producer = Service.MACHINES
    consumers = frozenset({Service.GATEWAY, Service.TERMINAL, Service.FILES, Service.AGENTS})

    account_id: AccountId
    project_id: ProjectId


class MachineStarted(Event):
    """A machine has booted and answered its first SSH prompt. Sent once per boot, never on reconnect.

    `started_at` is UTC, from the provider. Does not mean that the repository has been cloned.
    """

    subject = "machine.started.v1"
    producer = Service.MACHINES
    consumers = frozenset({Service.TERMINAL, Service.AGENTS})

    account_id: AccountId
    project_id: ProjectId
    machine_id: MachineId
    generation: int
    interval_id: IntervalId
    started_at: AwareDatetime


class MachineStopped(Event):
    """A machine has ended, asked for or not. Sent once per boot that was told of by MachineStarted.

    `stopped_at` is UTC, from the provider; for a machine that vanished, the last time it was seen alive.
    """

    subject = "machine.stopped.v1"
    producer = Service.MACHINES
    consumers = frozenset({Service.TERMINAL, Service.FILES, Service.AGENTS})

    account_id: AccountId
    project_id: ProjectId
    machine_id: MachineId
    generation: int
    interval_id: IntervalId
    started_at: AwareDatetime
    stopped_at: AwareDatetime
    reason: Literal["asked", "idle", "died", "deleted", "replaced"]


class UsageTick(Event):
    """A machine ran throughout [window_start, window_end). Sent about once a minute and at the end.

    Windows of one interval adjoin and never overlap; a repetition has the same ids and times.
    """

    subject = "usage.tick.v1"
    producer = Service.MACHINES
    consumers = frozenset()

    account_id: AccountId
    project_id: ProjectId
    machine_id: MachineId
    interval_id: IntervalId
    window_start: AwareDatetime
    window_end: AwareDatetime
