"""Files by their name, and lines by what is in them."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from starlette.responses import JSONResponse, Response

from aether.contracts.problem import Invalid
from aether.files.api.asked import Asked
from aether.files.api.endpoint import Tail
from aether.files.api.views import Streamed, text
from aether.files.deps.ports import Match, Search, SearchEnd
from aether.files.domain.content import SAFETY
from aether.files.domain.paths import base64_of

LONGEST_QUERY = 1_000
MOST_NAMES, NAMES_FOUND, NAMES_LISTED = 20_000, 100, 5_000
MOST_MATCHES, MATCHES = 10_000, 2_000
# What is wrong with a pattern is known this soon; a search that finds nothing yet is answered all the same.
FIRST_SECONDS = 1.0


async def names(asked: Asked) -> Response:
    """`GET files/names?q=&limit=&hidden=`."""
    query = _query(asked)
    limit = asked.number("limit", NAMES_FOUND if query else NAMES_LISTED, MOST_NAMES)
    found = await asked.hand.names(asked.project_id, query, limit=limit, hidden=asked.flag("hidden"))
    return JSONResponse({"items": [text(path) for path in found.items], "truncated": found.truncated})


async def search(asked: Asked) -> Response:
    """`GET files/search?q=…`: a line of JSON for each match, as it is found, and one at the end."""
    query = _query(asked)
    if not query:
        raise Invalid.field("q", "Say what to look for.")
    wanted = Search(
        query=query,
        regex=asked.flag("regex"),
        case=asked.flag("case"),
        word=asked.flag("word"),
        glob=asked.query.get("glob", ""),
        limit=asked.number("limit", MATCHES, MOST_MATCHES),
    )
    lines = Lines(_lines(asked, wanted))
    await lines.begin()
    return Streamed(lines, 200, {**SAFETY, "Content-Type": "application/x-ndjson"})


def _query(asked: Asked) -> str:
    query = asked.query.get("q", "")
    if len(query) > LONGEST_QUERY or "\0" in query or "\n" in query:
        raise Invalid.field("q", f"This is one line of at most {LONGEST_QUERY} characters.")
    return query


async def _lines(asked: Asked, wanted: Search) -> AsyncGenerator[bytes, None]:
    async with asked.files.searches.of((asked.project_id, asked.grant.person_id)):
        found: Any = asked.hand.search(asked.project_id, wanted)
        async with aclosing(found):
            async for item in found:
                yield json.dumps(_told(item), ensure_ascii=False).encode() + b"\n"


def _told(item: Match | SearchEnd) -> dict[str, Any]:
    if isinstance(item, SearchEnd):
        return {"type": "end", **item._asdict()}
    told = {"type": "match", **item._asdict(), "path": text(item.path), "text": text(item.text)}
    encoded = base64_of(item.path)
    return told if encoded is None else {**told, "path_b64": encoded}


class Lines:
    """Lines whose first may be waited for before the answer begins, so that a refusal still has its status."""

    def __init__(self, lines: AsyncGenerator[bytes, None]) -> None:
        self._lines = lines
        self._first: asyncio.Task[bytes] = asyncio.ensure_future(anext(lines))

    async def begin(self) -> None:
        """Raises what the first line raises, if that is soon."""
        try:
            await asyncio.wait({self._first}, timeout=FIRST_SECONDS)
            if self._first.done() and (error := self._first.exception()) is not None:
                raise error
        except BaseException:
            await self.aclose()
            raise

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        yield await self._first
        async for line in self._lines:
            yield line

    async def aclose(self) -> None:
        if not self._first.done():
            self._first.cancel()
            await asyncio.wait({self._first})
        await self._lines.aclose()


TAILS = [Tail(("GET",), "files/names", names), Tail(("GET",), "files/search", search)]
