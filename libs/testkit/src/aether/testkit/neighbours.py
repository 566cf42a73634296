"""The services beside the gateway, played by a few lines each: machines, terminal, and a stream service."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from aether.cli.embedded.ports import any_free_port
from aether.contracts import machines as m
from aether.contracts import terminal as t
from aether.contracts.command import Done
from aether.contracts.ids import AccountId, MachineId, ProjectId, TerminalId, new_id
from aether.contracts.problem import NotFound, Refusal
from aether.kit.grants import ALGORITHM, from_headers

RECORDING = '{"version": 2, "width": 80, "height": 24}\n[0.1, "o", "hi"]\n'
SCREEN_ETAG = '"2"'


class NotRunning(Refusal):
    status = 409
    type = "not-running"
    title = "The project's machine does not run"


class Ended(Refusal):
    status = 410
    type = "terminal-closed"
    title = "This terminal has ended"


@dataclass
class Machines:
    """Projects in memory, answering as the machines service does."""

    projects: dict[ProjectId, m.ProjectView] = field(default_factory=dict)
    keys: dict[tuple[AccountId, str], ProjectId] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # the names of the commands that were answered, in order
    host_key: str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINmgUqeo+yqUMTNTiLxtbKq4pjuNNaDyOdrV5aEMHbh1"

    def handlers(self) -> Mapping[Any, Any]:
        return {
            m.CreateProject: self.create,
            m.ListProjects: self.list,
            m.GetProject: self.get,
            m.GetProjectBySlug: self.get_by_slug,
            m.UpdateProject: self.update,
            m.DeleteProject: self.delete,
            m.StartMachine: self.begin,
            m.StopMachine: self.stop,
            m.RestartMachine: self.start,
            m.PlaceHold: self.get,
            m.ReleaseHold: self.get,
            m.IssueSshCertificate: self.refuse,
            m.GetSshIdentity: self.identity,
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
            slug=self._slug(command.name.lower().replace(" ", "-")),
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

    async def get_by_slug(self, command: m.GetProjectBySlug, _: Any) -> m.ProjectView:
        for project in self.projects.values():
            if project.slug == command.slug:
                return project
        raise NotFound

    def _slug(self, wanted: str) -> str:
        taken = {project.slug for project in self.projects.values()}
        return next(s for s in (wanted, *(f"{wanted}-{n}" for n in range(2, 1000))) if s not in taken)

    async def update(self, command: m.UpdateProject, _: Any) -> m.ProjectView:
        return self.change(self.find(command.account_id, command.project_id), name=command.name)

    async def delete(self, command: m.DeleteProject, _: Any) -> Done:
        del self.projects[self.find(command.account_id, command.project_id).id]
        return Done()

    async def begin(self, command: m.StartMachine, _: Any) -> m.ProjectView:
        self.asked.append("StartMachine")
        return await self.start(command, _)

    async def start(self, command: Any, _: Any) -> m.ProjectView:
        found = self.find(command.account_id, command.project_id)
        generation = found.machine.generation + 1 if found.machine else 1
        machine = m.MachineView(id=MachineId(new_id()), generation=generation, started_at=datetime.now(UTC))
        return self.change(found, status="running", machine=machine)

    async def stop(self, command: m.StopMachine, _: Any) -> m.ProjectView:
        return self.change(self.find(command.account_id, command.project_id), status="stopped")

    def change(self, view: m.ProjectView, **changes: Any) -> m.ProjectView:
        """The project, changed and with the next version."""
        self.projects[view.id] = view.model_copy(update={**changes, "version": view.version + 1})
        return self.projects[view.id]

    async def identity(self, command: m.GetSshIdentity, _: Any) -> m.SshIdentity:
        found = self.find(command.account_id, command.project_id)
        return m.SshIdentity(project_id=found.id, slug=found.slug, username="dev", host_key=self.host_key)

    async def refuse(self, _command: Any, _: Any) -> Any:
        raise NotRunning


@dataclass
class Terminals:
    """Terminals in memory, answering as the terminal service does."""

    machines: Machines
    terminals: dict[TerminalId, t.TerminalView] = field(default_factory=dict)
    ports: dict[tuple[ProjectId, int], t.PortView] = field(default_factory=dict)
    looks: list[tuple[ProjectId, int]] = field(default_factory=list)  # what FindPort was asked for
    screens: dict[TerminalId, list[str]] = field(default_factory=dict)  # what stands on them
    typed: list[t.TypeText] = field(default_factory=list)  # each key once, in order
    jump_key: str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPKFTfpIH/cUupGqsCNDV7yI1pjLoJ5lXNRpLF7Lm6c1"

    def handlers(self) -> Mapping[Any, Any]:
        return {
            t.OpenTerminal: self.open,
            t.ListTerminals: self.list,
            t.GetTerminal: self.get,
            t.RenameTerminal: self.rename,
            t.CloseTerminal: self.close,
            t.ListPorts: self.list_ports,
            t.UpdatePort: self.update_port,
            t.FindPort: self.find_port,
            t.ReadScreen: self.read_screen,
            t.TypeText: self.type_text,
            t.GetJumpHost: self.jump_host,
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

    async def read_screen(self, command: t.ReadScreen, _: Any) -> t.ScreenView:
        view = self._open(command)
        lines = self.screens.get(view.id, [])[-command.lines :]
        offset = sum(len(line) + 2 for line in self.screens.get(view.id, []))
        return t.ScreenView(terminal_id=view.id, lines=lines, cols=view.cols, rows=view.rows, offset=offset)

    async def type_text(self, command: t.TypeText, _: Any) -> t.Typed:
        """What is typed is noted, and a text appears on the screen."""
        view = self._open(command)
        if all((before.terminal_id, before.key) != (view.id, command.key) for before in self.typed):
            self.typed.append(command)
            if command.text:
                self.screens.setdefault(view.id, []).extend(command.text.splitlines())
        return t.Typed(appeared=True)

    def _open(self, command: Any) -> t.TerminalView:
        view = self.find(command)
        if view.state == "closed":
            raise Ended
        return view

    async def jump_host(self, _command: t.GetJumpHost, _: Any) -> t.JumpHostView:
        return t.JumpHostView(host="localhost", port=2222, host_key=self.jump_key)

    def port(self, project_id: ProjectId, port: int) -> t.PortView:
        """What is known of a port; of one that nobody has named, that it is private and silent."""
        account_id = self.machines.projects[project_id].account_id
        return self.ports.get((project_id, port)) or t.PortView(
            project_id=project_id, account_id=account_id, port=port
        )

    def listen(self, project_id: ProjectId, port: int, *, process: str = "node") -> t.PortView:
        """A program of the project's machine begins to listen."""
        return self.keep(self.port(project_id, port), process=process, listening_since=datetime.now(UTC))

    def keep(self, view: t.PortView, **changes: Any) -> t.PortView:
        """The port, changed."""
        self.ports[view.project_id, view.port] = view.model_copy(update=changes)
        return self.ports[view.project_id, view.port]

    async def list_ports(self, command: t.ListPorts, _: Any) -> t.PortList:
        self.machines.find(command.account_id, command.project_id)
        found = [view for (project_id, _), view in self.ports.items() if project_id == command.project_id]
        return t.PortList(items=found)

    async def update_port(self, command: t.UpdatePort, _: Any) -> t.PortView:
        self.machines.find(command.account_id, command.project_id)
        changes = command.model_dump(include={"visibility", "label"}, exclude_none=True)
        return self.keep(self.port(command.project_id, command.port), **changes)

    async def find_port(self, command: t.FindPort, _: Any) -> t.PortView:
        self.looks.append((command.project_id, command.port))
        if command.project_id not in self.machines.projects:
            raise NotFound
        return self.port(command.project_id, command.port)


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
            # A Subprotocol is a str by another name.
            subprotocols=["aether.v1"],  # type: ignore[list-item]
            # As above.
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
        path = request.path.partition("?")[0]
        if path.endswith("/recording"):
            return _document(connection, "application/x-asciicast", RECORDING)
        if path.endswith("/screen"):
            if request.headers.get("If-None-Match") == SCREEN_ETAG:
                return connection.respond(304, "")
            shown = {"terminal_id": path.split("/")[-2], "lines": ["$ "], "cols": 80, "rows": 24, "offset": 2}
            response = _document(connection, "application/json", json.dumps({**shown, "changed_at": None}))
            response.headers["ETag"] = SCREEN_ETAG
            return response
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        await self.behave(connection)


def _document(connection: ServerConnection, media_type: str, text: str) -> Response:
    response = connection.respond(200, text)
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = media_type
    return response


async def echo(connection: ServerConnection) -> None:
    """Send back what comes."""
    async for message in connection:
        await connection.send(message)
