"""Projects: what the API asks of the machines service."""

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from aether.contracts.ids import AccountId, ProjectId
from aether.contracts.machines import (
    CreateProject,
    DeleteProject,
    ListProjects,
    PlaceHold,
    ProjectView,
    ReleaseHold,
    RestartMachine,
    StartMachine,
    StopMachine,
    UpdateProject,
)
from aether.contracts.terminal import ListTerminals, OpenTerminal
from aether.gateway.api import shapes
from aether.gateway.api.answers import JSON, find, write_down
from aether.gateway.api.guard import Member, TheGateway
from aether.gateway.api.problems import MEMBER, THING, problems
from aether.gateway.api.tokens import IdempotencyKey
from aether.gateway.deps.gateway import Gateway
from aether.gateway.domain.shown import project_json, terminal_json

router = APIRouter(prefix="/api/projects", tags=["projects"])

Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200)]


def shown(view: ProjectView, status: int = 200) -> Response:
    """The project as it came. Not validated once more: its service did, and this is on every page's way."""
    return Response(project_json(view), status_code=status, media_type=JSON)


def page(items: list[str], next_cursor: str | None) -> Response:
    """A list whose items are JSON already."""
    return Response(f'{{"items":[{",".join(items)}],"next_cursor":{json.dumps(next_cursor)}}}', media_type=JSON)


@router.get("", response_model=shapes.ProjectList, responses=MEMBER, summary="My projects, newest first")
async def list_projects(
    caller: Member, gateway: TheGateway, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    found = await gateway.bus.request(ListProjects(account_id=caller.account_id, cursor=cursor, limit=limit))
    return page([project_json(view) for view in found.items], found.next_cursor)


@router.post(
    "",
    status_code=201,
    response_model=shapes.Project,
    responses=problems(401, 409),
    summary="Make a project, empty or from a git URL",
)
async def create_project(
    body: shapes.CreateProject,
    caller: Member,
    request: Request,
    gateway: TheGateway,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    command = CreateProject(
        account_id=caller.account_id,
        person_id=caller.person_id,
        idempotency_key=idempotency_key,
        **body.model_dump(),
    )
    view = await gateway.bus.request(command)
    write_down(gateway, request, "project.created", view.id)
    return shown(view, 201)


@router.get("/{project_id}", response_model=shapes.Project, responses=THING, summary="One project")
async def get_project(project_id: UUID, caller: Member, gateway: TheGateway) -> Response:
    return shown(await find(gateway, caller.account_id, project_id))


@router.patch("/{project_id}", response_model=shapes.Project, responses=THING, summary="Change a project")
async def update_project(
    project_id: UUID, body: shapes.UpdateProject, caller: Member, gateway: TheGateway
) -> Response:
    command = UpdateProject(account_id=caller.account_id, project_id=ProjectId(project_id), **body.model_dump())
    return shown(await gateway.bus.request(command))


@router.delete(
    "/{project_id}", status_code=204, responses=THING, summary="Delete a project, its machine and its files"
)
async def delete_project(project_id: UUID, caller: Member, request: Request, gateway: TheGateway) -> None:
    await gateway.bus.request(DeleteProject(account_id=caller.account_id, project_id=ProjectId(project_id)))
    write_down(gateway, request, "project.deleted", project_id)


@router.post(
    "/{project_id}/start", status_code=202, response_model=shapes.Project, responses=THING, summary="Start it"
)
async def start_project(project_id: UUID, caller: Member, request: Request, gateway: TheGateway) -> Response:
    command = StartMachine(account_id=caller.account_id, project_id=ProjectId(project_id))
    view = await gateway.bus.request(command)
    write_down(gateway, request, "project.started", project_id)
    return shown(view, 202)


@router.post(
    "/{project_id}/stop", status_code=202, response_model=shapes.Project, responses=THING, summary="Stop it"
)
async def stop_project(project_id: UUID, caller: Member, request: Request, gateway: TheGateway) -> Response:
    command = StopMachine(account_id=caller.account_id, project_id=ProjectId(project_id))
    view = await gateway.bus.request(command)
    write_down(gateway, request, "project.stopped", project_id)
    return shown(view, 202)


@router.post(
    "/{project_id}/restart", status_code=202, response_model=shapes.Project, responses=THING, summary="Restart it"
)
async def restart_project(project_id: UUID, caller: Member, request: Request, gateway: TheGateway) -> Response:
    command = RestartMachine(account_id=caller.account_id, project_id=ProjectId(project_id))
    view = await gateway.bus.request(command)
    write_down(gateway, request, "project.restarted", project_id)
    return shown(view, 202)


@router.put(
    "/{project_id}/holds/{name}",
    response_model=shapes.Project,
    responses=THING,
    summary="Keep the machine awake for a while, an hour at most",
)
async def place_hold(
    project_id: UUID, name: shapes.HoldName, body: shapes.Hold, caller: Member, gateway: TheGateway
) -> Response:
    command = PlaceHold(
        account_id=caller.account_id, project_id=ProjectId(project_id), name=name, expires_in=body.expires_in
    )
    return shown(await gateway.bus.request(command))


@router.delete(
    "/{project_id}/holds/{name}", response_model=shapes.Project, responses=THING, summary="Let go of a hold"
)
async def drop_hold(project_id: UUID, name: shapes.HoldName, caller: Member, gateway: TheGateway) -> Response:
    command = ReleaseHold(account_id=caller.account_id, project_id=ProjectId(project_id), name=name)
    return shown(await gateway.bus.request(command))


@router.get(
    "/{project_id}/terminals",
    response_model=shapes.TerminalList,
    responses=THING,
    summary="A project's terminals; with all=true those that have ended too",
)
async def list_terminals(
    project_id: UUID,
    caller: Member,
    gateway: TheGateway,
    all: bool = False,  # noqa: A002 - the parameter's name
) -> Response:
    return await _terminals(gateway, caller.account_id, project_id, include_closed=all)


@router.get(
    "/{project_id}/recordings",
    response_model=shapes.TerminalList,
    responses=THING,
    summary="A project's terminals, ended or not, that have a recording",
)
async def list_recordings(project_id: UUID, caller: Member, gateway: TheGateway) -> Response:
    return await _terminals(gateway, caller.account_id, project_id, include_closed=True, only_recorded=True)


async def _terminals(
    gateway: Gateway, account_id: AccountId, project_id: UUID, *, include_closed: bool, only_recorded: bool = False
) -> Response:
    await find(gateway, account_id, project_id)
    command = ListTerminals(account_id=account_id, project_id=ProjectId(project_id), include_closed=include_closed)
    found = await gateway.bus.request(command)
    items = [terminal_json(view) for view in found.items if view.recorded or not only_recorded]
    return page(items, found.next_cursor)


@router.post(
    "/{project_id}/terminals",
    status_code=201,
    response_model=shapes.Terminal,
    responses=THING,
    summary="Open a terminal in a running project",
)
async def create_terminal(
    project_id: UUID,
    body: shapes.CreateTerminal,
    caller: Member,
    *,
    request: Request,
    gateway: TheGateway,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    command = OpenTerminal(
        account_id=caller.account_id,
        project_id=ProjectId(project_id),
        person_id=caller.person_id,
        idempotency_key=idempotency_key,
        **body.model_dump(),
    )
    # The first one waits for a shell in the machine, which may take a while on a busy host.
    view = await gateway.bus.request(command, timeout=15)
    write_down(gateway, request, "terminal.opened", view.id)
    return Response(terminal_json(view), status_code=201, media_type=JSON)
