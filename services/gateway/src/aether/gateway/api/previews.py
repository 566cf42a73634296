"""The entrance to previews on our own origin: who is signed in is taken on to the preview's."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from aether.contracts.problem import NotFound, Problem, Refusal
from aether.contracts.service import Service
from aether.gateway.api.entering import ENTER, redirect
from aether.gateway.api.guard import Guard, TheGateway
from aether.gateway.api.pages import entrance, page_of
from aether.gateway.deps.gateway import Gateway
from aether.gateway.domain.admission import Policy
from aether.gateway.domain.credentials import Caller
from aether.gateway.domain.previews import Label, return_path
from aether.gateway.errors import PreviewMissing, SignInNeeded
from aether.kit.grants import Grant

router = APIRouter(prefix="/api/previews", tags=["previews"])


class PageGuard(Guard):
    """Lets a page decide what becomes of whoever is not signed in."""

    async def __call__(self, request: Request) -> Caller | None:
        try:
            return await super().__call__(request)
        except SignInNeeded:
            return None


page = PageGuard(Policy.PAGE)
Visitor = Annotated[Caller | None, Depends(page)]


@router.get("/{label}/enter", response_class=Response, include_in_schema=False)
async def enter_preview(label: str, request: Request, caller: Visitor, gateway: TheGateway) -> Response:
    """A page for browsers, which leads on by itself; to the sign-in page first, where that is needed."""
    path = return_path(request.query_params.get("return", "/"))
    public = gateway.settings.public_url.rstrip("/")
    if caller is None:
        here = f"/api/previews/{quote(label, safe='')}/enter?return={quote(path, safe='')}"
        return redirect(f"{public}/login?next={quote(here, safe='')}", 302)
    try:
        found = Label.parse(label)
        if found is None or not gateway.previews.are_on:
            raise PreviewMissing
        return await _enter(gateway, caller, found, path)
    except Refusal as refusal:
        return page_of(_plain(refusal), public, request.url.path, None, None).response()


async def _enter(gateway: Gateway, caller: Caller, label: Label, path: str) -> Response:
    """Raises PreviewMissing for a foreign project too."""
    origin = gateway.previews.domain.origin(label)
    project = await gateway.previews.project(label.slug)
    if project is None:
        raise PreviewMissing
    if project.account_id != caller.account_id:
        port = await gateway.previews.port(project.id, label.port)
        if port.visibility != "public":
            raise PreviewMissing
        return redirect(f"{origin}{path}", 302)
    grant = Grant(
        audience=Service.GATEWAY,
        person_id=caller.person_id,
        person_name=caller.name,
        account_id=caller.account_id,
        project_id=project.id,
        resource=str(label.port),
        right="connect",
        credential_id=caller.credential_id,
    )
    return entrance(f"{origin}{ENTER}", origin, gateway.signer.sign(grant), path)


def _plain(refusal: Refusal) -> Problem:
    return PreviewMissing().problem() if isinstance(refusal, NotFound) else refusal.problem()
