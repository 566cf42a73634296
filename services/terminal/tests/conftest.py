"""The service in a box: real Postgres, real sshd and tmux, a real socket; NATS only where it is the subject."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import pytest_asyncio
import uvicorn

from aether.cli.embedded.ports import any_free_port
from aether.contracts.command import Command
from aether.contracts.ids import AccountId, CredentialId, IntervalId, PersonId, ProjectId, TerminalId, new_id
from aether.contracts.machines import MachineStarted, MachineStopped
from aether.contracts.problem import NotFound
from aether.contracts.service import Service
from aether.contracts.terminal import GetTerminal, OpenTerminal, ReadScreen, TerminalView
from aether.kit.grants import Grant, Right, Signer, Verifier
from aether.kit.migrate import migrate
from aether.kit.origins import Origins
from aether.kit.postgres import Database
from aether.kit.ssh import MachineConnections
from aether.terminal.adapters.listeners import SshLookouts
from aether.terminal.adapters.runs import SshRuns
from aether.terminal.adapters.shells import SshShells
from aether.terminal.adapters.ways import SshWays
from aether.terminal.api import tunnel
from aether.terminal.app import MIGRATIONS, end_tunnels, http, sockets, stream_door
from aether.terminal.deps.terminals import Terminals
from aether.terminal.handlers import COMMANDS, EVENTS
from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.machine import TestMachine, machine_for_a_test

from .viewer import Viewer

PUBLIC_URL = "https://aether.example"


@pytest.fixture
def machine() -> Iterator[TestMachine]:
    require_host("sshd", "tmux", "bwrap")
    with machine_for_a_test() as machine:
        yield machine


@dataclass
class Box:
    """One person with one project, and a terminal service that a test may stop and start again."""

    url: str
    keys: tuple[Path, Path]
    machine: TestMachine
    limit: int = 200
    recording_limit: int = 50 * 1024 * 1024
    tunnel_limit: int = 256
    account: AccountId = field(default_factory=lambda: AccountId(new_id()))
    person: PersonId = field(default_factory=lambda: PersonId(new_id()))
    credential: CredentialId = field(default_factory=lambda: CredentialId(new_id()))
    project: ProjectId = field(default_factory=lambda: ProjectId(new_id()))

    async def start(self) -> None:
        self._database = Database.connect(self.url, "terminal")
        self.database = await self._database.__aenter__()
        connections = MachineConnections(self.machine.issue)
        self.terminals = Terminals(
            database=self.database,
            connections=connections,
            require_project=self.require_project,
            shells=SshShells(connections),
            runs=SshRuns(connections),
            lookouts=SshLookouts(connections),
            ways=SshWays(connections),
            sessions_per_project=self.limit,
            recording_limit=self.recording_limit,
            tunnels_per_project=self.tunnel_limit,
        )
        self.signer = Signer(self.keys[0])
        verifier = Verifier(self.keys[1], Service.TERMINAL, self.database)
        origins = Origins(PUBLIC_URL, [])
        door = stream_door(self.terminals, verifier, origins)
        self.port = any_free_port()
        config = uvicorn.Config(
            http(self.terminals, verifier, origins, {}),
            host="127.0.0.1",
            port=self.port,
            lifespan="off",
            log_config=None,
            ws=sockets(door),
        )
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server._serve())
        self._telling = asyncio.create_task(self.terminals.teller.run())
        self.tunnel_port = any_free_port()
        self._close_tunnels = await tunnel.listen(
            tunnel.TunnelDoor(self.terminals, verifier), "127.0.0.1", self.tunnel_port
        )
        await eventually(lambda: self._server.started)

    async def require_project(self, account: AccountId, project: ProjectId) -> None:
        """Says what machines would say: this person has this one project."""
        if (account, project) != (self.account, self.project):
            raise NotFound("There is no such project.")

    async def stop(self) -> None:
        """An orderly stop, as on SIGTERM."""
        await end_tunnels(self._close_tunnels, self.terminals)
        await self.terminals.stop()
        await self._end()

    async def die(self) -> None:
        """As kill -9: nothing is said, nothing is kept."""
        self._close_tunnels()
        await self.terminals.ports.watchers.stop()
        for session in self.terminals.live.values():
            session.closed = True
        for session in self.terminals.live.values():
            if session._shell is not None:
                session._shell.detach()
        await self.terminals.connections.close()
        self.terminals.live.clear()
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        await self._end()

    async def _end(self) -> None:
        self._server.should_exit = True
        await self._serving
        self._telling.cancel()
        await self._database.__aexit__(None, None, None)

    async def ask(self, command: Command[Any]) -> Any:
        return await COMMANDS[type(command)](command, self.terminals)

    async def hear(self, event: Any) -> None:
        await EVENTS[type(event)](event, self.terminals)

    def started(self) -> MachineStarted:
        return MachineStarted(
            account_id=self.account,
            project_id=self.project,
            machine_id=self.machine.id,
            generation=1,
            interval_id=IntervalId(new_id()),
            started_at=datetime.now(UTC),
        )

    def stopped(self, generation: int = 1) -> MachineStopped:
        now = datetime.now(UTC)
        return MachineStopped(
            account_id=self.account,
            project_id=self.project,
            machine_id=self.machine.id,
            generation=generation,
            interval_id=IntervalId(new_id()),
            started_at=now,
            stopped_at=now,
            reason="asked",
        )

    async def open(self, **wishes: Any) -> TerminalView:
        view: TerminalView = await self.ask(
            OpenTerminal(account_id=self.account, project_id=self.project, person_id=self.person, **wishes)
        )
        return view

    async def ask_state(self, terminal: TerminalView) -> str:
        view = await self.ask(GetTerminal(account_id=self.account, terminal_id=terminal.id))
        return str(view.state)

    async def screen(self, terminal: TerminalView) -> list[str]:
        """The lines that stand there."""
        view = await self.ask(ReadScreen(account_id=self.account, terminal_id=terminal.id))
        lines: list[str] = view.lines
        return lines

    def sockets(self) -> list[Any]:
        return [c for c in self._server.server_state.connections if hasattr(c, "writable")]

    def grant(self, right: Right, resource: TerminalId | str = "", **other: Any) -> str:
        values = {
            "audience": Service.TERMINAL,
            "person_id": self.person,
            "person_name": "Ada",
            "account_id": self.account,
            "project_id": self.project,
            "resource": str(resource),
            "right": right,
            "credential_id": self.credential,
        }
        return self.signer.sign(Grant(**{**values, **other}))

    async def view(
        self, terminal: TerminalView, right: Right = "input", query: str = "", **options: Any
    ) -> Viewer:
        """Someone at a terminal, with the first hello already taken."""
        viewer = await self.connect(
            f"/stream/terminal/{terminal.id}{query}", self.grant(right, terminal.id, **options)
        )
        await viewer.until(lambda: viewer.hello is not None or viewer.problem is not None)
        return viewer

    async def connect(self, path: str, grant: str, **options: Any) -> Viewer:
        return await Viewer.connect(f"ws://127.0.0.1:{self.port}{path}", grant, **options)

    async def has_said(self, subject: str) -> bool:
        return bool(await self.said(subject))

    async def said(self, subject: str) -> list[dict[str, Any]]:
        """What has been put into the outbox under a subject."""
        async with self.database.reading() as db:
            rows = await db.fetch("SELECT data FROM terminal.outbox WHERE subject = $1 ORDER BY id", subject)
        return [json.loads(row["data"]) for row in rows]


@pytest_asyncio.fixture
async def box(database_url: str, machine: TestMachine, grant_keys: tuple[Path, Path]) -> AsyncIterator[Box]:
    await migrate(database_url, "terminal", MIGRATIONS)
    box = Box(database_url, grant_keys, machine)
    await box.start()
    yield box
    await box.stop()


@pytest_asyncio.fixture
async def inside(box: Box) -> asyncssh.SSHClientConnection:
    """A way into the machine for the test itself."""
    return (await box.terminals.connections.get(box.project)).connection
