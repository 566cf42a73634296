"""A project's listening ports, and who may open their previews."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from aether.contracts.ids import ProjectId
from aether.contracts.terminal import ListPorts, UpdatePort
from aether.gateway.api import file_shapes as shapes
from aether.gateway.api.answers import JSON, find, write_down
from aether.gateway.api.guard import Member, TheGateway
from aether.gateway.api.problems import THING
from aether.gateway.domain.shown import port_json

router = APIRouter(prefix="/api/projects/{project_id}/ports", tags=["ports"])

Number = Annotated[int, Path(ge=1, le=65535)]


@router.get(
    "",
    response_model=shapes.PortList,
    responses=THING,
    summary="Where programs listen in the project's machine, and what was said of ports before",
)
async def list_ports(project_id: UUID, caller: Member, gateway: TheGateway) -> Response:
    view = await find(gateway, caller.account_id, project_id)
    found = await gateway.bus.request(ListPorts(account_id=caller.account_id, project_id=view.id))
    items = ",".join(port_json(port, gateway.previews.url(port.port, view.slug)) for port in found.items)
    return Response(f'{{"items":[{items}]}}', media_type=JSON)


@router.patch(
    "/{port}", response_model=shapes.Port, responses=THING, summary="Name a port, or say who may open its preview"
)
async def update_port(
    project_id: UUID,
    port: Number,
    body: shapes.UpdatePort,
    caller: Member,
    *,
    request: Request,
    gateway: TheGateway,
) -> Response:
    view = await find(gateway, caller.account_id, project_id)
    command = UpdatePort(
        account_id=caller.account_id, project_id=ProjectId(view.id), port=port, **body.model_dump()
    )
    updated = await gateway.bus.request(command)
    if body.visibility is not None:
        write_down(gateway, request, f"port.{body.visibility}", view.id)
        gateway.look_again(view.id)
    return Response(port_json(updated, gateway.previews.url(port, view.slug)), media_type=JSON)
