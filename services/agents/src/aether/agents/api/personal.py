"""What a machine has of its person: keys it may read, credentials for git."""

from typing import Annotated

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aether.agents.api.asking import Asking, body_as
from aether.contracts.gateway import IssueGitCredential

# Nobody on the way keeps an answer that has a secret in it.
SECRET = {"Cache-Control": "no-store"}


class CredentialBody(BaseModel):
    """As git's credential helpers are asked."""

    protocol: Annotated[str, Field(max_length=16)]
    host: Annotated[str, Field(max_length=255)]
    path: Annotated[str, Field(max_length=1024)] = ""


async def key(request: Request, asking: Asking) -> Response:
    name, machine = str(request.path_params["name"]), asking.machine
    value = await asking.agents.keys.readable(machine.account_id, machine.project_id, name)
    return JSONResponse({"name": name, "value": value}, headers=SECRET)


async def git_credential(request: Request, asking: Asking) -> Response:
    body, machine = await body_as(request, CredentialBody), asking.machine
    issued = await asking.agents.bus.request(
        IssueGitCredential(
            account_id=machine.account_id,
            project_id=machine.project_id,
            protocol=body.protocol,
            host=body.host,
            path=body.path,
        )
    )
    return JSONResponse({"username": issued.username, "password": issued.password}, headers=SECRET)
