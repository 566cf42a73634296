"""A person's keys for vendors and programs: written, never read back."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from aether.contracts.agents import DeleteKey, KeyView, ListKeys, PutKey
from aether.contracts.ids import ProjectId
from aether.gateway.api import agent_shapes as shapes
from aether.gateway.api.answers import answer, answered, write_down
from aether.gateway.api.guard import Member, TheGateway
from aether.gateway.api.problems import MEMBER, THING

router = APIRouter(prefix="/api/keys", tags=["keys"])

Name = Annotated[str, Path(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]


@router.get("", response_model=shapes.KeyList, responses=MEMBER, summary="My keys, without their values")
async def list_keys(caller: Member, gateway: TheGateway) -> Response:
    return await answered(gateway, ListKeys(account_id=caller.account_id))


@router.put(
    "/{name}",
    response_model=shapes.Key,
    responses=THING,
    summary="Keep a key, put another value in its place, or say which projects may have it",
)
async def put_key(
    name: Name, body: shapes.PutKey, caller: Member, request: Request, gateway: TheGateway
) -> Response:
    given = body.model_fields_set
    command = PutKey(
        account_id=caller.account_id,
        person_id=caller.person_id,
        name=name,
        value=body.value,
        mode=body.mode,
        projects=None if body.projects is None else [ProjectId(project) for project in body.projects],
        every_project="projects" in given and body.projects is None,
    )
    view: KeyView = await gateway.bus.request(command)
    write_down(gateway, request, "key.kept", name)
    return answer(view)


@router.delete("/{name}", status_code=204, responses=MEMBER, summary="Forget a key")
async def delete_key(name: Name, caller: Member, request: Request, gateway: TheGateway) -> None:
    await gateway.bus.request(DeleteKey(account_id=caller.account_id, name=name))
    write_down(gateway, request, "key.deleted", name)
