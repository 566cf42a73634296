"""Agents: the catalog, and the tokens that let one in by SSH."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from aether.contracts.agents import (
    CreateAgentToken,
    GetSshConfig,
    ListAgentTokens,
    ListCatalog,
    RevokeAgentToken,
)
from aether.contracts.ids import AgentTokenId
from aether.gateway.api import agent_shapes as shapes
from aether.gateway.api.answers import answer, answered, find, write_down
from aether.gateway.api.guard import Member, TheGateway
from aether.gateway.api.problems import MEMBER, THING

router = APIRouter(prefix="/api", tags=["agents"])


@router.get(
    "/agents/catalog", response_model=shapes.Catalog, responses=MEMBER, summary="Agents that can be started"
)
async def get_catalog(_: Member, gateway: TheGateway) -> Response:
    return await answered(gateway, ListCatalog())


@router.get(
    "/projects/{project_id}/agents",
    response_model=shapes.AgentTokenList,
    responses=THING,
    summary="Key pairs that may enter the project's machine by SSH",
)
async def list_agent_tokens(project_id: UUID, caller: Member, gateway: TheGateway) -> Response:
    view = await find(gateway, caller.account_id, project_id)
    return await answered(gateway, ListAgentTokens(account_id=caller.account_id, project_id=view.id))


@router.post(
    "/projects/{project_id}/agents",
    status_code=201,
    response_model=shapes.CreatedAgentToken,
    responses=THING,
    summary="Let a key pair in; without a public key one is made, and its private key is in this answer only",
)
async def create_agent_token(
    project_id: UUID, body: shapes.CreateAgentToken, caller: Member, request: Request, gateway: TheGateway
) -> Response:
    view = await find(gateway, caller.account_id, project_id)
    command = CreateAgentToken(
        account_id=caller.account_id, person_id=caller.person_id, project_id=view.id, **body.model_dump()
    )
    made = await gateway.bus.request(command)
    write_down(gateway, request, "agent_token.created", made.token.id)
    return answer(made, 201, secret=True)


@router.delete(
    "/projects/{project_id}/agents/{token_id}",
    status_code=204,
    responses=THING,
    summary="Let it in no more; what is open with it is cut within five seconds",
)
async def revoke_agent_token(
    project_id: UUID, token_id: UUID, caller: Member, request: Request, gateway: TheGateway
) -> None:
    view = await find(gateway, caller.account_id, project_id)
    command = RevokeAgentToken(account_id=caller.account_id, project_id=view.id, token_id=AgentTokenId(token_id))
    await gateway.bus.request(command)
    write_down(gateway, request, "agent_token.revoked", token_id)


@router.get(
    "/projects/{project_id}/ssh-config",
    response_model=shapes.SshConfig,
    responses=THING,
    summary="The lines for ~/.ssh/config and known_hosts",
)
async def get_ssh_config(
    project_id: UUID,
    caller: Member,
    gateway: TheGateway,
    identity_file: Annotated[str, Query(max_length=512, pattern=r"^[^\x00-\x1f\x7f\"]+$")] = "~/.ssh/aether",
) -> Response:
    view = await find(gateway, caller.account_id, project_id)
    command = GetSshConfig(account_id=caller.account_id, project_id=view.id, identity_file=identity_file)
    return await answered(gateway, command)
