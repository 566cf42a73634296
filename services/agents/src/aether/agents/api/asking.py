"""Who asks, and for what: what every request of a machine is read with."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from aether.agents.deps.agents import Agents
from aether.agents.deps.ports import Machine, RunKey
from aether.agents.errors import NotThisRun
from aether.contracts.problem import FieldError, Invalid, Refusal

BODY_LIMIT = 64 * 1024
# An agent's hook may quote the file that it is about to write, of which our program hands on the beginning.
HOOK_LIMIT = 512 * 1024
# Hooks of one machine that are read and heard at once; the others' bodies stay on their channels meanwhile.
HOOKS_AT_ONCE = 4

BodyT = TypeVar("BodyT", bound=BaseModel)


class TooLarge(Refusal):
    status = 413
    type = "too-large"
    title = "This is more than is taken here"


@dataclass(frozen=True)
class Asking:
    """The machine whose channel a request came by. Nothing in the request says which it is."""

    agents: Agents
    machine: Machine
    port_only: bool
    hooks: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HOOKS_AT_ONCE))

    async def run_of(self, secret: str) -> RunKey | None:
        """The run that the request speaks for. A secret that is none of this machine's is refused.

        On the loopback port there has to be one: the port itself proves nothing.
        """
        if not secret and not self.port_only:
            return None
        key = await self.agents.runs.of_secret(self.machine.project_id, secret) if secret else None
        if key is None:
            raise NotThisRun
        return key


def bearer(request: Request) -> str:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


async def body_as(request: Request, shape: type[BodyT]) -> BodyT:
    """The request's JSON. Raises Invalid with the fields that are not right."""
    content = await read(request, BODY_LIMIT)
    try:
        return shape.model_validate_json(content or b"{}")
    except ValidationError as error:
        raise Invalid(
            "The request is not as it should be.",
            errors=[
                FieldError(field=".".join(str(part) for part in each["loc"]), message=each["msg"])
                for each in error.errors(include_url=False, include_context=False, include_input=False)
            ],
        ) from None


async def any_json(request: Request) -> Any:
    """Whatever JSON it is; None if it is none."""
    try:
        return json.loads(await read(request, HOOK_LIMIT))
    except (ValueError, RecursionError):
        return None


async def read(request: Request, limit: int) -> bytes:
    """The whole body. Raises TooLarge."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > limit:
            raise TooLarge
    return bytes(content)
