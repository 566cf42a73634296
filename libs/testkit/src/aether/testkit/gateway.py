"""A real gateway on a port of its own, with machines and terminal played by a few lines each."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import uvicorn
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from aether.cli.embedded.ports import any_free_port
from aether.contracts import machines as m
from aether.contracts import terminal as t
from aether.contracts.command import Done
from aether.contracts.event import Event
from aether.contracts.ids import AccountId, MachineId, ProjectId, TerminalId, new_id
from aether.contracts.problem import NotFound, Refusal
from aether.contracts.service import Service
from aether.gateway.adapters.passwords import Argon2
from aether.gateway.app import MIGRATIONS, build, gateway_for, keep, server_options
from aether.gateway.deps.gateway import Gateway
from aether.gateway.deps.ports import Mail
from aether.gateway.handlers import EVENTS
from aether.gateway.settings import GatewaySettings
from aether.kit.bus import Bus
from aether.kit.consumer import Ear
from aether.kit.grants import ALGORITHM, from_headers
from aether.kit.migrate import migrate
from aether.kit.outbox import Relay
from aether.kit.postgres import Database
from aether.testkit.clock import FakeClock

PASSWORD = "correct horse battery"  # noqa: S105 - of people who exist for one test


class NotRunning(Refusal):
    status = 409
    type = "not-running"
    title = "The project's machine does not run"


@dataclass
class Machines:
    """Projects in memory, answering as the machines service does."""

    projects: dict[ProjectId, m.ProjectView] = field(default_factory=dict)
    keys: dict[tuple[AccountId, str], ProjectId] = field(default_factory=dict)

    def handlers(self) -> Mapping[Any, Any]:
        return {
            m.CreateProject: self.create,
            m.ListProjects: self.list,
            m.GetProject: self.get,
            m.UpdateProject: self.update,
            m.DeleteProject: self.delete,
            m.StartMachine: self.start,
            m.StopMachine: self.stop,
            m.RestartMachine: self.start,
            m.PlaceHold: self.get,
            m.ReleaseHold: self.get,
            m.IssueSshCertificate: self.refuse,
        }

    def find(self, account_id: AccountId, project_id: ProjectId) -> m.ProjectView:
        found = self.projects.get(project_id)
        if found is None or found.account_id != account_id:
            raise NotFound
        return found

    async def create(self, command: m.CreateProject, _: Any) -> m.ProjectView:
        known = self.keys.get((command.account_id, command.idempotency_key or ""))
        if command.idempotency_key and known:
            return self.projects[known]
        now = datetime.now(UTC)
        view = m.ProjectView(
            id=ProjectId(new_id()),
            account_id=command.account_id,
            name=command.name,
            slug=command.name.lower(),
            status="stopped",
            provider="local",
            size="small",
            idle_minutes=30,
            clone=m.CloneView(state="none"),
            limits=m.LimitsView(memory_mb=1024, disk_mb=4096, pids=256),
            version=1,
            created_at=now,
            updated_at=now,
        )
        self.projects[view.id] = view
        self.keys[command.account_id, command.idempotency_key or str(view.id)] = view.id
        return view

    async def list(self, command: m.ListProjects, _: Any) -> m.ProjectList:
        mine = sorted(
            (p for p in self.projects.values() if p.account_id == command.account_id), key=lambda p: p.id
        )
        mine = [p for p in reversed(mine) if command.cursor is None or str(p.id) < command.cursor]
        items = mine[: command.limit]
        return m.ProjectList(items=items, next_cursor=str(items[-1].id) if len(mine) > len(items) else None)

    async def get(self, command: Any, _: Any) -> m.ProjectView:
        return self.find(command.account_id, command.project_id)

    async def update(self, command: m.UpdateProject, _: Any) -> m.ProjectView:
        return self.change(self.find(command.account_id, command.project_id), name=command.name)

    async def delete(self, command: m.DeleteProject, _: Any) -> Done:
        del self.projects[self.find(command.account_id, command.project_id).id]
        return Done()

    async def start(self, command: Any, _: Any) -> m.ProjectView:
        machine = m.MachineView(id=MachineId(new_id()), generation=1, started_at=datetime.now(UTC))
        found = self.find(command.account_id, command.project_id)
        return self.change(found, status="running", machine=machine)

    async def stop(self, command: m.StopMachine, _: Any) -> m.ProjectView:
        return self.change(self.find(command.account_id, command.project_id), status="stopped")

    def change(self, view: m.ProjectView, **changes: Any) -> m.ProjectView:
        """The project, changed and with the next version."""
        self.projects[view.id] = view.model_copy(update={**changes, "version": view.version + 1})
        return self.projects[view.id]

    async def refuse(self, _command: Any, _: Any) -> Any:
        raise NotRunning


@dataclass
class Terminals:
    """Terminals in memory, answering as the terminal service does."""

    machines: Machines
    terminals: dict[TerminalId, t.TerminalView] = field(default_factory=dict)

    def handlers(self) -> Mapping[Any, Any]:
        return {
            t.OpenTerminal: self.open,
            t.ListTerminals: self.list,
            t.GetTerminal: self.get,
            t.RenameTerminal: self.rename,
            t.CloseTerminal: self.close,
        }

    async def open(self, command: t.OpenTerminal, _: Any) -> t.TerminalView:
        if self.machines.find(command.account_id, command.project_id).status != "running":
            raise NotRunning
        view = t.TerminalView(
            id=TerminalId(new_id()),
            account_id=command.account_id,
            project_id=command.project_id,
            name=command.name or "shell",
            cols=command.cols,
            rows=command.rows,
            state="open",
            recorded=True,
            created_at=datetime.now(UTC),
        )
        self.terminals[view.id] = view
        return view

    def find(self, command: Any) -> t.TerminalView:
        found = self.terminals.get(command.terminal_id)
        if found is None or found.account_id != command.account_id:
            raise NotFound
        return found

    async def list(self, command: t.ListTerminals, _: Any) -> t.TerminalList:
        return t.TerminalList(items=[v for v in self.terminals.values() if v.project_id == command.project_id])

    async def get(self, command: t.GetTerminal, _: Any) -> t.TerminalView:
        return self.find(command)

    async def rename(self, command: t.RenameTerminal, _: Any) -> t.TerminalView:
        view = self.find(command).model_copy(update={"name": command.name})
        self.terminals[view.id] = view
        return view

    async def close(self, command: t.CloseTerminal, _: Any) -> Done:
        view = self.find(command)
        self.terminals[view.id] = view.model_copy(update={"state": "closed"})
        return Done()


class StreamService:
    """A WebSocket service behind the gateway that notes who comes; each test says what it does.

    `behave` is called with each connection whose grant is good; it echoes unless a test sets another.
    """

    def __init__(self, public_key: OKPKey) -> None:
        self.port = any_free_port()
        self.handshakes: list[Request] = []
        self.grants: list[dict[str, Any]] = []
        self.connections: list[ServerConnection] = []
        self.behave: Callable[[ServerConnection], Any] = echo
        self._key = public_key
        self._server: Server | None = None

    async def start(self) -> None:
        self._server = await serve(
            self._serve, "127.0.0.1", self.port, process_request=self._admit, compression=None,
            subprotocols=["aether.v1"],  # type: ignore[list-item]
            select_subprotocol=lambda _, offered: "aether.v1" if "aether.v1" in offered else None,  # type: ignore[arg-type,return-value]
        )  # fmt: skip

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.handshakes.append(request)
        raw = [(n.lower().encode(), v.encode()) for n, v in request.headers.raw_items()]
        token = from_headers(raw)
        try:
            self.grants.append(jwt.decode(token or "", self._key, algorithms=[ALGORITHM]).claims["grant"])
        except (ValueError, JoseError):
            return connection.respond(401, "no")
        if request.path.endswith("/recording"):
            response = connection.respond(200, '{"version": 2, "width": 80, "height": 24}\n[0.1, "o", "hi"]\n')
            del response.headers["Content-Type"]
            response.headers["Content-Type"] = "application/x-asciicast"
            return response
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        await self.behave(connection)


async def echo(connection: ServerConnection) -> None:
    """Send back what comes."""
    async for message in connection:
        await connection.send(message)


@dataclass
class Mailbox:
    """Where mail goes in a test."""

    mails: list[Mail] = field(default_factory=list)

    async def send(self, mail: Mail) -> None:
        self.mails.append(mail)


@dataclass
class Stand:
    """One running gateway and everything around it."""

    url: str
    gateway: Gateway
    machines: Machines
    terminals: Terminals
    streams: StreamService
    mailbox: Mailbox
    clock: FakeClock
    clients: list[httpx2.AsyncClient] = field(default_factory=list)
    said: Bus | None = None

    @property
    def sockets(self) -> str:
        """Where WebSockets go."""
        return self.url.replace("http", "ws", 1)

    def client(self, **headers: str) -> httpx2.AsyncClient:
        """A browser's client: it keeps cookies and names this origin. `Origin=""` leaves that out."""
        chosen = {"Origin": self.url, **headers}
        client = httpx2.AsyncClient(
            base_url=self.url, headers={n: v for n, v in chosen.items() if v}, timeout=15, trust_env=False
        )
        self.clients.append(client)
        return client

    async def person(self, email: str | None = None) -> httpx2.AsyncClient:
        """Somebody who has just signed up."""
        client = self.client()
        body = {"email": email or f"{uuid4().hex}@example.com", "password": PASSWORD}
        answer = await client.post("/api/auth/signup", json=body)
        assert answer.status_code == 201, answer.text
        return client

    async def token(self, person: httpx2.AsyncClient) -> str:
        """A new personal token's secret."""
        answer = await person.post("/api/tokens", json={"name": "test"})
        secret: str = answer.json()["secret"]
        return secret

    async def project(self, person: httpx2.AsyncClient, name: str = "demo") -> dict[str, Any]:
        """A running project."""
        made = (await person.post("/api/projects", json={"name": name})).json()
        answer = await person.post(f"/api/projects/{made['id']}/start")
        started: dict[str, Any] = answer.json()
        return started

    async def terminal(self, person: httpx2.AsyncClient) -> dict[str, Any]:
        """An open terminal in a running project."""
        project = await self.project(person)
        answer = await person.post(f"/api/projects/{project['id']}/terminals", json={})
        opened: dict[str, Any] = answer.json()
        return opened

    async def say(self, event: Event) -> None:
        """Publish an event as its service would."""
        assert self.said is not None
        await self.said.publish(event.subject, event.model_dump_json().encode(), event.event_id, {})


