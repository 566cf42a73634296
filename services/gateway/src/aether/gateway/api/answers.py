"""Answers: what a service says, passed on as JSON, and what is written down of it."""

from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from aether.contracts.command import Command, Reply
from aether.contracts.ids import AccountId, ProjectId
from aether.contracts.machines import GetProject, ProjectView
from aether.gateway.api.auth import note
from aether.gateway.deps.gateway import Gateway
from aether.gateway.domain.shown import view_json

JSON = "application/json"


def answer(view: Reply, status: int = 200, *, secret: bool = False) -> Response:
    """A view as it came: its service has validated it. One with a secret is kept by nobody on its way."""
    headers = {"Cache-Control": "no-store"} if secret else None
    return Response(view_json(view), status_code=status, media_type=JSON, headers=headers)


async def answered(gateway: Gateway, command: Command[Any], status: int = 200) -> Response:
    """What a service answers to a command."""
    return answer(await gateway.bus.request(command), status)


async def find(gateway: Gateway, account_id: AccountId, project_id: UUID) -> ProjectView:
    """The account's project. Raises NotFound for a foreign one."""
    return await gateway.bus.request(GetProject(account_id=account_id, project_id=ProjectId(project_id)))


def write_down(gateway: Gateway, request: Request, what: str, target: object) -> None:
    """One line of the audit log, for what another service has done already: the answer does not hang on it."""

    async def write() -> None:
        async with gateway.database.transaction() as writer:
            await note(writer, gateway, request, what, str(target))

    gateway.aside(write())
