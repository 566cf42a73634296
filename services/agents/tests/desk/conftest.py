"""The service's desk in a box: a real Postgres, a clock that stands still, neighbours in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import pytest_asyncio
from pydantic import SecretStr

from aether.agents.adapters.push import WebPush
from aether.agents.adapters.webhooks import WebhookPoster
from aether.agents.app import MIGRATIONS
from aether.agents.deps.agents import Agents
from aether.agents.deps.attention import AttentionDesk
from aether.agents.deps.keys import KeyRing
from aether.agents.deps.ports import Call
from aether.agents.deps.tokens import TokenBook
from aether.agents.handlers import attention, keys, tokens
from aether.agents.settings import AgentsSettings
from aether.contracts.agents import NoticeView, PutKey
from aether.contracts.command import Command
from aether.contracts.event import Event
from aether.contracts.ids import AccountId, PersonId, ProjectId, RunId, new_id
from aether.contracts.machines import GetProject, GetSshIdentity, SshIdentity
from aether.contracts.problem import NotFound, RefusedElsewhere
from aether.contracts.terminal import GetJumpHost, JumpHostView
from aether.kit.bus import Bus
from aether.kit.migrate import migrate
from aether.kit.postgres import Database
from aether.kit.vault import Vault, new_keyset
from aether.testkit.clock import FakeClock
from aether.testkit.postgres import PostgresServer

EventT = TypeVar("EventT", bound=Event)
COMMANDS = {**keys.COMMANDS, **tokens.COMMANDS, **attention.COMMANDS}
VAPID = "6L2GYK4ZMHVM1OrwHrMGFYZnDPB7LJxRnYEpVBwWwLQ"  # 32 bytes, of these tests alone
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPQ0Hq1z3zyo8vjIbJ6nqQSWw9DgtQ5Kn1VbY5kNwyVX"
JUMP_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO7t2R9lKQ3nQvM0K1XJ7RkYIbvQwz8m9dHcSkxWcWcq jump"


@dataclass
class Neighbours:
    """What machines and terminal would answer of this account's projects."""

    projects: set[tuple[AccountId, ProjectId]] = field(default_factory=set)

    async def request(self, command: Command[Any], *, timeout: float = 5.0) -> Any:
        match command:
            case GetProject() | GetSshIdentity() if (command.account_id, command.project_id) not in self.projects:
                raise RefusedElsewhere(NotFound().problem())
            case GetSshIdentity():
                return SshIdentity(
                    project_id=command.project_id, slug="demo", username="aether", host_key=HOST_KEY
                )
            case GetJumpHost():
                return JumpHostView(host="ssh.example.com", port=2222, host_key=JUMP_KEY)
        return None


@dataclass
class Refits:
    """The links, as far as the desk knows them: which machines were to be given what they may have now."""

    asked: list[tuple[AccountId, ProjectId | None]] = field(default_factory=list)

    def refit(self, account_id: AccountId, project_id: ProjectId | None = None) -> None:
        self.asked.append((account_id, project_id))


@dataclass
class Box:
    """One person with one project."""

    agents: Agents
    clock: FakeClock
    database: Database
    neighbours: Neighbours
    refits: Refits
    ring: KeyRing
    book: TokenBook
    desk: AttentionDesk
    account: AccountId = field(default_factory=lambda: AccountId(new_id()))
    person: PersonId = field(default_factory=lambda: PersonId(new_id()))
    project: ProjectId = field(default_factory=lambda: ProjectId(new_id()))
    run: RunId = field(default_factory=lambda: RunId(new_id()))

    async def ask(self, command: Command[Any]) -> Any:
        return await COMMANDS[type(command)](command, self.agents)

    async def put(self, name: str, value: str | None = None, **more: Any) -> Any:
        wished = {"account_id": self.account, "person_id": self.person, **more}
        return await self.ask(PutKey(name=name, value=value, **wished))

    async def call(self, kind: str = "waiting", **more: Any) -> None:
        """A run of this project calls."""
        plain = {
            "account_id": self.account,
            "person_id": self.person,
            "project_id": self.project,
            "kind": kind,
            "title": "Claude Code waits for you",
            "body": "May I run `rm -rf build`?",
            "path": f"/projects/{self.project}?run={self.run}",
            "once": str(new_id()),
            "run_id": self.run,
        }
        async with self.agents.transaction() as db:
            await self.desk.call(db, Call(**cast("Any", {**plain, **more})))

    async def carry(self) -> None:
        """All that is due now, once."""
        for courier in (self.desk.webhooks, self.desk.pushes):
            await courier.begin()
            await courier.arrived()

    async def said(self, event: type[EventT]) -> list[EventT]:
        rows = await self.rows("SELECT data FROM agents.outbox WHERE subject = $1 ORDER BY id", event.subject)
        return [event.model_validate_json(row["data"]) for row in rows]

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        async with self.agents.reading() as db:
            return await db.fetch(sql, *arguments)

    async def execute(self, sql: str, *arguments: Any) -> None:
        async with self.agents.transaction() as db:
            await db.execute(sql, *arguments)

    def notice(self, **more: Any) -> NoticeView:
        plain = {
            "id": new_id(),
            "account_id": self.account,
            "project_id": self.project,
            "run_id": self.run,
            "kind": "done",
            "title": "t",
            "body": "b",
            "path": "/p",
            "created_at": self.clock.now(),
        }
        return NoticeView(**{**plain, **more})


@pytest_asyncio.fixture(scope="session")
async def migrated(postgres_server: PostgresServer) -> str:
    """The name of a database with the schema, to be copied and never used."""
    url = await postgres_server.create_database()
    await migrate(url, "agents", MIGRATIONS)
    return url.rsplit("/", 1)[1]


@pytest_asyncio.fixture
async def box(postgres_server: PostgresServer, migrated: str, clock: FakeClock) -> AsyncIterator[Box]:
    url = await postgres_server.create_database(template=migrated)
    async with Database.connect(url, "agents") as database:
        yield boxed(database, clock)
    await postgres_server.drop_database(url)


def boxed(database: Database, clock: FakeClock) -> Box:
    settings = AgentsSettings(public_url="http://localhost:8080", vapid_private_key=SecretStr(VAPID))
    neighbours, refits, vault = Neighbours(), Refits(), Vault(new_keyset())
    agents = Agents(settings, database, cast("Bus", neighbours), vault, clock.now)
    ring = KeyRing(database, vault, clock.now)
    book = TokenBook(database, clock.now, refits.refit)
    desk = AttentionDesk(
        database, vault, settings, clock.now, push=WebPush(settings), post=WebhookPoster(settings)
    )
    agents.keys, agents.tokens, agents.attention = ring, book, desk
    agents.links = cast("Any", refits)
    box = Box(agents, clock, database, neighbours, refits, ring, book, desk)
    neighbours.projects.add((box.account, box.project))
    return box