def cookie_of(client: httpx2.AsyncClient) -> str:
    """The Cookie header a browser would send."""
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


async def prepared_database(url: str) -> None:
    """Make the gateway's schema, in a database that may then be a template."""
    await migrate(url, Service.GATEWAY.value, MIGRATIONS)


def write_grant_key(path: Path) -> OKPKey:
    """A key that signs grants, in a file as the gateway wants it; answers it."""
    key = OKPKey.generate_key("Ed25519")
    path.write_text(json.dumps(key.as_dict(private=True)))
    return key


@contextlib.asynccontextmanager
async def standing_gateway(
    database_url: str, nats_url: str, folder: Path, **settings: Any
) -> AsyncIterator[Stand]:
    """A gateway over a prepared database and provisioned streams, until the end of the block."""
    key, port = write_grant_key(folder / "grant.jwk"), any_free_port()
    streams, mailbox, machines, clock = StreamService(key), Mailbox(), Machines(), FakeClock(datetime.now(UTC))
    url = f"http://127.0.0.1:{port}"
    chosen = GatewaySettings(
        **{
            "database_url": database_url,
            "nats_url": nats_url,
            "public_url": url,
            "port": port,
            "grant_key_file": folder / "grant.jwk",
            "streams": {"terminal": f"127.0.0.1:{streams.port}"},
            **settings,
        }
    )
    terminals = Terminals(machines)
    async with contextlib.AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.connect(database_url, "gateway"))
        buses = [await stack.enter_async_context(Bus.connect(nats_url, service)) for service in Service]
        bus = {b.service: b for b in buses}
        await bus[Service.MACHINES].answer(machines.handlers(), None)
        await bus[Service.TERMINAL].answer(terminals.handlers(), None)
        gateway, notices = await stack.enter_async_context(
            gateway_for(
                chosen,
                database,
                bus[Service.GATEWAY],
                mailer=mailbox,
                passwords=Argon2(time_cost=1, memory_kib=32),
                now=clock.now,
            )
        )
        await streams.start()
        stack.push_async_callback(streams.stop)
        ear = Ear(bus[Service.GATEWAY], database, EVENTS, gateway)
        for work in (notices.run(), ear.run(), Relay(database, bus[Service.GATEWAY]).run(), keep(gateway)):
            stack.push_async_callback(_end, asyncio.create_task(work))
        await stack.enter_async_context(_served(gateway, port))
        stand = Stand(url, gateway, machines, terminals, streams, mailbox, clock, said=bus[Service.MACHINES])
        stack.push_async_callback(_close_clients, stand)
        yield stand
        gateway.live.stop()


async def _close_clients(stand: Stand) -> None:
    for client in stand.clients:
        await client.aclose()


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def _served(gateway: Gateway, port: int) -> AsyncIterator[None]:
    options: dict[str, Any] = {**server_options(gateway), "timeout_graceful_shutdown": 2}
    config = uvicorn.Config(
        build(gateway), host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="off", **options
    )
    server = _Quiet(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        await task


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def uuid_of(shown: Mapping[str, Any]) -> UUID:
    """The id in an API answer."""
    return UUID(shown["id"])
