"""The way to GitHub and back: pages for browsers, which end on a page of the web app whatever happens."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from aether.contracts.problem import Refusal
from aether.gateway.api.auth import audit, begin_session, newcomer, set_cookie, settle
from aether.gateway.api.entering import redirect
from aether.gateway.api.github import desk_of
from aether.gateway.api.guard import TheGateway, client_ip, cookie_in
from aether.gateway.api.previews import Visitor
from aether.gateway.api.problems import problems
from aether.gateway.deps.gateway import Gateway
from aether.gateway.deps.github import GitHubDesk
from aether.gateway.deps.ports import TokenRefused
from aether.gateway.domain.credentials import Caller, Person, clean_email, hash_secret, new_secret
from aether.gateway.domain.github import (
    CALLBACK,
    WAY_LIFETIME,
    Account,
    Tokens,
    Way,
    authorize_url,
    proven_address,
    set_out_here,
    verifier,
    wanted_scopes,
)
from aether.gateway.domain.previews import return_path
from aether.gateway.errors import (
    GitHubCodeRefused,
    GitHubDenied,
    GitHubEmailTaken,
    GitHubStateUnknown,
)
from aether.gateway.store import github, people

router = APIRouter(prefix="/api/auth/github", tags=["github"])

SIGN_IN_PAGE, LINK_PAGE = "/login", "/settings/github"
RESPONSES: dict[int | str, dict[str, Any]] = {
    **problems(),
    303: {"description": "On; to a page of the web app with the problem's type as `problem`, if it failed."},
}
Next = Annotated[str, Query(max_length=4000, description="Where in the web app to go on, from its root.")]
Private = Annotated[bool, Query(description="Ask for private repositories too.")]


@dataclass(frozen=True)
class Back:
    """Somebody has come back: from which way, and with what to ask for tokens."""

    way: Way
    code: str
    verifier: str


@router.get(
    "/start",
    status_code=303,
    response_class=Response,
    responses=RESPONSES,
    summary="Sign in with GitHub, or link it to the account that is signed in; a page for browsers",
)
async def start_github(
    request: Request,
    caller: Visitor,
    gateway: TheGateway,
    next: Next = "",  # noqa: A002 - the parameter's name
    *,
    private: Private = False,
) -> Response:
    headers = request.headers
    if not set_out_here(headers.get("sec-fetch-site"), headers.get("referer"), gateway.origins):
        # Another site led here: the person sees the page, and presses the button or does not.
        return _on(gateway, LINK_PAGE if caller else SIGN_IN_PAGE)
    way = Way(caller.person_id if caller else None, return_path(next or (LINK_PAGE if caller else "/")))
    try:
        return await _set_out(gateway, request, way, private=private)
    except Refusal as refusal:
        return _failed(gateway, refusal, way)


async def _set_out(gateway: Gateway, request: Request, way: Way, *, private: bool) -> Response:
    desk = desk_of(gateway)
    await gateway.limit("ip", client_ip(request.scope, gateway), gateway.settings.rate_per_ip)
    state, cookie = new_secret(), new_secret()
    async with gateway.database.transaction() as writer:
        expires_at = gateway.now() + WAY_LIFETIME
        await github.insert_way(writer, way, state_hash=state.hash, cookie_hash=cookie.hash, expires_at=expires_at)
    url = authorize_url(
        desk.web_url,
        desk.api.client_id,
        back=_back_url(gateway),
        scopes=wanted_scopes(linking=way.person_id is not None, private=private),
        state=state.text,
        secret=verifier(cookie.text, state.text),
    )
    response = redirect(url, 303)
    _set_way_cookie(response, gateway, cookie.text, WAY_LIFETIME)
    return response


@router.get(
    "/callback",
    status_code=303,
    response_class=Response,
    responses=RESPONSES,
    summary="Where GitHub sends a browser back to",
)
async def finish_github(request: Request, caller: Visitor, gateway: TheGateway) -> Response:
    way: Way | None = None
    try:
        desk = desk_of(gateway)
        way, secret = await _spend_way(gateway, request, caller)
        response = await _arrive(gateway, desk, request, _read_back(request, way, secret))
    except Refusal as refusal:
        response = _failed(gateway, refusal, way or Way(caller.person_id if caller else None, "/"))
    _set_way_cookie(response, gateway, "", timedelta(0))
    return response


async def _spend_way(gateway: Gateway, request: Request, caller: Caller | None) -> tuple[Way, str]:
    """The way that this browser set out on, and its verifier. Raises GitHubStateUnknown."""
    await gateway.limit("ip", client_ip(request.scope, gateway), gateway.settings.rate_per_ip)
    state, cookie = _only(request, "state"), cookie_in(request.scope["headers"], gateway.way_cookie)
    if state is None or cookie is None:
        raise GitHubStateUnknown
    async with gateway.database.transaction() as writer:
        way = await github.spend_way(
            writer, state_hash=hash_secret(state), cookie_hash=hash_secret(cookie), now=gateway.now()
        )
    # Whoever links must still be the one signed in here.
    if way is None or way.person_id not in (None, caller.person_id if caller else None):
        raise GitHubStateUnknown
    return way, verifier(cookie, state)


def _read_back(request: Request, way: Way, secret: str) -> Back:
    if "error" in request.query_params:
        raise GitHubDenied
    code = _only(request, "code")
    if not code:
        raise GitHubCodeRefused
    return Back(way, code, secret)


async def _arrive(gateway: Gateway, desk: GitHubDesk, request: Request, back: Back) -> Response:
    tokens = await desk.api.exchange(back.code, back.verifier, _back_url(gateway))
    response = _on(gateway, back.way.next)
    try:
        account = await _asked(desk.api.account(tokens.access))
        if back.way.person_id is not None:
            await _link(gateway, desk, request, tokens=tokens, account=account, caller=request.state.caller)
        else:
            set_cookie(response, gateway, await _sign_in(gateway, desk, request, tokens, account))
    except Refusal:
        gateway.aside(desk.spent.drop(tokens))
        raise
    return response


async def _asked(answer: Any) -> Any:
    """A token that was granted a moment ago and is refused already is as good as none."""
    try:
        return await answer
    except TokenRefused as error:
        raise GitHubCodeRefused from error


async def _link(
    gateway: Gateway, desk: GitHubDesk, request: Request, *, tokens: Tokens, account: Account, caller: Caller
) -> None:
    """Raises GitHubTaken or GitHubLinkedAlready."""
    async with gateway.database.transaction() as writer:
        found = await people.by_id(writer, caller.person_id)
        if found is None:
            raise GitHubStateUnknown
        await desk.link(writer, found[0], account, tokens)
        await audit(writer, gateway, request, found[0], "github.linked")
    gateway.aside(desk.spent.give_back())


async def _sign_in(gateway: Gateway, desk: GitHubDesk, request: Request, tokens: Tokens, account: Account) -> str:
    """A session's secret, for whom the account is linked to or for a newcomer. Raises a GitHubRefusal."""
    async with gateway.database.reading() as reader:
        link = await github.by_github_id(reader, account.id)
        found = await people.by_id(reader, link.person_id) if link else None
    person = found[0] if found else await _newcomer(gateway, desk, tokens, account)
    async with gateway.database.transaction() as writer:
        if found is None and not await settle(writer, gateway, request, person, None):
            raise GitHubEmailTaken
        await desk.link(writer, person, account, tokens)
        await audit(writer, gateway, request, person, "session.created")
        secret = await begin_session(writer, gateway, request, person)
    gateway.aside(desk.spent.give_back())
    return secret


