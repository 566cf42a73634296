"""The service in a box: a real Postgres, and a provider, a door and a clock that the test tells what to do."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncssh
import pytest_asyncio

from aether.contracts.catalog import EVENTS
from aether.contracts.command import Command, Reply
from aether.contracts.event import Event
from aether.contracts.ids import AccountId, PersonId, ProjectId, new_id
from aether.contracts.machines import CreateProject, GetProject, ProjectView, StartMachine
from aether.kit.migrate import migrate
from aether.kit.postgres import Database
from aether.kit.vault import Vault, new_keyset
from aether.machines.authority import Authority
from aether.machines.deps import Machines
from aether.machines.domain.project import Project
from aether.machines.errors import ProjectNotFound
from aether.machines.handlers import COMMANDS
from aether.machines.reconciler.clones import Clones
from aether.machines.reconciler.reconciler import Reconciler
from aether.machines.reconciler.watch import Watch
from aether.machines.reconciler.work import carry_out
from aether.machines.settings import MachinesSettings
from aether.machines.store import projects
from aether.machines.store.claims import Claims
from aether.testkit.postgres import PostgresServer

from .fakes import FakeDoor, FakeProvider, TwoClocks

MIGRATIONS = Path(__file__).parents[1] / "migrations"
EventT = TypeVar("EventT", bound=Event)


@dataclass
class Box:
    """One account's view of one service."""

    machines: Machines
    provider: FakeProvider
    door: FakeDoor
    clock: TwoClocks
    url: str
    account: AccountId

    def __post_init__(self) -> None:
        self.watch = Watch(self.machines)
        self.claims: list[Claims] = []

    async def ask(self, command: Command[Any]) -> Any:
        reply: Reply = await COMMANDS[type(command)](command, self.machines)
        return reply

    async def create(self, name: str = "Demo", **wishes: Any) -> ProjectView:
        command = CreateProject(account_id=self.account, person_id=PersonId(new_id()), name=name, **wishes)
        view: ProjectView = await self.ask(command)
        return view

    async def about(self, command: type[Command[Any]], project: ProjectView | ProjectId, **more: Any) -> Any:
        """A command about a project of this account."""
        project_id = project.id if isinstance(project, ProjectView) else project
        return await self.ask(command(account_id=self.account, project_id=project_id, **more))

    async def view(self, project: ProjectView) -> ProjectView:
        view: ProjectView = await self.about(GetProject, project)
        return view

    async def settle(self, project: ProjectView) -> None:
        """Carry out what is open and due, until nothing is."""
        with contextlib.suppress(ProjectNotFound):  # it was destroyed, which is as settled as can be
            while await carry_out(project.id, self.machines):
                continue

    async def running(self, name: str = "Demo", **wishes: Any) -> ProjectView:
        project = await self.create(name, **wishes)
        await self.about(StartMachine, project)
        await self.settle(project)
        view = await self.view(project)
        assert view.status == "running"
        return view

    async def whole(self, project: ProjectView) -> Project:
        async with self.machines.reading() as db:
            return await projects.get(db, project.id)

    async def said(self, event: type[EventT]) -> list[EventT]:
        """What the outbox holds of one kind, oldest first."""
        async with self.machines.reading() as db:
            rows = await db.fetch("SELECT data FROM machines.outbox WHERE subject = $1 ORDER BY id", event.subject)
        return [event.model_validate_json(row["data"]) for row in rows]

    async def count(self, sql: str) -> int:
        async with self.machines.reading() as db:
            found: int = await db.fetchval(sql)
        return found

    def clones(self) -> Clones:
        """What clones, as a process of its own would; its claims end with the test."""
        self.claims.append(Claims(self.url))
        return Clones(self.machines, self.claims[-1])

    @contextlib.asynccontextmanager
    async def process(self) -> AsyncIterator[Reconciler]:
        """A reconciler as another process would have it, with claims of its own."""
        claims = Claims(self.url)
        yield Reconciler(self.machines, claims)
        await claims.close()


@pytest_asyncio.fixture(scope="session")
async def migrated(postgres_server: PostgresServer) -> str:
    """The name of a database with the schema, to be copied and never used."""
    url = await postgres_server.create_database()
    await migrate(url, "machines", MIGRATIONS)
    return url.rsplit("/", 1)[1]


@pytest_asyncio.fixture
async def box(postgres_server: PostgresServer, migrated: str) -> AsyncIterator[Box]:
    url = await postgres_server.create_database(template=migrated)
    async with Database.connect(url, "machines") as database:
        box = await boxed(database, url)
        yield box
        for claims in box.claims:
            await claims.close()
    await postgres_server.drop_database(url)


async def boxed(database: Database, url: str) -> Box:
    assert EVENTS
    clock = TwoClocks()
    provider, vault = FakeProvider(clock), Vault(new_keyset())
    door = FakeDoor(asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode())
    machines = Machines(
        database=database,
        vault=vault,
        authority=await Authority.open(database, vault),
        providers={"local": provider},
        door=door,
        settings=MachinesSettings(),
        clock=clock,
    )
    return Box(machines, provider, door, clock, url, AccountId(new_id()))
