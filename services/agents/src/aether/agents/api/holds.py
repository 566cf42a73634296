"""Holds: what keeps the machine awake, by name."""

from typing import Annotated

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aether.agents.api.asking import Asking, body_as
from aether.contracts.machines import GetProject, PlaceHold, ProjectView, ReleaseHold
from aether.contracts.problem import Invalid

NAME_LENGTH = 64


class HoldBody(BaseModel):
    """`expires_in` counts seconds."""

    expires_in: Annotated[int, Field(ge=1, le=3600)]


async def place(request: Request, asking: Asking) -> Response:
    body = await body_as(request, HoldBody)
    machine = asking.machine
    await asking.agents.bus.request(
        PlaceHold(
            account_id=machine.account_id,
            project_id=machine.project_id,
            name=_name(request),
            expires_in=body.expires_in,
        )
    )
    return Response(status_code=204)


async def release(request: Request, asking: Asking) -> Response:
    machine = asking.machine
    await asking.agents.bus.request(
        ReleaseHold(account_id=machine.account_id, project_id=machine.project_id, name=_name(request))
    )
    return Response(status_code=204)


async def show(_request: Request, asking: Asking) -> Response:
    machine = asking.machine
    project = await asking.agents.bus.request(
        GetProject(account_id=machine.account_id, project_id=machine.project_id)
    )
    return JSONResponse({"items": _holds(project)})


def _holds(project: ProjectView) -> list[dict[str, str]]:
    return [
        {"name": reason.name, "until": reason.until.isoformat()}
        for reason in project.awake_because
        if reason.kind == "hold"
    ]


def _name(request: Request) -> str:
    name = str(request.path_params["name"]).strip()
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise Invalid.field("name", f"A hold's name has 1 to {NAME_LENGTH} characters, all of them printable.")
    return name