async def _newcomer(gateway: Gateway, desk: GitHubDesk, tokens: Tokens, account: Account) -> Person:
    """Raises GitHubEmailUnverified."""
    email = clean_email(proven_address(await _asked(desk.api.addresses(tokens.access))))
    name = "".join(c for c in account.name if c.isprintable()).strip()
    return newcomer(gateway, email, (name or account.login)[:80])


def _failed(gateway: Gateway, refusal: Refusal, way: Way) -> Response:
    page = SIGN_IN_PAGE if way.person_id is None else LINK_PAGE
    further = f"&next={quote(way.next, safe='')}" if way.person_id is None and way.next != "/" else ""
    return _on(gateway, f"{page}?problem={quote(refusal.type, safe='')}{further}")


def _on(gateway: Gateway, path: str) -> Response:
    return redirect(f"{gateway.settings.public_url.rstrip('/')}{path}", 303)


def _back_url(gateway: Gateway) -> str:
    return f"{gateway.settings.public_url.rstrip('/')}{CALLBACK}"


def _set_way_cookie(response: Response, gateway: Gateway, value: str, lifetime: timedelta) -> None:
    # Lax, because the way back begins on GitHub's page.
    response.set_cookie(
        gateway.way_cookie,
        value,
        max_age=int(lifetime.total_seconds()),
        path="/",
        secure=gateway.https,
        httponly=True,
        samesite="lax",
    )


def _only(request: Request, name: str) -> str | None:
    """A parameter that came exactly once."""
    values = request.query_params.getlist(name)
    return values[0] if len(values) == 1 else None
