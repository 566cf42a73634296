"""Runs: agents at work."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from aether.contracts.agents import DismissRun, GetRun, ListRuns, LookAtRun, MessageRun, StartRun, StopRun
from aether.contracts.ids import ProjectId, QuestionId, RunId
from aether.gateway.api import agent_shapes as shapes
from aether.gateway.api.answers import answer, answered, find, write_down
from aether.gateway.api.guard import Member, SignedIn, TheGateway
from aether.gateway.api.problems import MEMBER, THING
from aether.gateway.api.projects import Cursor, Limit
from aether.gateway.api.tokens import IdempotencyKey

router = APIRouter(prefix="/api", tags=["runs"])

Filter = Annotated[
    shapes.RunFilter, Query(alias="filter", description="active: not ended, or ended lately and not dismissed")
]


@router.get("/runs", response_model=shapes.RunList, responses=MEMBER, summary="My runs, newest first")
async def list_runs(
    caller: Member, gateway: TheGateway, which: Filter = "active", cursor: Cursor = None, limit: Limit = 100
) -> Response:
    command = ListRuns(account_id=caller.account_id, include_ended=which == "all", cursor=cursor, limit=limit)
    return await answered(gateway, command)


@router.get(
    "/projects/{project_id}/runs", response_model=shapes.RunList, responses=THING, summary="A project's runs"
)
async def list_project_runs(
    project_id: UUID,
    caller: Member,
    gateway: TheGateway,
    *,
    which: Filter = "active",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    view = await find(gateway, caller.account_id, project_id)
    command = ListRuns(
        account_id=caller.account_id,
        project_id=view.id,
        include_ended=which == "all",
        cursor=cursor,
        limit=limit,
    )
    return await answered(gateway, command)


@router.post(
    "/projects/{project_id}/runs",
    status_code=201,
    response_model=shapes.Run,
    responses=THING,
    summary="Set an agent to work; a stopped machine is started for it",
)
async def start_run(
    project_id: UUID,
    body: shapes.StartRun,
    caller: Member,
    *,
    request: Request,
    gateway: TheGateway,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    command = StartRun(
        account_id=caller.account_id,
        person_id=caller.person_id,
        project_id=ProjectId(project_id),
        idempotency_key=idempotency_key,
        **body.model_dump(),
    )
    view = await gateway.bus.request(command)
    write_down(gateway, request, "run.started", view.id)
    return answer(view, 201)


@router.get("/runs/{run_id}", response_model=shapes.Run, responses=THING, summary="One run")
async def get_run(run_id: UUID, caller: Member, gateway: TheGateway) -> Response:
    return await answered(gateway, GetRun(account_id=caller.account_id, run_id=RunId(run_id)))


@router.post(
    "/runs/{run_id}/message",
    response_model=shapes.Run,
    responses=THING,
    summary="Type a text into a run, or answer its question; once",
)
async def message_run(
    run_id: UUID,
    body: shapes.MessageRun,
    caller: Member,
    gateway: TheGateway,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    command = MessageRun(
        account_id=caller.account_id,
        person_id=caller.person_id,
        run_id=RunId(run_id),
        text=body.text,
        option=body.option,
        question_id=None if body.question_id is None else QuestionId(body.question_id),
        idempotency_key=idempotency_key,
    )
    return await answered(gateway, command)


@router.post("/runs/{run_id}/stop", response_model=shapes.Run, responses=THING, summary="End the agent")
async def stop_run(run_id: UUID, caller: Member, request: Request, gateway: TheGateway) -> Response:
    view = await gateway.bus.request(StopRun(account_id=caller.account_id, run_id=RunId(run_id)))
    write_down(gateway, request, "run.stopped", run_id)
    return answer(view)


@router.delete("/runs/{run_id}", status_code=204, responses=THING, summary="Take an ended run off the board")
async def dismiss_run(run_id: UUID, caller: Member, gateway: TheGateway) -> None:
    await gateway.bus.request(DismissRun(account_id=caller.account_id, run_id=RunId(run_id)))


@router.post(
    "/runs/{run_id}/look",
    status_code=204,
    responses=THING,
    summary="This page is visible, has the focus, and shows this very run; good for 15 seconds",
)
async def look_at_run(run_id: UUID, caller: SignedIn, gateway: TheGateway) -> None:
    command = LookAtRun(account_id=caller.account_id, person_id=caller.person_id, run_id=RunId(run_id))
    await gateway.bus.request(command)
