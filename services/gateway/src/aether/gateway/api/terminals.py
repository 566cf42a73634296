"""Terminals: what the API asks of the terminal service, and the grants that open their streams."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from aether.contracts.ids import ProjectId, TerminalId
from aether.contracts.service import Service
from aether.contracts.terminal import CloseTerminal, GetTerminal, RenameTerminal, TerminalView
from aether.gateway.api import agent_shapes, shapes
from aether.gateway.api.answers import JSON, find, write_down
from aether.gateway.api.guard import Member, TheGateway
from aether.gateway.api.problems import THING, problems
from aether.gateway.api.upstream import ASCIICAST, PassedOn
from aether.gateway.deps.gateway import Gateway
from aether.gateway.domain.credentials import Caller
from aether.gateway.domain.shown import terminal_json
from aether.kit.grants import LIFETIME_SECONDS, Grant, Right

router = APIRouter(prefix="/api", tags=["terminals"])


@router.get("/terminals/{terminal_id}", response_model=shapes.Terminal, responses=THING, summary="One terminal")
async def get_terminal(terminal_id: UUID, caller: Member, gateway: TheGateway) -> Response:
    return _shown(await find_terminal(gateway, caller, terminal_id))


def _shown(view: TerminalView) -> Response:
    return Response(terminal_json(view), media_type=JSON)


async def find_terminal(gateway: Gateway, caller: Caller, terminal_id: UUID) -> TerminalView:
    """The account's terminal. Raises NotFound for a foreign one."""
    command = GetTerminal(account_id=caller.account_id, terminal_id=TerminalId(terminal_id))
    return await gateway.bus.request(command)


@router.patch(
    "/terminals/{terminal_id}", response_model=shapes.Terminal, responses=THING, summary="Rename a terminal"
)
async def update_terminal(
    terminal_id: UUID, body: shapes.UpdateTerminal, caller: Member, gateway: TheGateway
) -> Response:
    command = RenameTerminal(account_id=caller.account_id, terminal_id=TerminalId(terminal_id), name=body.name)
    return _shown(await gateway.bus.request(command))


@router.delete(
    "/terminals/{terminal_id}",
    status_code=204,
    responses=THING,
    summary="End a terminal and what runs in it; its recording stays",
)
async def close_terminal(terminal_id: UUID, caller: Member, request: Request, gateway: TheGateway) -> None:
    command = CloseTerminal(account_id=caller.account_id, terminal_id=TerminalId(terminal_id))
    await gateway.bus.request(command)
    write_down(gateway, request, "terminal.closed", terminal_id)


@router.post(
    "/terminals/{terminal_id}/grant",
    response_model=shapes.Grant,
    responses=THING,
    summary="What opens this terminal's stream once",
)
async def grant_terminal(terminal_id: UUID, body: shapes.AskGrant, caller: Member, gateway: TheGateway) -> Any:
    view = await find_terminal(gateway, caller, terminal_id)
    grant = grant_for(caller, view.project_id, body.right, str(view.id))
    return _granted(gateway, grant, f"/stream/terminal/{view.id}")


@router.post(
    "/projects/{project_id}/exec/grant",
    response_model=shapes.Grant,
    responses=THING,
    summary="What opens a stream that runs one command, once",
)
async def grant_exec(project_id: UUID, caller: Member, gateway: TheGateway) -> Any:
    view = await find(gateway, caller.account_id, project_id)
    grant = grant_for(caller, view.id, "exec")
    return _granted(gateway, grant, f"/stream/terminal/exec/{view.id}")


def grant_for(caller: Caller, project_id: ProjectId, right: Right, resource: str = "") -> Grant:
    """A grant for the terminal service, bound to the credential it was asked with."""
    return Grant(
        audience=Service.TERMINAL,
        person_id=caller.person_id,
        person_name=caller.name,
        account_id=caller.account_id,
        project_id=project_id,
        resource=resource,
        right=right,
        credential_id=caller.credential_id,
    )


def _granted(gateway: Gateway, grant: Grant, path: str) -> dict[str, str | datetime]:
    base = gateway.settings.public_url.rstrip("/")
    return {
        "url": f"ws{base.removeprefix('http')}{path}",
        "grant": gateway.signer.sign(grant),
        "expires_at": gateway.now() + timedelta(seconds=LIFETIME_SECONDS),
    }


@router.get(
    "/terminals/{terminal_id}/screen",
    response_model=agent_shapes.Screen,
    responses={**THING, 304: {"description": "As it was when it had this ETag."}},
    summary="The last lines of a terminal as plain text; looking is not activity",
)
async def get_screen(
    terminal_id: UUID,
    caller: Member,
    request: Request,
    gateway: TheGateway,
    lines: Annotated[int, Query(ge=1, le=200)] = 12,
) -> Response:
    view = await find_terminal(gateway, caller, terminal_id)
    grant = gateway.signer.sign(grant_for(caller, view.project_id, "watch", str(view.id)))
    return PassedOn(gateway, request, Service.TERMINAL, f"/stream/terminal/{view.id}/screen", grant=grant)


@router.get(
    "/terminals/{terminal_id}/recording",
    response_class=Response,
    responses={
        **problems(401, 404, 409, 502),
        200: {
            "description": "The recording as asciicast v2: a header line, then one line for each event.",
            "content": {ASCIICAST: {"schema": {"type": "string"}}},
        },
    },
    summary="A terminal's recording",
)
async def get_recording(terminal_id: UUID, caller: Member, request: Request, gateway: TheGateway) -> Response:
    view = await find_terminal(gateway, caller, terminal_id)
    grant = gateway.signer.sign(grant_for(caller, view.project_id, "read", str(view.id)))
    return PassedOn(gateway, request, Service.TERMINAL, f"/stream/terminal/{view.id}/recording", grant=grant)
