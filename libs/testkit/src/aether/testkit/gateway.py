"""A real gateway on a port of its own, with machines and terminal played by a few lines each."""

import asyncio
import contextlib
import html
import json
import re
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx2
from joserfc.jwk import OKPKey
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_tracer_provider

from aether.contracts.command import Command, Reply
from aether.contracts.event import Event
from aether.contracts.ids import ProjectId
from aether.contracts.service import Service
from aether.gateway.adapters.passwords import Argon2
from aether.gateway.app import MIGRATIONS, build, gateway_for, keep, server_options
from aether.gateway.deps.gateway import Gateway
from aether.gateway.deps.ports import Mail
from aether.gateway.handlers import COMMANDS, EVENTS
from aether.gateway.settings import GatewaySettings
from aether.kit import trace
from aether.kit.bus import Bus
from aether.kit.consumer import Ear
from aether.kit.migrate import migrate
from aether.kit.outbox import Relay
from aether.kit.postgres import Database
from aether.testkit.agents import Agents
from aether.testkit.browser import Browser, Cookie
from aether.testkit.clock import FakeClock
from aether.testkit.neighbours import Machines, StreamService, Terminals
from aether.testkit.upstreams import App, FilesService, Tunnel, served

Answer = TypeVar("Answer", bound=Reply)

PASSWORD = "correct horse battery"  # noqa: S105 - of people who exist for one test


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
    agents: Agents
    streams: StreamService
    files: FilesService
    tunnel: Tunnel
    mailbox: Mailbox
    clock: FakeClock
    clients: list[httpx2.AsyncClient] = field(default_factory=list)
    browsers: list[Browser] = field(default_factory=list)
    said: Bus | None = None
    asks: Bus | None = None

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

    def preview(self, project: Mapping[str, Any], port: int) -> str:
        """Where a port's preview is."""
        return f"http://{port}--{project['slug']}.{self.gateway.previews.domain.authority}"

    async def serve(self, project: Mapping[str, Any], port: int, app: App, visibility: str = "private") -> str:
        """Have `app` listen on a port of the project's machine; answers its preview's address."""
        self.tunnel.listeners[project["id"], port] = app.port
        view = self.terminals.listen(ProjectId(UUID(project["id"])), port)
        self.terminals.keep(view, visibility=visibility)
        return self.preview(project, port)

    def browser(self, person: httpx2.AsyncClient | None = None) -> Browser:
        """A person's browser, signed in where `person` is; or a stranger's."""
        browser = Browser(self.url)
        host = self.url.removeprefix("http://").partition(":")[0]
        for name, value in person.cookies.items() if person else ():
            browser.cookies.append(Cookie(name, value, host, below=False))
        self.browsers.append(browser)
        return browser

    async def enter(self, browser: Browser, url: str) -> httpx2.Response:
        """Open a preview as a person does: through the entrance, whose page sends its form by itself."""
        page = await browser.go(url)
        form = re.search(
            r'action="([^"]+)".*name="grant" value="([^"]+)".*name="return" value="([^"]+)"', page.text
        )
        if form is None:
            return page
        sent = await browser.send(
            "POST",
            form[1],
            data={"grant": form[2], "return": html.unescape(form[3])},
            headers={"Origin": self.url},
        )
        return await browser.go(sent.headers["location"]) if sent.status_code == 303 else sent

    async def visit(
        self, app: App, visibility: str = "private"
    ) -> tuple[Browser, str, dict[str, Any], httpx2.AsyncClient]:
        """A person in a preview of `app`: their browser, its address, the project and their client."""
        person = await self.person()
        project = await self.project(person)
        url = await self.serve(project, 5173, app, visibility)
        browser = self.browser(person)
        assert (await self.enter(browser, url)).status_code == 200
        return browser, url, project, person

    async def terminal(self, person: httpx2.AsyncClient) -> dict[str, Any]:
        """An open terminal in a running project."""
        project = await self.project(person)
        answer = await person.post(f"/api/projects/{project['id']}/terminals", json={})
        opened: dict[str, Any] = answer.json()
        return opened

    async def ask(self, command: Command[Answer]) -> Answer:
        """What the gateway answers to the agents service."""
        assert self.asks is not None
        return await self.asks.request(command)

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
    if not isinstance(get_tracer_provider(), TracerProvider):
        trace.configure("gateway", folder=None, otlp_endpoint=None)
    key, at = write_grant_key(folder / "grant.jwk"), socket.create_server(("127.0.0.1", 0))
    port = at.getsockname()[1]
    streams, mailbox, machines, clock = StreamService(key), Mailbox(), Machines(), FakeClock(datetime.now(UTC))
    files, tunnel = FilesService(key), Tunnel(key)
    url, terminals, agents = f"http://127.0.0.1:{port}", Terminals(machines), Agents(machines)
    async with contextlib.AsyncExitStack() as stack:
        await tunnel.start()
        stack.push_async_callback(tunnel.stop)
        await stack.enter_async_context(files.running())
        chosen = GatewaySettings(
            **{
                "database_url": database_url,
                "nats_url": nats_url,
                "public_url": url,
                "port": port,
                "grant_key_file": folder / "grant.jwk",
                "streams": {"terminal": f"127.0.0.1:{streams.port}", "files": f"127.0.0.1:{files.port}"},
                "tunnel": f"127.0.0.1:{tunnel.port}",
                **settings,
            }
        )
        database = await stack.enter_async_context(Database.connect(database_url, "gateway"))
        buses = [await stack.enter_async_context(Bus.connect(nats_url, service)) for service in Service]
        bus = {b.service: b for b in buses}
        await bus[Service.MACHINES].answer(machines.handlers(), None)
        await bus[Service.TERMINAL].answer(terminals.handlers(), None)
        await bus[Service.AGENTS].answer(agents.handlers(), None)
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
        await bus[Service.GATEWAY].answer(COMMANDS, gateway)
        await streams.start()
        stack.push_async_callback(streams.stop)
        ear = Ear(bus[Service.GATEWAY], database, EVENTS, gateway)
        for work in (notices.run(), ear.run(), Relay(database, bus[Service.GATEWAY]).run(), keep(gateway)):
            stack.push_async_callback(_end, asyncio.create_task(work))
        options: dict[str, Any] = {**server_options(gateway), "timeout_graceful_shutdown": 2}
        await stack.enter_async_context(served(build(gateway), at, **options))
        around = (machines, terminals, agents, streams, files, tunnel)
        talk: dict[str, Any] = {"said": bus[Service.MACHINES], "asks": bus[Service.AGENTS]}
        stand = Stand(url, gateway, *around, mailbox, clock, **talk)
        stack.push_async_callback(_close_clients, stand)
        yield stand
        gateway.live.stop()


async def _close_clients(stand: Stand) -> None:
    for client in stand.clients:
        await client.aclose()
    for browser in stand.browsers:
        await browser.close()


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def uuid_of(shown: Mapping[str, Any]) -> UUID:
    """The id in an API answer."""
    return UUID(shown["id"])
