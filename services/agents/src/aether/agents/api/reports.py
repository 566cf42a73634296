"""What agents and programs in the machine say of a run."""

from typing import Literal

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from aether.agents.api.asking import Asking, any_json, bearer, body_as
from aether.agents.deps.ports import RunKey
from aether.agents.domain import text
from aether.agents.domain.report import Asked, Report
from aether.agents.errors import NoSuchRun, NotThisRun
from aether.agents.store import askers
from aether.contracts.ids import RunId


class EventBody(BaseModel):
    """`run` may be left out where the run's secret says which it is. `message` is a question if it waits."""

    run: RunId | None = None
    state: Literal["working", "waiting", "done", "failed"]
    message: str = ""


async def event(request: Request, asking: Asking) -> Response:
    body = await body_as(request, EventBody)
    key = await _run(asking, bearer(request), body.run)
    await asking.agents.runs.report(key.run_id, _report(asking, body))
    return Response(status_code=204)


async def hook(request: Request, asking: Asking) -> Response:
    key = await asking.run_of(bearer(request))
    if key is None:
        raise NotThisRun
    event = text.line(str(request.path_params["event"]), 80)
    async with asking.hooks:
        await asking.agents.runs.hook(key, event, await any_json(request))
    return Response(status_code=204)


async def _run(asking: Asking, secret: str, named: RunId | None) -> RunKey:
    """The run of the secret; without one, the one that is named, if it is of this machine's project."""
    key = await asking.run_of(secret)
    if key is None and named is not None:
        key = await _named(asking, named)
    if key is None or (named is not None and named != key.run_id):
        raise NoSuchRun
    return key


async def _named(asking: Asking, run_id: RunId) -> RunKey | None:
    """On the machine's own socket a run need not show its secret: whoever asks there is of this machine."""
    machine = asking.machine
    async with asking.agents.reading() as db:
        known = await askers.is_of_project(db, machine.project_id, run_id)
    return RunKey(run_id, machine.account_id, machine.project_id) if known else None


def _report(asking: Asking, body: EventBody) -> Report:
    at, message = asking.agents.now(), text.message(body.message)
    if body.state == "waiting":
        return Report("program", at, "waiting", asked=Asked("question", message or "It waits for you."))
    if body.state == "working":
        return Report("program", at, "working", doing=text.line(message))
    if body.state == "failed":
        return Report("program", at, "failed", last_message=message, detail=text.line(message))
    return Report("program", at, "done", last_message=message)
