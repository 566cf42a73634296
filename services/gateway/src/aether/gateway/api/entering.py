"""The paths of a preview's host that are the gateway's: the way in, and whether the app is there yet."""

from datetime import timedelta
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aether.contracts.ids import ProjectId
from aether.gateway.api.visits import check_runs, fetched, visit, visitor_of
from aether.gateway.deps.gateway import Gateway
from aether.gateway.domain.credentials import new_secret
from aether.gateway.domain.previews import LIFETIME_SECONDS, Label, return_path
from aether.gateway.errors import CookieNeeded, OriginRefused, PreviewMissing, SignInNeeded, TooLarge
from aether.gateway.store import previews
from aether.kit.grants import Grant, GrantRefused

OWN = "/.aether/"  # nothing below it is passed on
ENTER = f"{OWN}enter"
READY = f"{OWN}ready"
FORM_LIMIT = 16 * 1024


async def answer_own(gateway: Gateway, request: Request, label: Label) -> Response:
    """Raises PreviewMissing for every other path."""
    match (request.method, request.scope["path"]):
        case ("POST", "/.aether/enter"):
            return await _enter(gateway, request, label)
        case ("GET", "/.aether/entered"):
            return await _entered(gateway, request, label)
        case ("GET", "/.aether/ready"):
            headers = request.scope["headers"]
            check_runs(await visit(gateway, headers, label, fetched(request.method, headers)))
            return Response(status_code=204, headers={"Cache-Control": "no-store"})
    raise PreviewMissing


async def _enter(gateway: Gateway, request: Request, label: Label) -> Response:
    """Spend the grant that the page of this name sent, and give a cookie for it."""
    if request.headers.get("origin") not in gateway.origins:
        raise OriginRefused("Previews are entered from the aether web app.")
    form = parse_qs((await _form(request)).decode("latin-1"))
    grant = await gateway.verifier.spend(form.get("grant", [""])[0])
    project = await gateway.previews.project(label.slug)
    if project is None or not _is_for(grant, project.id, label) or grant.account_id != project.account_id:
        raise GrantRefused
    secret = await _begin_visit(gateway, grant, project.id, label)
    path = quote(return_path(form.get("return", ["/"])[0]), safe="")
    # By way of a page that sees whether the cookie has come back: without it the way in would have no end.
    response = redirect(f"{gateway.previews.domain.origin(label)}{OWN}entered?return={path}", 303)
    response.set_cookie(
        gateway.preview_cookie,
        secret,
        max_age=LIFETIME_SECONDS,
        path="/",
        secure=gateway.https,
        httponly=True,
        samesite="lax",
    )
    return response


async def _form(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_LIMIT:
            raise TooLarge
    return body


def _is_for(grant: Grant, project_id: ProjectId, label: Label) -> bool:
    return (grant.right, grant.project_id, grant.resource) == ("connect", project_id, str(label.port))


async def _begin_visit(gateway: Gateway, grant: Grant, project_id: ProjectId, label: Label) -> str:
    secret, now = new_secret(), gateway.now()
    async with gateway.database.transaction() as writer:
        made = await previews.insert(
            writer,
            secret.hash,
            project_id,
            label.port,
            grant.credential_id,
            now=now,
            expires_at=now + timedelta(seconds=LIFETIME_SECONDS),
        )
    if not made:
        raise SignInNeeded("Your session has ended.")
    return secret.text


async def _entered(gateway: Gateway, request: Request, label: Label) -> Response:
    project = await gateway.previews.project(label.slug)
    if project is None or await visitor_of(gateway, request.scope["headers"], project, label) is None:
        raise CookieNeeded("Allow cookies for this address, then open the preview again.")
    path = return_path(request.query_params.get("return", "/"))
    return redirect(f"{gateway.previews.domain.origin(label)}{path}", 303)


def redirect(url: str, status: int) -> RedirectResponse:
    """To an address that is all ASCII already."""
    return RedirectResponse(url, status_code=status, headers={"Cache-Control": "no-store"})
