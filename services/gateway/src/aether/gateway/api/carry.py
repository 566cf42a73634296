"""Requests that the files service answers: judged here, passed on with a grant, and streamed through both ways."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Request
from starlette.responses import Response

from aether.contracts.ids import ProjectId
from aether.contracts.service import Service
from aether.gateway.api.answers import find
from aether.gateway.api.guard import Member, TheGateway
from aether.gateway.api.upstream import PassedOn
from aether.gateway.deps.gateway import Gateway
from aether.gateway.domain.admission import SAFE_METHODS
from aether.gateway.domain.credentials import Caller
from aether.kit.grants import Grant, Right


def files_grant(caller: Caller, project_id: ProjectId, right: Right) -> Grant:
    """A grant for the files service, bound to the credential it was asked with."""
    return Grant(
        audience=Service.FILES,
        person_id=caller.person_id,
        person_name=caller.name,
        account_id=caller.account_id,
        project_id=project_id,
        right=right,
        credential_id=caller.credential_id,
    )


def right_for(method: str) -> Right:
    return "read" if method in SAFE_METHODS else "write"


class FilesCall:
    """One request of somebody's to the files of their project."""

    def __init__(self, gateway: Gateway, request: Request, project_id: UUID, token: str) -> None:
        self._gateway = gateway
        self._request = request
        tail = request.url.path.split("/", 4)[4]
        self._path = f"/stream/files/{project_id}/{quote(tail)}"
        self._token = token

    def passed_on(self, body: bytes | None = None) -> Response:
        """The service's answer to it. What the client sends streams on, unless it was read before: `body`."""
        return PassedOn(self._gateway, self._request, Service.FILES, self._path, grant=self._token, body=body)

    async def passed_on_whole(self) -> Response:
        """As `passed_on`, for a request whose body is a form that was read already."""
        return self.passed_on(await self._request.body())


async def files_of(project_id: UUID, caller: Member, request: Request, gateway: TheGateway) -> FilesCall:
    """Raises NotFound for a foreign project."""
    view = await find(gateway, caller.account_id, project_id)
    grant = files_grant(caller, view.id, right_for(request.method))
    return FilesCall(gateway, request, view.id, gateway.signer.sign(grant))


TheFiles = Annotated[FilesCall, Depends(files_of)]
