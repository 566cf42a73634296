"""Runs in a box: real Postgres, keys and notices; machines and terminals in memory, and a clock the test moves."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
import pytest_asyncio

from aether import agents as package
from aether.agents.deps.agents import Agents
from aether.agents.deps.attention import AttentionDesk
from aether.agents.deps.keys import KeyRing
from aether.agents.deps.ports import Link, Machine, Output, RunKey
from aether.agents.deps.runs import Runs
from aether.agents.deps.tokens import TokenBook
from aether.agents.domain import dialog
from aether.agents.domain.launch import Agent, File, Launch, Plan
from aether.agents.domain.report import Asked, Option, Report
from aether.agents.handlers import COMMANDS, EVENTS
from aether.agents.settings import AgentsSettings
from aether.agents.store import machines
from aether.contracts import machines as m
from aether.contracts import terminal as t
from aether.contracts.agents import GetRun, ListNotices, MessageRun, NoticeList, NoticeView, RunView, StartRun
from aether.contracts.command import Command
from aether.contracts.event import Event
from aether.contracts.ids import AccountId, IntervalId, PersonId, ProjectId, TerminalId, new_id
from aether.contracts.problem import Refusal, Unavailable
from aether.kit.migrate import migrate
from aether.kit.postgres import Database, Writer
from aether.kit.ssh import MachineUnreachable
from aether.kit.vault import Vault, new_keyset
from aether.testkit.clock import FakeClock
from aether.testkit.eventually import eventually
from aether.testkit.neighbours import Machines, Terminals
from aether.testkit.postgres import PostgresServer

MIGRATIONS = Path(str(package.__file__)).parent / "migrations"
EventT = TypeVar("EventT", bound=Event)
OWNER = UUID(int=1)  # of the connections, as if this process kept some


def read(event: str, payload: Any, at: datetime) -> list[Report]:
    """The hooks of an agent made for tests: the event is the state, and the payload says the rest."""
    if event == "ready":
        return [Report("hook", at)]
    if event not in {"working", "waiting", "done", "failed"}:
        return []
    said = payload if isinstance(payload, dict) else {}
    named = {name: said[name] for name in ("key", "before", "about") if name in said}
    named["options"] = tuple(Option(**option) for option in said.get("options", []))
    named["shown"] = dialog.marks(*said.get("shown", []))
    asked = Asked(said.get("kind", "question"), said["ask"], **named) if "ask" in said else None
    return [
        Report(
            "hook",
            at,
            event,  # type: ignore[arg-type] # one of the four
            asked=asked,
            doing=said.get("doing", ""),
            about=said.get("about", ""),
            last_message=said.get("words", ""),
            session=said.get("session", ""),
        )
    ]


def plan(launch: Launch) -> Plan:
    go = f"resume {launch.session}" if launch.resuming else "begin"
    return Plan(
        f"exec talker {go}",
        {"TALKER_KEY": launch.secret, "TALKER_URL": launch.brokers.get("anthropic", "")},
        [File(f"{launch.place}/prompt", launch.prompt)],
    )


TALKER = Agent(
    "talker", "Talker", "Says how far it is.", "https://talker.example", ("anthropic",),
    detect="command -v talker", install="get talker", plan=plan, read=read, resumes=True, has_hooks=True,
)  # fmt: skip
MUTE = Agent(
    "mute", "Mute", "Says nothing.", "", (), detect="true", install="", asks=(r"^Really\b",),
    plan=lambda launch: Plan("exec mute", {}), read=lambda *_: [],
)  # fmt: skip
COMMAND = Agent(
    "command", "Any command", "Runs it.", "", (),
    detect="true", install="", takes_prompt=False, takes_command=True,
    plan=lambda launch: Plan(launch.command, {}), read=lambda *_: [],
)  # fmt: skip
MOVER = replace(TALKER, name="mover", title="Mover", moves=True, asks=("^> 1. Red",), above=("^~~~",))
CATALOG = {agent.name: agent for agent in (TALKER, MOVER, MUTE, COMMAND)}


@dataclass
class Screens(Terminals):
    """Terminals that make one for each key, and whose screens a test writes."""

    clock: FakeClock = field(default_factory=FakeClock)
    opened: dict[str, TerminalId] = field(default_factory=dict)
    commands: list[t.OpenTerminal] = field(default_factory=list)
    changed: dict[TerminalId, datetime] = field(default_factory=dict)
    offset: int = 0
    appears: bool = True
    tries: list[t.TypeText] = field(default_factory=list)  # each request, also a repeated one

    async def open(self, command: t.OpenTerminal, _: Any) -> t.TerminalView:
        known = self.opened.get(command.idempotency_key or "")
        if known is not None:
            return self.terminals[known]
        view = await super().open(command, _)
        self.opened[command.idempotency_key or str(view.id)] = view.id
        self.commands.append(command)
        return view

    async def read_screen(self, command: t.ReadScreen, _: Any) -> t.ScreenView:
        view = await super().read_screen(command, _)
        return view.model_copy(update={"changed_at": self.changed.get(command.terminal_id), "offset": self.offset})

    async def type_text(self, command: t.TypeText, _: Any) -> t.Typed:
        self.tries.append(command)
        typed = await super().type_text(command, _)
        return typed.model_copy(update={"appeared": self.appears})

    def show(self, terminal_id: TerminalId | None, *lines: str) -> None:
        """Output comes now."""
        assert terminal_id is not None
        self.screens[terminal_id] = list(lines)
        self.changed[terminal_id] = self.clock.now()
        self.offset += 1


class Wire:
    """The bus, played by calling the neighbours; those named in `away` do not answer."""

    def __init__(self, *neighbours: Any) -> None:
        self._handlers = {command: handler for n in neighbours for command, handler in n.handlers().items()}
        self.away: set[type[Command[Any]]] = set()
        self.asked: list[Command[Any]] = []
        # Called before a command is answered, for what happens at that very moment.
        self.before: Callable[[Command[Any]], None] = lambda _: None

    def handle(self, command: type[Command[Any]], handler: Any) -> None:
        """Have a command answered differently from now on."""
        self._handlers[command] = handler

    async def request(self, command: Command[Any], *, timeout: float = 5.0) -> Any:
        await asyncio.sleep(0)
        self.before(command)
        if type(command) in self.away:
            raise Unavailable("Nobody is there.")
        self.asked.append(command)
        return await self._handlers[type(command)](command, None)


@dataclass
class FakeLink:
    """A machine that takes files, and says to each script what the test lets it say."""

    machine: Machine
    home: str = "/home/dev"
    workspace: str = "/home/dev/workspace"
    place: str = "/dev/shm/aether-m"
    socket: str = "/tmp/aether-m/aether.sock"
    program: str = "/home/dev/.aether/bin/aether"
    broker: str = "http://127.0.0.1:4001"
    files: dict[str, str] = field(default_factory=dict)
    scripts: list[str] = field(default_factory=list)
    says: str = ""

    async def execute(self, script: str, stdin: bytes = b"", timeout: float = 20.0) -> Output:
        self.scripts.append(script)
        return Output(0, self.says, "")

    async def write(self, files: Sequence[File]) -> None:
        self.files.update({file.path: file.text for file in files})


class FakeLinks:
    """The links of machines that have begun."""

    def __init__(self) -> None:
        self.links: dict[ProjectId, FakeLink] = {}

    async def get(self, project_id: ProjectId) -> Link:
        if project_id not in self.links:
            raise MachineUnreachable("It does not answer yet.")
        return self.links[project_id]

    async def begin(self, db: Writer, machine: Machine) -> None:
        row = machines.Row(machine.project_id, machine.account_id, machine.machine_id, machine.generation)
        await machines.begin(db, row, OWNER, timedelta(seconds=8))
        self.links[machine.project_id] = FakeLink(machine)

    async def end(self, db: Writer, project_id: ProjectId, generation: int | None = None) -> None:
        await machines.end(db, project_id, generation)
        there = self.links.get(project_id)
        if there is not None and (generation is None or there.machine.generation <= generation):
            del self.links[project_id]

    async def look(self) -> None: ...

    def refit(self, account_id: AccountId, project_id: ProjectId | None = None) -> None:
        raise AssertionError("nothing here changes a key or a token")


class Nobody:
    """Neither a push service nor a webhook's receiver; no test here has one."""

    async def send(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("nothing here leaves aether")


@dataclass
class Box:
    """One person with projects, and an agents service that a test may end and begin again."""

    database: Database
    clock: FakeClock
    machines: Machines = field(default_factory=Machines)
    account: AccountId = field(default_factory=lambda: AccountId(new_id()))
    person: PersonId = field(default_factory=lambda: PersonId(new_id()))
    vault: Vault = field(default_factory=lambda: Vault(new_keyset()))
    settings: AgentsSettings = field(default_factory=AgentsSettings)

    def __post_init__(self) -> None:
        self.terminals = Screens(self.machines, clock=self.clock)
        self.wire = Wire(self.machines, self.terminals)
        self.links = FakeLinks()
        self.begin()

    def begin(self) -> None:
        """As a new process: nothing but the database is remembered."""
        # It is asked for nothing but requests.
        bus: Any = self.wire
        now = self.clock.now
        self.agents = agents = Agents(self.settings, self.database, bus, self.vault, now)
        agents.keys = KeyRing(self.database, self.vault, now)
        agents.tokens = TokenBook(self.database, now, self.links.refit)
        agents.attention = AttentionDesk(
            self.database, self.vault, self.settings, now, push=Nobody(), post=Nobody()
        )
        agents.links = self.links
        agents.runs = self.runs = Runs(agents, CATALOG)

    async def end(self) -> None:
        """As kill -9: what was under way is left as it was."""
        await self.runs.typist.close()
        await self.runs.launcher.close()

    async def ask(self, command: Command[Any]) -> Any:
        return await COMMANDS[type(command)](command, self.agents)

    async def hear(self, event: Event) -> None:
        await EVENTS[type(event)](event, self.agents)

    # Projects

    async def project(self, *, running: bool = True) -> m.ProjectView:
        create = m.CreateProject(account_id=self.account, person_id=self.person, name="Demo")
        project: m.ProjectView = await self.machines.create(create, None)
        return await self.boot(project.id) if running else project

    async def boot(self, project_id: ProjectId) -> m.ProjectView:
        """Its machine starts, and everybody hears of it."""
        project = await self.machines.start(m.StartMachine(account_id=self.account, project_id=project_id), None)
        await self.hear(m.MachineStarted(**self.machine(project), started_at=self.clock.now()))
        return project

    async def halt(self, project_id: ProjectId) -> None:
        project = await self.machines.stop(m.StopMachine(account_id=self.account, project_id=project_id), None)
        now = self.clock.now()
        await self.hear(m.MachineStopped(**self.machine(project), started_at=now, stopped_at=now, reason="asked"))

    def machine(self, project: m.ProjectView) -> dict[str, Any]:
        assert project.machine is not None
        return {
            "account_id": self.account,
            "project_id": project.id,
            "machine_id": project.machine.id,
            "generation": project.machine.generation,
            "interval_id": IntervalId(new_id()),
        }

    async def begin_link(self, project: m.ProjectView) -> None:
        """Its machine can be reached, and no event has told anyone."""
        of = self.machine(project)
        machine = Machine(of["project_id"], of["account_id"], of["machine_id"], of["generation"])
        async with self.database.transaction() as db:
            await self.links.begin(db, machine)

    # Runs

    async def start(self, project: m.ProjectView, agent: str = "talker", **wishes: Any) -> RunView:
        """Set it to work, and wait until its terminal is there and its start script has come to the agent."""
        wishes = {"prompt": "Do it."} if not wishes and agent != "command" else wishes
        run = await self.ask(self.wanted(project, agent, **wishes))
        return await self.begun(run)

    def wanted(self, project: m.ProjectView, agent: str = "talker", **wishes: Any) -> StartRun:
        return StartRun(
            account_id=self.account, person_id=self.person, project_id=project.id, agent=agent, **wishes
        )

    async def begun(self, run: RunView, *, starts: int = 1) -> RunView:
        async def there() -> bool:
            opened = [self.terminals.opened[command.idempotency_key or ""] for command in self.of(run)]
            return len(opened) >= starts and (await self.run(run)).terminal_id == opened[-1]

        await eventually(there)
        await self.reported(await self.run(run), "phase=begun")
        return await self.run(run)

    def of(self, run: RunView) -> list[t.OpenTerminal]:
        """The terminals that were opened for a run."""
        return [c for c in self.terminals.commands if (c.idempotency_key or "").startswith(f"run:{run.id}:")]

    async def run(self, run: RunView) -> RunView:
        view: RunView = await self.ask(GetRun(account_id=self.account, run_id=run.id))
        return view

    async def hook(self, run: RunView, event: str, **said: Any) -> RunView:
        await self.agents.runs.hook(RunKey(run.id, run.account_id, run.project_id), event, said)
        return await self.run(run)

    async def report(self, run: RunView, *, source: Any = "program", state: Any = None, **said: Any) -> RunView:
        await self.agents.runs.report(run.id, Report(source, self.clock.now(), state, **said))
        return await self.run(run)

    async def reported(self, run: RunView, text: str) -> None:
        assert run.terminal_id is not None
        await self.hear(
            t.TerminalReported(
                account_id=self.account, project_id=run.project_id, terminal_id=run.terminal_id, text=text
            )
        )

    async def answer(self, run: RunView, text: str = "", **said: Any) -> RunView:
        view: RunView = await self.ask(self.message(run, text, **said))
        return view

    async def close(self, run: RunView, code: int | None = 0, reason: Any = "exited") -> RunView:
        """Its terminal is closed."""
        assert run.terminal_id is not None
        view = self.terminals.terminals[run.terminal_id].model_copy(update={"state": "closed", "exit_code": code})
        self.terminals.terminals[view.id] = view
        await self.hear(
            t.TerminalClosed(
                account_id=self.account,
                project_id=run.project_id,
                terminal_id=view.id,
                terminal=view,
                reason=reason,
            )
        )
        return await self.run(run)

    def message(self, run: RunView, text: str = "", **said: Any) -> MessageRun:
        return MessageRun(account_id=self.account, person_id=self.person, run_id=run.id, text=text, **said)

    async def refused(self, command: Command[Any]) -> Refusal:
        with pytest.raises(Refusal) as refused:
            await self.ask(command)
        return refused.value

    # What was said

    async def said(self, event: type[EventT]) -> list[EventT]:
        """What the outbox holds of one kind, oldest first."""
        async with self.database.reading() as db:
            rows = await db.fetch("SELECT data FROM agents.outbox WHERE subject = $1 ORDER BY id", event.subject)
        return [event.model_validate(json.loads(row["data"])) for row in rows]

    async def notices(self) -> list[NoticeView]:
        """Oldest first."""
        found: NoticeList = await self.ask(ListNotices(account_id=self.account))
        return found.items[::-1]


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
        box = Box(database, clock)
        yield box
        await box.end()
    await postgres_server.drop_database(url)
