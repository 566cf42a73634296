"""`GET /stream/terminal/{id}/screen?lines=N`: the last lines of a session's screen, for a thumbnail of it.

Made to be asked again and again: with the tag of the last answer it costs nothing while nothing has changed.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aether.contracts.ids import TerminalId
from aether.contracts.problem import Invalid, NotFound
from aether.kit.grants import Grant, GrantRefused, Verifier
from aether.kit.origins import Origins
from aether.terminal.api.door import check_page, granted
from aether.terminal.deps.screens import PATIENCE
from aether.terminal.deps.session import Session
from aether.terminal.deps.terminals import Terminals
from aether.terminal.errors import NotYourRight

LINES = 12
MOST_LINES = 500


def screen_route(terminals: Terminals, verifier: Verifier, origins: Origins) -> Route:
    async def read_screen(request: Request) -> Response:
        headers = list(request.scope["headers"])
        check_page(origins, headers)
        grant = await granted(verifier, headers)
        session = await _session(terminals, TerminalId(request.path_params["terminal_id"]), grant)
        return await _answer(request, terminals, session, _lines(request.query_params.get("lines", str(LINES))))

    return Route("/stream/terminal/{terminal_id:uuid}/screen", read_screen)


async def _session(terminals: Terminals, terminal_id: TerminalId, grant: Grant) -> Session:
    """The session that the grant is for. Raises GrantRefused, NotYourRight, NotFound or TerminalClosed."""
    if terminals.revocations.holds(grant):
        raise GrantRefused
    if grant.right not in ("watch", "input") or grant.resource != str(terminal_id):
        raise NotYourRight("This grant is not for this terminal.")
    session = await terminals.session(terminal_id, grant.account_id)
    if session.terminal.project_id != grant.project_id:
        raise NotFound("There is no such terminal.")
    return session


async def _answer(request: Request, terminals: Terminals, session: Session, lines: int) -> Response:
    await session.shell(PATIENCE)
    known = request.headers.get("if-none-match")
    if known == _etag(terminals.screens.tag(session, lines)):
        return Response(status_code=304, headers=_headers(known))
    shown = await terminals.screens.read(session, lines)
    body = shown.view.model_dump_json()
    return Response(body, media_type="application/json", headers=_headers(_etag(shown.tag)))


def _lines(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    if not 1 <= number <= MOST_LINES:
        raise Invalid.field("lines", f"A number of lines from 1 to {MOST_LINES}.")
    return number


def _etag(tag: str) -> str:
    return f'"{tag}"'


def _headers(etag: str) -> dict[str, str]:
    return {"ETag": etag, "Cache-Control": "private, no-cache"}
