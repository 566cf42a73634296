"""What comes in by NATS: orders and questions about projects, and the facts that concern them."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from aether.contracts.command import Command, Done
from aether.contracts.event import Event
from aether.contracts.files import FilesChanged
from aether.contracts.gateway import AccountDeleted
from aether.contracts.ids import AccountId, ProjectId, new_id
from aether.contracts.machines import (
    CreateProject,
    DeleteProject,
    GetProject,
    GetProjectBySlug,
    GetSshIdentity,
    IssueSshCertificate,
    ListProjects,
    PlaceHold,
    ProjectList,
    ProjectView,
    ReleaseHold,
    RestartMachine,
    SshCertificate,
    SshIdentity,
    StartMachine,
    StopMachine,
    UpdateProject,
)
from aether.contracts.terminal import ActivitySeen
from aether.kit import trace
from aether.kit.bus import Answerer
from aether.kit.consumer import Handler
from aether.kit.postgres import Writer
from aether.machines.authority import new_host_key
from aether.machines.deps import Machines
from aether.machines.domain.names import checked_branch, checked_env, checked_name, has_controls, slug_of
from aether.machines.domain.parts import Clone
from aether.machines.domain.project import Project
from aether.machines.domain.repository import checked_repo_url
from aether.machines.domain.sizes import IDLE_MINUTES, checked_idle_minutes, checked_size
from aether.machines.domain.views import project_view
from aether.machines.errors import Invalid, NotRunning, ProjectNotFound, TooMany
from aether.machines.provider import USERNAME
from aether.machines.store import changes, projects

KEY_LENGTH = 200
SLUG_TRIES = 8


# Projects


async def create_project(command: CreateProject, machines: Machines) -> ProjectView:
    project = new_project(command, machines)
    key = _checked_key(command.idempotency_key)
    async with machines.transaction() as db:
        await changes.hold_account(db, command.account_id)
        made_before = await projects.with_key(db, command.account_id, key) if key else None
        if made_before is None:
            await _refuse_too_many(db, command.account_id, machines)
            project = await _add(db, project, key)
    shown = made_before or project
    if shown.desired == "deleted":
        raise ProjectNotFound("What was made with this key has been deleted since.")
    return project_view(shown, machines.clock.now())


def new_project(command: CreateProject, machines: Machines) -> Project:
    """As the command wants it. Raises Invalid, with the field."""
    provider = command.provider or machines.settings.provider
    if provider not in machines.providers:
        raise Invalid.field(
            "provider", f"There is no provider of that name. Choose: {', '.join(machines.providers)}."
        )
    name = checked_name(command.name)
    repo_url = checked_repo_url(command.repo_url, files_allowed=provider == "local")
    project_id, now = ProjectId(new_id()), machines.clock.now()
    host_key, private_key = new_host_key()
    return Project(
        id=project_id,
        account_id=command.account_id,
        name=name,
        slug=slug_of(name),
        provider=provider,
        size=checked_size(command.size or machines.settings.size),
        idle_minutes=checked_idle_minutes(IDLE_MINUTES if command.idle_minutes is None else command.idle_minutes),
        created_at=now,
        updated_at=now,
        repo_url=repo_url,
        branch=checked_branch(command.branch, repo_url),
        recording=command.recording,
        env_sealed=machines.seal_env(checked_env(command.env), command.account_id, project_id),
        host_key=host_key,
        host_key_sealed=machines.seal_host_key(private_key, command.account_id, project_id),
        clone=Clone("pending" if repo_url else "none"),
    )


async def _add(db: Writer, project: Project, key: str | None) -> Project:
    """Under its own slug, or with a short suffix where that is taken."""
    candidates = [project.slug, *(f"{project.slug}-{secrets.token_hex(2 + n)}" for n in range(SLUG_TRIES))]
    for slug in candidates:
        named = project.renamed(project.name, slug)
        if await changes.add(db, named, key):
            return named
    raise TooMany("Too many projects have this name. Choose another.")


async def _refuse_too_many(db: Writer, account_id: AccountId, machines: Machines) -> None:
    present, _ = await projects.count(db, account_id)
    if present >= machines.settings.projects_per_account:
        raise TooMany(
            f"An account has at most {machines.settings.projects_per_account} projects. Delete one first."
        )


def _checked_key(key: str | None) -> str | None:
    if key is not None and (not key or len(key) > KEY_LENGTH or has_controls(key)):
        raise Invalid.field("idempotency_key", f"A key has 1 to {KEY_LENGTH} characters that can be shown.")
    return key


async def list_projects(command: ListProjects, machines: Machines) -> ProjectList:
    before = _checked_cursor(command.cursor)
    async with machines.reading() as db:
        found = await projects.page(db, command.account_id, before, command.limit)
    now = machines.clock.now()
    following = str(found[-1].id) if len(found) == command.limit else None
    return ProjectList(items=[project_view(project, now) for project in found], next_cursor=following)


def _checked_cursor(cursor: str | None) -> ProjectId | None:
    try:
        return ProjectId(UUID(cursor)) if cursor else None
    except ValueError:
        raise Invalid.field("cursor", "That is not a cursor this list has given.") from None


async def get_project(command: GetProject, machines: Machines) -> ProjectView:
    async with machines.reading() as db:
        project = await projects.find(db, command.account_id, command.project_id)
    return project_view(project, machines.clock.now())


async def get_project_by_slug(command: GetProjectBySlug, machines: Machines) -> ProjectView:
    async with machines.reading() as db:
        project = await projects.with_slug(db, command.slug)
    return project_view(project, machines.clock.now())


async def update_project(command: UpdateProject, machines: Machines) -> ProjectView:
    sealed = None
    if command.env is not None:
        sealed = machines.seal_env(checked_env(command.env), command.account_id, command.project_id)
    name = None if command.name is None else checked_name(command.name)
    minutes = None if command.idle_minutes is None else checked_idle_minutes(command.idle_minutes)

    def act(project: Project, _now: datetime) -> Project:
        return project.updated(name=name, idle_minutes=minutes, recording=command.recording, env_sealed=sealed)

    return await _changed(command, machines, act)


async def delete_project(command: DeleteProject, machines: Machines) -> Done:
    headers = trace.headers()
    await machines.change(
        command.project_id, lambda p, now: p.asked_to_delete(now, headers), account_id=command.account_id
    )
    return Done()


# Machines


async def start_machine(command: StartMachine, machines: Machines) -> ProjectView:
    headers = trace.headers()
    async with machines.transaction() as db:
        await _refuse_one_more(db, command, machines)
        project = await machines.change_in(
            db, command.project_id, lambda p, now: p.asked_to_start(now, headers), account_id=command.account_id
        )
    return project_view(project, machines.clock.now())


async def stop_machine(command: StopMachine, machines: Machines) -> ProjectView:
    headers = trace.headers()
    return await _changed(command, machines, lambda p, now: p.asked_to_stop(now, headers))


async def restart_machine(command: RestartMachine, machines: Machines) -> ProjectView:
    headers = trace.headers()
    async with machines.transaction() as db:
        await _refuse_one_more(db, command, machines)
        project = await machines.change_in(
            db, command.project_id, lambda p, now: p.asked_to_restart(now, headers), account_id=command.account_id
        )
    return project_view(project, machines.clock.now())


async def _refuse_one_more(db: Writer, command: StartMachine | RestartMachine, machines: Machines) -> None:
    """Refuse a start beyond what the account may run at once; one that runs already is not one more."""
    await changes.hold_account(db, command.account_id)
    project = await projects.find(db, command.account_id, command.project_id)
    _, running = await projects.count(db, command.account_id)
    most = machines.settings.running_per_account
    if project.desired != "running" and running >= most:
        raise TooMany(f"An account runs at most {most} machines at once. Stop one of them first.")


async def place_hold(command: PlaceHold, machines: Machines) -> ProjectView:
    if has_controls(command.name):
        raise Invalid.field("name", "A hold's name cannot have control or invisible characters.")
    return await _changed(command, machines, lambda p, now: p.held(command.name, command.expires_in, now))


async def release_hold(command: ReleaseHold, machines: Machines) -> ProjectView:
    return await _changed(command, machines, lambda p, now: p.released(command.name, now))


async def issue_ssh_certificate(command: IssueSshCertificate, machines: Machines) -> SshCertificate:
    async with machines.reading() as db:
        project = await projects.get(db, command.project_id)
    if project.desired == "deleted":
        raise ProjectNotFound
    if project.status != "running" or project.machine is None:
        raise NotRunning(project.status)
    return machines.certify(project, command.public_key)


async def get_ssh_identity(command: GetSshIdentity, machines: Machines) -> SshIdentity:
    async with machines.reading() as db:
        project = await projects.find(db, command.account_id, command.project_id)
    # Before the first start no provider has named the user yet.
    username = (project.machine and project.machine.username) or USERNAME
    return SshIdentity(project_id=project.id, slug=project.slug, username=username, host_key=project.host_key)


async def _changed(
    command: UpdateProject | StopMachine | PlaceHold | ReleaseHold,
    machines: Machines,
    act: Callable[[Project, datetime], Project],
) -> ProjectView:
    project = await machines.change(command.project_id, act, account_id=command.account_id)
    return project_view(project, machines.clock.now())


# Facts


async def delete_projects_of_account(event: AccountDeleted, machines: Machines) -> None:
    headers = trace.headers()
    async with machines.transaction(event) as db:
        for project_id in await projects.ids_of_account(db, event.account_id):
            await machines.change_in(db, project_id, lambda p, now: p.asked_to_delete(now, headers))


async def notice_activity(event: ActivitySeen, machines: Machines) -> None:
    async with machines.transaction(event) as db:
        await _notice(db, machines, event, event.kind, event.seen_at)


async def notice_edit(event: FilesChanged, machines: Machines) -> None:
    """A person at work on the files is as good as one who types."""
    async with machines.transaction(event) as db:
        await _notice(db, machines, event, "input", event.changed_at)


async def _notice(
    db: Writer,
    machines: Machines,
    event: ActivitySeen | FilesChanged,
    kind: Literal["input", "output"],
    seen_at: datetime,
) -> None:
    with suppress(ProjectNotFound):
        await machines.change_in(
            db, event.project_id, lambda p, now: p.noticed(kind, seen_at, now), account_id=event.account_id
        )


COMMANDS: Mapping[type[Command[Any]], Answerer] = {
    CreateProject: create_project,
    ListProjects: list_projects,
    GetProject: get_project,
    GetProjectBySlug: get_project_by_slug,
    UpdateProject: update_project,
    DeleteProject: delete_project,
    StartMachine: start_machine,
    StopMachine: stop_machine,
    RestartMachine: restart_machine,
    PlaceHold: place_hold,
    ReleaseHold: release_hold,
    IssueSshCertificate: issue_ssh_certificate,
    GetSshIdentity: get_ssh_identity,
}
EVENTS: Mapping[type[Event], Handler] = {
    AccountDeleted: delete_projects_of_account,
    ActivitySeen: notice_activity,
    FilesChanged: notice_edit,
}
