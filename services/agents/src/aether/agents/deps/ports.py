"""The parts of the service as the others know them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from aether.agents.domain.launch import File
from aether.agents.domain.report import Report
from aether.contracts.agents import NoticeKind
from aether.contracts.ids import AccountId, AgentTokenId, PersonId, ProjectId, RunId
from aether.kit.postgres import Writer

Now = Callable[[], datetime]


@dataclass(frozen=True)
class Machine:
    """A machine that runs, as MachineStarted told of it."""

    project_id: ProjectId
    account_id: AccountId
    machine_id: UUID
    generation: int


@dataclass(frozen=True)
class Output:
    """What a short command in a machine said. Both texts are bounded."""

    status: int | None
    stdout: str
    stderr: str


class Link(Protocol):
    """The connection to one machine, with its socket and its way to the broker standing."""

    machine: Machine
    home: str
    workspace: str
    place: str  # the machine's folder on tmpfs, mode 0700
    socket: str
    program: str
    broker: str  # http://127.0.0.1:PORT, as it is reached inside the machine

    async def execute(self, script: str, stdin: bytes = b"", timeout: float = 20.0) -> Output:
        """An sh script in the workspace. Raises MachineUnreachable. One that takes too long ends: status None."""

    async def write(self, files: Sequence[File]) -> None:
        """Write files whole (beside the old one, then renamed). Raises MachineUnreachable."""


class Links(Protocol):
    """The connections this process keeps: one for each machine that runs."""

    async def get(self, project_id: ProjectId) -> Link:
        """Made ready if it is not yet. Raises the authority's refusal or MachineUnreachable."""

    async def begin(self, db: Writer, machine: Machine) -> None:
        """A machine has started. Kept in the caller's transaction, who has it looked at after that."""

    async def end(self, db: Writer, project_id: ProjectId, generation: int | None = None) -> None:
        """A machine of this start, or of one before it, has stopped; None: the project is gone, whichever runs.
        Kept in the caller's transaction, who has it looked at after that."""

    async def look(self) -> None:
        """Connect to what has begun, and let go of what has ended. Returns before any connection stands."""

    def refit(self, account_id: AccountId, project_id: ProjectId | None = None) -> None:
        """Keys or tokens have changed: have running machines (of the account, or one) given what they may have
        now, within 5 s. Returns at once."""


@dataclass(frozen=True)
class RunKey:
    """Whose request it is that came with a run's secret."""

    run_id: RunId
    account_id: AccountId
    project_id: ProjectId


class RunDesk(Protocol):
    """Runs, for those who hear of them: the socket, the broker, the terminals."""

    async def of_secret(self, project_id: ProjectId, secret: str) -> RunKey | None:
        """The run that shows this secret, if it is of this project and has not ended."""

    async def report(self, run_id: RunId, report: Report) -> None:
        """Take a report into account. One of a run that has ended, or that there is not, is dropped."""

    async def hook(self, key: RunKey, event: str, payload: object) -> None:
        """What the agent's own hook or event says; the catalog's entry reads it."""


@dataclass(frozen=True)
class VendorKey:
    """A key to put into a request for a vendor."""

    account_id: AccountId
    name: str
    value: str
    version: int

    def __repr__(self) -> str:
        return f"VendorKey({self.name!r})"


class Keys(Protocol):
    """The account's keys, for those who use them."""

    async def for_vendor(self, account_id: AccountId, project_id: ProjectId, vendor: str) -> VendorKey:
        """The brokered key of a vendor. Raises NoSuchKey, or NotHere if it is not for this project."""

    async def vendors(
        self, account_id: AccountId, project_id: ProjectId
    ) -> Mapping[str, Literal["brokered", "injected"]]:
        """For which vendors the project has a key, and how it comes."""

    async def injected(self, account_id: AccountId, project_id: ProjectId) -> Mapping[str, str]:
        """Name → value of the keys that stand in the environment of the project's sessions."""

    async def readable(self, account_id: AccountId, project_id: ProjectId, name: str) -> str:
        """A key's value for a program in the machine. Raises NoSuchKey; NotHere for a brokered key."""

    async def noted(self, key: VendorKey, *, refused: bool) -> None:
        """The vendor took the key, or refused it. Written at most once a minute while it is the same."""


class Tokens(Protocol):
    """Agent tokens, for those who let them in."""

    async def lines(self, project_id: ProjectId) -> list[str]:
        """authorized_keys: the public keys that may enter the project's machine now, with their options."""

    async def expired(self) -> list[tuple[ProjectId, AgentTokenId]]:
        """Tokens whose time has just come; their revocation has been said."""


@dataclass(frozen=True)
class Call:
    """Something that calls for a person. `once` names it: raised twice, it is one notice."""

    account_id: AccountId
    person_id: PersonId
    project_id: ProjectId
    kind: NoticeKind
    title: str
    body: str
    path: str
    once: str
    run_id: RunId | None = None


class Attention(Protocol):
    """Calls for a person."""

    async def call(self, db: Writer, call: Call) -> None:
        """In the caller's transaction: keep the notice, say it, and set its deliveries on their way."""

    async def settled(self, db: Writer, run_id: RunId) -> None:
        """What the run called for is over (answered, gone on): its notices are read."""

    async def look(self, db: Writer, account_id: AccountId, person_id: PersonId, run_id: RunId) -> None:
        """A page of the person is proven to show this very run right now: good for 15 s, in which nothing that it
        calls for leaves aether. Its notices are read."""
