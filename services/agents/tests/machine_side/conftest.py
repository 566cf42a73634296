"""A machine and the service's side of its connection: real sshd, real Postgres; the other parts in a few lines."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
import pytest_asyncio

from aether import agents as package
from aether.agents.adapters.machine.links import SshLinks
from aether.agents.adapters.machine.scripts import place, socket_folder
from aether.agents.adapters.vendors import Vendors
from aether.agents.api.machine import machine_app
from aether.agents.deps.agents import Agents
from aether.agents.deps.ports import Call, Link, Machine, Output, RunKey, VendorKey
from aether.agents.domain.report import Report
from aether.agents.errors import NoSuchKey, NotHere
from aether.agents.settings import AgentsSettings
from aether.cli.embedded.ports import any_free_port
from aether.contracts.command import Command, Done
from aether.contracts.ids import AccountId, AgentTokenId, PersonId, ProjectId, RunId, new_id
from aether.kit.migrate import migrate
from aether.kit.postgres import Database, Writer
from aether.kit.vault import Vault, new_keyset
from aether.testkit.host import require_host
from aether.testkit.machine import TestMachine, machine_for_a_test

MIGRATIONS = Path(str(package.__file__)).parent / "migrations"
CANARY = "sk-canary-3f9c2b7e51d84a06"


@dataclass
class Keys:
    """One account's keys: brokered ones by vendor, others by name."""

    brokered: dict[str, str] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)
    refusals: list[bool] = field(default_factory=list)

    async def for_vendor(self, account_id: AccountId, _project_id: ProjectId, vendor: str) -> VendorKey:
        if vendor not in self.brokered:
            raise NoSuchKey
        return VendorKey(account_id, vendor, self.brokered[vendor], 1)

    async def vendors(self, _a: AccountId, _p: ProjectId) -> Mapping[str, Literal["brokered", "injected"]]:
        return dict.fromkeys(self.brokered, "brokered")

    async def injected(self, _account_id: AccountId, _project_id: ProjectId) -> Mapping[str, str]:
        return dict(self.plain)

    async def readable(self, _account_id: AccountId, _project_id: ProjectId, name: str) -> str:
        if name in self.brokered:
            raise NotHere
        if name not in self.plain:
            raise NoSuchKey
        return self.plain[name]

    async def noted(self, _key: VendorKey, *, refused: bool) -> None:
        self.refusals.append(refused)


@dataclass
class Tokens:
    given: list[str] = field(default_factory=list)

    async def lines(self, _project_id: ProjectId) -> list[str]:
        return list(self.given)

    async def expired(self) -> list[tuple[ProjectId, AgentTokenId]]:
        return []


@dataclass
class Runs:
    """Runs by their secrets, and what was said of them."""

    secrets: dict[tuple[ProjectId, str], RunKey] = field(default_factory=dict)
    reports: list[tuple[RunId, Report]] = field(default_factory=list)
    hooks: list[tuple[RunId, str, Any]] = field(default_factory=list)

    async def of_secret(self, project_id: ProjectId, secret: str) -> RunKey | None:
        return self.secrets.get((project_id, secret))

    async def report(self, run_id: RunId, report: Report) -> None:
        self.reports.append((run_id, report))

    async def hook(self, key: RunKey, event: str, payload: object) -> None:
        self.hooks.append((key.run_id, event, payload))


@dataclass
class Attention:
    calls: list[Call] = field(default_factory=list)

    async def call(self, _db: Writer, call: Call) -> None:
        self.calls.append(call)

    async def settled(self, _db: Writer, _run_id: RunId) -> None: ...

    async def look(self, db: Writer, account_id: AccountId, person_id: PersonId, run_id: RunId) -> None: ...

    def is_looked_at(self, _person_id: PersonId, _run_id: RunId) -> bool:
        return False


@dataclass
class Bus:
    """Other services: `answers` has for each command what it is answered, or the refusal."""

    answers: dict[type[Command[Any]], Any] = field(default_factory=dict)
    asked: list[Command[Any]] = field(default_factory=list)

    async def request(self, command: Command[Any], *, timeout: float = 5.0) -> Any:
        self.asked.append(command)
        answer = self.answers.get(type(command), Done())
        if isinstance(answer, Exception):
            raise answer
        return answer


