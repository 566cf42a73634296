"""What the gateway hears, and tells the screens of."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aether.contracts.agents import NoticeRaised, NoticeView, RunChanged
from aether.contracts.command import Command
from aether.contracts.event import Event
from aether.contracts.gateway import AccountRevoked, GitCredential, IssueGitCredential
from aether.contracts.machines import ProjectChanged, ProjectCreated, ProjectDeleted
from aether.contracts.problem import NotFound
from aether.contracts.terminal import PortsChanged, TerminalChanged, TerminalClosed, TerminalOpened, TerminalSignal
from aether.gateway.deps.gateway import Gateway
from aether.gateway.deps.ports import Mail
from aether.gateway.domain.shown import port_json, ports_json, project_json, terminal_json, view_json
from aether.gateway.store import feed, people, previews


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


async def show_run(event: RunChanged, gateway: Gateway) -> None:
    """Tell of a run, unless a later version of it was told of already."""
    async with gateway.database.transaction(event) as writer:
        if await feed.is_news(writer, event.run_id, event.run.version):
            await feed.tell(writer, event.account_id, "run.changed", view_json(event.run))


async def show_notice(event: NoticeRaised, gateway: Gateway) -> None:
    """Ring on the person's pages; and write to them, if that is wanted, once this is kept. At most once."""
    data = json.dumps({"notice": json.loads(view_json(event.notice)), "unread": event.unread})
    async with gateway.database.transaction(event) as writer:
        await feed.tell(writer, event.account_id, "notice.raised", data)
        found = await people.by_id(writer, event.person_id) if event.by_mail else None
    if found is not None:
        mail = notice_mail(found[0].email, event.notice, gateway.settings.public_url)
        # A mail server may take its time, and only a few events are heard at the same time.
        gateway.aside(gateway.mailer.send(mail))


def notice_mail(to: str, notice: NoticeView, public_url: str) -> Mail:
    """Names the run, quotes what it asks, and links to it."""
    quoted = "\n".join(f"> {line}" for line in notice.body.splitlines())
    body = f"{notice.title}\n\n{quoted}\n\n{public_url.rstrip('/')}{notice.path}\n"
    return Mail(to=to, subject=notice.title, body=body)


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


async def issue_git_credential(command: IssueGitCredential, gateway: Gateway) -> GitCredential:
    """Raises NotFound unless the account is linked to the very host that git asks for."""
    if gateway.github is None:
        raise NotFound
    return await gateway.github.credential(command.account_id, command.project_id, command.protocol, command.host)


COMMANDS: Mapping[type[Command[Any]], Callable[[Any, Any], Awaitable[Any]]] = {
    IssueGitCredential: issue_git_credential
}

EVENTS: Mapping[type[Event], Callable[[Any, Any], Awaitable[None]]] = {
    ProjectCreated: show_project,
    ProjectChanged: show_project,
    ProjectDeleted: show_that_a_project_is_gone,
    TerminalOpened: show_terminal,
    TerminalChanged: show_terminal,
    TerminalClosed: show_terminal,
    TerminalSignal: show_signal,
    PortsChanged: show_ports,
    RunChanged: show_run,
    NoticeRaised: show_notice,
    AccountRevoked: cut_what_is_open,
}
