"""GitHub: the account that is linked, and its repositories."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from aether.gateway.api import github_shapes as shapes
from aether.gateway.api.auth import note
from aether.gateway.api.guard import Member, SignedIn, TheGateway
from aether.gateway.api.problems import MEMBER, problems
from aether.gateway.deps.gateway import Gateway
from aether.gateway.deps.github import GitHubDesk
from aether.gateway.domain.credentials import Caller
from aether.gateway.domain.github import Link, grants_private
from aether.gateway.errors import GitHubOff, GitHubOnlyWayIn
from aether.gateway.store import github, identities, people
from aether.kit.postgres import Reader

router = APIRouter(prefix="/api/github", tags=["github"])

Page = Annotated[int, Query(ge=1, le=1000)]
Words = Annotated[str, Query(alias="q", max_length=200, description="Words of the name or the description.")]


def desk_of(gateway: Gateway) -> GitHubDesk:
    """Raises GitHubOff."""
    if gateway.github is None:
        raise GitHubOff
    return gateway.github


@router.get("", response_model=shapes.GitHub, responses=MEMBER, summary="My account at GitHub")
async def get_github(caller: Member, gateway: TheGateway) -> Any:
    async with gateway.database.reading() as reader:
        link = await github.by_person(reader, caller.person_id)
        only = link is not None and not await _has_another_way_in(reader, gateway, caller)
    return _shown(gateway, link, only_way_in=only)


def _shown(gateway: Gateway, link: Link | None, *, only_way_in: bool) -> shapes.GitHub:
    return shapes.GitHub(
        configured=gateway.github is not None,
        linked=link is not None and link.lost_at is None,
        login=link.login if link else None,
        scopes=list(link.scopes) if link else [],
        private=link is not None and grants_private(link.scopes),
        only_way_in=only_way_in,
        linked_at=link.linked_at if link else None,
        lost_at=link.lost_at if link else None,
    )


async def _has_another_way_in(reader: Reader, gateway: Gateway, caller: Caller) -> bool:
    found = await people.by_id(reader, caller.person_id)
    if found is not None and found[1] is not None:
        return True
    issuer = gateway.issuer
    return issuer is not None and await identities.has_one(reader, caller.person_id, issuer.issuer)


@router.delete("", status_code=204, responses=problems(401, 404, 409), summary="Unlink GitHub")
async def unlink_github(caller: SignedIn, request: Request, gateway: TheGateway) -> None:
    desk = desk_of(gateway)
    async with gateway.database.transaction() as writer:
        link = await github.locked_of(writer, caller.person_id)
        if link is None:
            return
        if not await _has_another_way_in(writer, gateway, caller):
            raise GitHubOnlyWayIn
        await desk.unlink(writer, link)
        await note(writer, gateway, request, "github.unlinked", link.login)
    gateway.aside(desk.spent.give_back())


@router.get(
    "/repos",
    response_model=shapes.RepositoryList,
    responses=problems(401, 404, 409),
    summary="Repositories I can make a project from, the last pushed to first",
)
async def list_repositories(caller: Member, gateway: TheGateway, page: Page = 1, words: Words = "") -> Any:
    found, next_page = await desk_of(gateway).repositories(caller.account_id, page, words)
    items = [shapes.Repository(**vars(repository)) for repository in found]
    return shapes.RepositoryList(items=items, next_page=next_page)
