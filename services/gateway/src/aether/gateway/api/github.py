"""GitHub: sign in with it, link an account to it, and choose among its repositories."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from aether.contracts.problem import Unavailable
from aether.gateway.api import github_shapes as shapes
from aether.gateway.api.guard import Member, SignedIn, TheGateway
from aether.gateway.api.previews import Reader
from aether.gateway.api.problems import ANYONE, MEMBER, problems

router = APIRouter(prefix="/api", tags=["github"])

REDIRECT: dict[int | str, dict[str, Any]] = {303: {"description": "On, with `problem` in the query if it failed."}}
Next = Annotated[str, Query(max_length=2048, description="Where in the web app to go on, from its root.")]
Private = Annotated[bool, Query(description="Ask for private repositories too.")]
Page = Annotated[int, Query(ge=1, le=1000)]
Words = Annotated[str, Query(alias="q", max_length=200, description="Part of the name or the description.")]


@router.get(
    "/auth/github/start",
    status_code=303,
    response_class=Response,
    responses={**ANYONE, **REDIRECT},
    summary="Sign in with GitHub, or link it to the account that is signed in; a page for browsers",
)
async def start_github(
    request: Request,
    caller: Reader,
    gateway: TheGateway,
    next: Next = "",  # noqa: A002 - the parameter's name
    private: Private = False,
) -> Response:
    raise Unavailable


@router.get(
    "/auth/github/callback",
    status_code=303,
    response_class=Response,
    responses={**ANYONE, **REDIRECT},
    summary="Where GitHub sends a browser back to",
)
async def finish_github(request: Request, caller: Reader, gateway: TheGateway) -> Response:
    raise Unavailable


@router.get("/github", response_model=shapes.GitHub, responses=MEMBER, summary="My account at GitHub")
async def get_github(caller: Member, gateway: TheGateway) -> Any:
    raise Unavailable


@router.delete("/github", status_code=204, responses=problems(401, 409), summary="Unlink GitHub")
async def unlink_github(caller: SignedIn, request: Request, gateway: TheGateway) -> None:
    raise Unavailable


@router.get(
    "/github/repos",
    response_model=shapes.RepositoryList,
    responses=problems(401, 404, 409),
    summary="Repositories I can make a project from, the last pushed to first",
)
async def list_repositories(caller: Member, gateway: TheGateway, page: Page = 1, words: Words = "") -> Any:
    raise Unavailable
