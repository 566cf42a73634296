"""`GET /stream/terminal/{id}/recording`: a terminal's recording as asciicast v2, written as it is read."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from aether.contracts.ids import TerminalId
from aether.contracts.problem import NotFound
from aether.kit.grants import Verifier
from aether.kit.origins import Origins
from aether.terminal import store
from aether.terminal.api.door import check_page, granted
from aether.terminal.deps.terminals import Terminals
from aether.terminal.domain.recording import asciicast
from aether.terminal.errors import NotYourRight

MEDIA_TYPE = "application/x-asciicast"


def recording_route(terminals: Terminals, verifier: Verifier, origins: Origins) -> Route:
    async def read_recording(request: Request) -> Response:
        headers = list(request.scope["headers"])
        check_page(origins, headers)
        grant = await granted(verifier, headers)
        terminal_id = TerminalId(request.path_params["terminal_id"])
        if grant.right != "read" or grant.resource != str(terminal_id):
            raise NotYourRight("This grant is not for this recording.")
        async with terminals.reading() as db:
            terminal = await store.get(db, terminal_id, grant.account_id)
        if not terminal.recorded:
            raise NotFound("This terminal was not recorded.")
        session = terminals.live.get(terminal_id)
        if session is not None:
            await session.finish_recording()
        body = asciicast(
            store.chunks(terminals.database, terminal_id),
            cols=terminal.first_cols,
            rows=terminal.first_rows,
            created_at=terminal.created_at,
            title=terminal.name,
        )
        name = f'attachment; filename="{UUID(str(terminal_id))}.cast"'
        return StreamingResponse(body, media_type=MEDIA_TYPE, headers={"Content-Disposition": name})

    return Route("/stream/terminal/{terminal_id:uuid}/recording", read_recording)
