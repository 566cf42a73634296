"""The streams that the gateway carries to other services, and what each asks of whoever opens it."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from aether.contracts.problem import NotFound
from aether.contracts.service import Service
from aether.gateway.api.answers import find
from aether.gateway.api.carry import files_grant, right_for
from aether.gateway.api.guard import TheGateway, stream
from aether.gateway.api.problems import problems
from aether.gateway.api.terminals import find_terminal, grant_for
from aether.gateway.api.upstream import ASCIICAST, PassedOn
from aether.gateway.deps.gateway import Gateway
from aether.gateway.domain.admission import Policy
from aether.gateway.domain.credentials import Caller
from aether.kit.grants import Grant, from_headers

router = APIRouter(tags=["streams"])

ID = r"(?P<id>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
MaybeCaller = Annotated[Caller | None, Depends(stream)]


async def _to_terminal(gateway: Gateway, caller: Caller, thing: UUID) -> Grant:
    view = await find_terminal(gateway, caller, thing)
    return grant_for(caller, view.project_id, "input", str(view.id))


async def _to_watch(gateway: Gateway, caller: Caller, thing: UUID) -> Grant:
    view = await find(gateway, caller.account_id, thing)
    return files_grant(caller, view.id, "read")


async def _to_exec(gateway: Gateway, caller: Caller, thing: UUID) -> Grant:
    view = await find(gateway, caller.account_id, thing)
    return grant_for(caller, view.id, "exec")


@dataclass(frozen=True)
class StreamRoute:
    """One kind of WebSocket: its service, the path's form with the id in it, and whose grant opens it.

    `grant` raises NotFound for what is not the caller's, before anything is accepted.
    """

    service: str
    path: str
    grant: Callable[[Gateway, Caller, UUID], Awaitable[Grant]]
    policy: Policy = Policy.STREAM

    def match(self, path: str) -> UUID | None:
        found = re.fullmatch(f"/stream/{self.service}/{self.path.format(id=ID)}", path)
        return UUID(found["id"]) if found else None


STREAM_ROUTES = (
    StreamRoute("terminal", "{id}", _to_terminal),
    StreamRoute("terminal", "exec/{id}", _to_exec),
    StreamRoute("files", "watch/{id}", _to_watch),
)


def route_to(path: str) -> tuple[StreamRoute, UUID]:
    """The route of a WebSocket's path, and the id in it. Raises NotFound."""
    for route in STREAM_ROUTES:
        thing = route.match(path)
        if thing is not None:
            return route, thing
    raise NotFound


@router.get(
    "/stream/terminal/{terminal_id}/recording",
    response_class=Response,
    responses={
        **problems(401, 404, 409, 502),
        200: {
            "description": "The recording as asciicast v2.",
            "content": {ASCIICAST: {"schema": {"type": "string"}}},
        },
    },
    summary="A terminal's recording, for a credential or a grant",
)
async def stream_recording(
    terminal_id: UUID, caller: MaybeCaller, request: Request, gateway: TheGateway
) -> Response:
    token = from_headers(list(request.scope["headers"]))
    if caller is not None:
        view = await find_terminal(gateway, caller, terminal_id)
        token = gateway.signer.sign(grant_for(caller, view.project_id, "read", str(view.id)))
    assert token is not None, "the policy admits nobody without a credential or a grant"
    return PassedOn(gateway, request, Service.TERMINAL, f"/stream/terminal/{terminal_id}/recording", grant=token)


@router.api_route(
    "/stream/files/{project_id}/{tail:path}",
    methods=["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"],
    response_class=Response,
    include_in_schema=False,
)
async def stream_files(
    project_id: UUID, tail: str, caller: MaybeCaller, request: Request, gateway: TheGateway
) -> Response:
    """The same tails as below /api/projects/{project_id}, for a credential or a grant."""
    token = from_headers(list(request.scope["headers"]))
    if caller is not None:
        view = await find(gateway, caller.account_id, project_id)
        token = gateway.signer.sign(files_grant(caller, view.id, right_for(request.method)))
    assert token is not None, "the policy admits nobody without a credential or a grant"
    return PassedOn(gateway, request, Service.FILES, f"/stream/files/{project_id}/{quote(tail)}", grant=token)
