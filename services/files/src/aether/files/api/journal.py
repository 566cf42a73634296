"""`GET journal`: who changed what, newest first."""

from uuid import UUID

from starlette.responses import JSONResponse, Response

from aether.contracts.problem import Invalid
from aether.files.api.asked import Asked
from aether.files.api.endpoint import Tail
from aether.files.api.views import text
from aether.files.domain.paths import ROOT
from aether.files.store import journal as store

PAGE, LARGEST_PAGE = 50, 200


async def read(asked: Asked) -> Response:
    """A page; `next_cursor` is null on the last one."""
    path, limit = asked.path(default=ROOT), asked.number("limit", PAGE, LARGEST_PAGE)
    async with asked.files.reading() as db:
        found = await store.page(
            db,
            asked.project_id,
            path=None if path == ROOT else text(path),
            before=_cursor(asked.query.get("cursor")),
            limit=limit + 1,
        )
    more = str(found[limit - 1].id) if len(found) > limit else None
    return JSONResponse({"items": [change.view() for change in found[:limit]], "next_cursor": more})


def _cursor(given: str | None) -> UUID | None:
    try:
        return UUID(given) if given else None
    except ValueError:
        raise Invalid.field("cursor", "This is no cursor of this list.") from None


TAILS = [Tail(("GET",), "journal", read)]
