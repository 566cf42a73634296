"""The only place where the terminal service is put together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.applications import Starlette

from aether.contracts.ids import AccountId, ProjectId
from aether.contracts.machines import GetProject, IssueSshCertificate, SshCertificate
from aether.contracts.problem import Refusal
from aether.contracts.service import Service
from aether.contracts.terminal import JumpHostView
from aether.kit.grants import Verifier
from aether.kit.http import Check, apologise, health_routes, refuse, traced
from aether.kit.origins import Origins
from aether.kit.service import Chassis
from aether.kit.ssh import MachineConnections
from aether.terminal.adapters import jump
from aether.terminal.adapters.listeners import SshLookouts
from aether.terminal.adapters.runs import SshRuns
from aether.terminal.adapters.shells import SshShells
from aether.terminal.adapters.tokens import BusTokens
from aether.terminal.adapters.ways import SshWays
from aether.terminal.api import tunnel
from aether.terminal.api.door import UUID_TEXT, StreamDoor
from aether.terminal.api.exec import ExecTalk
from aether.terminal.api.recording import recording_route
from aether.terminal.api.screen import screen_route
from aether.terminal.api.socket import WebSocket
from aether.terminal.api.stream import TerminalTalk
from aether.terminal.deps.terminals import Terminals
from aether.terminal.handlers import COMMANDS, EVENTS
from aether.terminal.settings import TerminalSettings

log = structlog.get_logger()

MIGRATIONS = Path(__file__).parent / "migrations"


async def main() -> None:
    settings = TerminalSettings()
    async with Chassis.open(Service.TERMINAL, settings, MIGRATIONS) as chassis:

        async def issue(project_id: ProjectId, public_key: str) -> SshCertificate:
            way = await chassis.bus.request(IssueSshCertificate(project_id=project_id, public_key=public_key))
            return way.model_copy(update={"tmux": way.tmux and settings.use_tmux})

        async def require_project(account_id: AccountId, project_id: ProjectId) -> None:
            await chassis.bus.request(GetProject(account_id=account_id, project_id=project_id))

        connections = MachineConnections(issue)
        terminals = Terminals(
            database=chassis.database,
            connections=connections,
            require_project=require_project,
            shells=SshShells(connections),
            runs=SshRuns(connections),
            lookouts=SshLookouts(connections),
            ways=SshWays(connections),
            sessions_per_project=settings.sessions_per_project,
            recording_limit=settings.recording_limit,
            tunnels_per_project=settings.tunnels_per_project,
        )
        assert settings.grant_public_key_file is not None, "AETHER_GRANT_PUBLIC_KEY_FILE is not set"
        verifier = Verifier(settings.grant_public_key_file, Service.TERMINAL, chassis.database)
        origins = Origins(settings.public_url, settings.allowed_origins)
        if settings.tunnel_port is not None:
            close = await tunnel.listen(
                tunnel.TunnelDoor(terminals, verifier), settings.host, settings.tunnel_port
            )
            chassis.on_stop.append(lambda: end_tunnels(close, terminals))
        chassis.on_stop.append(terminals.stop)
        chassis.spawn("teller", terminals.teller.run())
        await chassis.answer(COMMANDS, terminals)
        chassis.hear(EVENTS, terminals)
        door = stream_door(terminals, verifier, origins)
        application = http(terminals, verifier, origins, chassis.checks())
        chassis.spawn("house", terminals.keep_house())
        if settings.jump_port is not None:
            await open_jump_host(settings, chassis, terminals)
        await chassis.serve(application, settings.port, ws=sockets(door))


async def end_tunnels(close: Callable[[], None], terminals: Terminals) -> None:
    """Take no more of them, and let those that are open end before the connections they go through do."""
    close()
    await terminals.tunnels.stop()


async def open_jump_host(settings: TerminalSettings, chassis: Chassis, terminals: Terminals) -> None:
    """Listen for agents. Terminals do not wait for it, nor fail with it."""
    assert settings.jump_port is not None
    tokens = BusTokens(chassis.bus)
    try:
        key = jump.host_key(settings.jump_key_folder or settings.home / "terminal")
        address = (settings.host, settings.jump_port)
        acceptor = await jump.listen(address, key, tokens, terminals.connections, terminals.jumps)
    except OSError as error:
        log.error("jump.not_listening", port=settings.jump_port, error=str(error))
        return
    terminals.jump_host = jump_address(settings, jump.public_line(key))
    chassis.spawn("jump watch", terminals.jumps.watch(tokens))
    chassis.on_stop.append(lambda: jump.closed(acceptor))


def jump_address(settings: TerminalSettings, host_key: str) -> JumpHostView:
    """What people's ssh is told of it."""
    assert settings.jump_port is not None
    host = settings.jump_host or urlsplit(settings.public_url).hostname or "localhost"
    port = settings.jump_public_port or settings.jump_port
    return JumpHostView(host=host, port=port, host_key=host_key)


def http(terminals: Terminals, verifier: Verifier, origins: Origins, checks: dict[str, Check]) -> Any:
    """What is plain HTTP: health, recordings and screens."""
    doors = (recording_route, screen_route)
    return traced(
        Starlette(
            routes=[*health_routes(checks), *(route(terminals, verifier, origins) for route in doors)],
            exception_handlers={Refusal: refuse, Exception: apologise},
        )
    )


def stream_door(terminals: Terminals, verifier: Verifier, origins: Origins) -> StreamDoor:
    """What is a WebSocket."""
    routes: Any = {
        f"/stream/terminal/{UUID_TEXT}": lambda key, query, grant: TerminalTalk(terminals, key, query, grant),
        f"/stream/terminal/exec/{UUID_TEXT}": lambda key, _, grant: ExecTalk(terminals, key, grant),
    }
    return StreamDoor(verifier, origins, routes, terminals.revocations.holds)


def sockets(door: StreamDoor) -> Any:
    """The class uvicorn makes for an upgraded connection; it is called with names that are uvicorn's."""

    def make(config: Any, server_state: Any, app_state: Any) -> WebSocket:
        return WebSocket(door, server_state.connections)

    return make
