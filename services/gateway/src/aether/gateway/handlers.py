"""What the gateway hears, and tells the screens of."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aether.contracts.event import Event
from aether.contracts.gateway import AccountRevoked
from aether.contracts.machines import ProjectChanged, ProjectCreated, ProjectDeleted
from aether.contracts.terminal import PortsChanged, TerminalChanged, TerminalClosed, TerminalOpened, TerminalSignal
from aether.gateway.deps.gateway import Gateway
from aether.gateway.domain.shown import port_json, ports_json, project_json, terminal_json
from aether.gateway.store import feed, previews


async def show_project(event: ProjectCreated | ProjectChanged, gateway: Gateway) -> None:
    """Tell of a project, unless a later version of it was told of already."""
    async with gateway.database.transaction(event) as writer:
        await previews.look_again(writer, event.project_id)
        if await feed.is_news(writer, event.project_id, event.project.version):
            await feed.tell(writer, event.account_id, "project.changed", project_json(event.project))


async def show_that_a_project_is_gone(event: ProjectDeleted, gateway: Gateway) -> None:
    async with gateway.database.transaction(event) as writer:
        await previews.look_again(writer, event.project_id)
        await feed.is_news(writer, event.project_id, feed.GONE)
        data = json.dumps({"id": str(event.project_id)})
        await feed.tell(writer, event.account_id, "project.deleted", data)


async def show_terminal(event: TerminalOpened | TerminalChanged | TerminalClosed, gateway: Gateway) -> None:
    async with gateway.database.transaction(event) as writer:
        await feed.tell(writer, event.account_id, "terminal.changed", terminal_json(event.terminal))


async def show_signal(event: TerminalSignal, gateway: Gateway) -> None:
    data = event.model_dump_json(include={"terminal_id", "project_id", "kind", "text"})
    async with gateway.database.transaction(event) as writer:
        await feed.tell(writer, event.account_id, "terminal.signal", data)


async def show_ports(event: PortsChanged, gateway: Gateway) -> None:
    """Tell of a project's ports; who is in a preview of one that is no longer open to them has to leave."""
    slug = await gateway.previews.slug(event.project_id, event.account_id)
    shown = [port_json(port, slug and gateway.previews.url(port.port, slug)) for port in event.ports]
    async with gateway.database.transaction(event) as writer:
        await previews.look_again(writer, event.project_id)
        await feed.tell(writer, event.account_id, "ports.changed", ports_json(str(event.project_id), shown))


async def cut_what_is_open(event: AccountRevoked, gateway: Gateway) -> None:
    """A second time, after the notification sent with the revocation, for whoever missed that one."""
    async with gateway.database.transaction(event) as writer:
        await feed.cut(writer, event.person_id, event.credential_id)


EVENTS: Mapping[type[Event], Callable[[Any, Any], Awaitable[None]]] = {
    ProjectCreated: show_project,
    ProjectChanged: show_project,
    ProjectDeleted: show_that_a_project_is_gone,
    TerminalOpened: show_terminal,
    TerminalChanged: show_terminal,
    TerminalClosed: show_terminal,
    TerminalSignal: show_signal,
    PortsChanged: show_ports,
    AccountRevoked: cut_what_is_open,
}