class Service:
    """The part of the agents service that is at a machine's side. Several may live at once, as replicas do."""

    def __init__(self, database: Database, vendors: dict[str, str] | None = None) -> None:
        self.keys, self.tokens, self.runs, self.attention, self.bus = Keys(), Tokens(), Runs(), Attention(), Bus()
        settings = AgentsSettings(vendors=vendors or {}, port=any_free_port())  # each is another process
        bus: Any = self.bus
        self.agents = Agents(settings, database, bus, Vault(new_keyset()))
        self.agents.keys, self.agents.tokens = self.keys, self.tokens
        self.agents.runs, self.agents.attention = self.runs, self.attention
        self.vendors = Vendors(settings)
        self.issuers: dict[ProjectId, TestMachine] = {}
        self.links = SshLinks(self.agents, self.issue, partial(machine_app, self.agents, self.vendors))
        self.agents.links = self.links
        self._running: asyncio.Task[None] | None = None

    async def issue(self, project_id: ProjectId, public_key: str) -> Any:
        return await self.issuers[project_id].issue(project_id, public_key)

    def start(self) -> None:
        self._running = asyncio.create_task(self.links.run())

    async def begin(self, box: "Box") -> Link:
        """As when the machine's start was told of."""
        self.issuers[box.project] = box.machine
        await self.started(box.known)
        return await self.links.get(box.project)

    async def started(self, machine: Machine) -> None:
        async with self.agents.transaction() as db:
            await self.links.begin(db, machine)
        await self.links.look()

    async def stopped(self, project_id: ProjectId, generation: int | None = None) -> None:
        async with self.agents.transaction() as db:
            await self.links.end(db, project_id, generation)
        await self.links.look()

    async def stop(self) -> None:
        """In order, as a service that is told to."""
        await self.links.close()
        await self.end()

    async def end(self) -> None:
        """At once, as one that is killed: nothing is given back."""
        if self._running is not None:
            self._running.cancel()
        self._running = None
        for project_id in list(self.links._keepers):
            await self.links._let_go(project_id)
        await self.vendors.close()


@dataclass
class Box:
    """One project's machine, and a client of its socket."""

    machine: TestMachine
    account: AccountId = field(default_factory=lambda: AccountId(new_id()))
    project: ProjectId = field(default_factory=lambda: ProjectId(new_id()))

    @property
    def known(self) -> Machine:
        return Machine(self.project, self.account, self.machine.id, self.machine.generation)

    @property
    def place(self) -> Path:
        return Path(place(self.machine.id))

    @property
    def socket(self) -> Path:
        return Path(socket_folder(self.machine.id)) / "aether.sock"

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator[httpx2.AsyncClient]:
        """Speaks on the machine's socket, as a program in the machine does."""
        transport = httpx2.AsyncHTTPTransport(uds=str(self.socket))
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://aether", timeout=httpx2.Timeout(20), **options
        ) as client:
            yield client

    async def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        async with self.client() as client:
            return await client.request(method, path, **options)

    async def answers(self) -> bool:
        """Whether the socket answers now."""
        try:
            return (await self.ask("GET", "/v1/nothing")).status_code == 404
        except httpx2.HTTPError:
            return False

    def secret_for(self, service: Service) -> tuple[RunId, str]:
        """A run of this machine, and its secret."""
        key = RunKey(RunId(new_id()), self.account, self.project)
        secret = f"run-{new_id().hex}"
        service.runs.secrets[self.project, secret] = key
        return key.run_id, secret

    def clear(self) -> None:
        for folder in (self.place, self.socket.parent):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def a_box() -> Iterator[Box]:
    with machine_for_a_test() as machine:
        box = Box(machine)
        try:
            yield box
        finally:
            box.clear()


@pytest.fixture
def box() -> Iterator[Box]:
    require_host("sshd", "bwrap")
    with a_box() as box:
        yield box


@pytest.fixture
def other_box() -> Iterator[Box]:
    with a_box() as box:
        yield box


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    await migrate(database_url, "agents", MIGRATIONS)
    async with Database.connect(database_url, "agents") as database:
        yield database


@pytest_asyncio.fixture
async def service(database: Database) -> AsyncIterator[Service]:
    service = Service(database)
    service.start()
    yield service
    await service.stop()


async def in_machine(link: Link, script: str, **options: Any) -> Output:
    """A script that must not fail."""
    output = await link.execute(script, **options)
    assert output.status == 0, output
    return output
