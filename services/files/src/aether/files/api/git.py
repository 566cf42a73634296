"""The project against its HEAD."""

from typing import Any

from starlette.responses import JSONResponse, Response

from aether.files.api.asked import Asked
from aether.files.api.contents import sent
from aether.files.api.endpoint import Tail
from aether.files.api.views import Streamed, text
from aether.files.deps.ports import BlameLine, GitEntry
from aether.files.domain.content import SAFETY
from aether.files.domain.paths import ROOT, base64_of, name_of

DIFF = "text/x-diff; charset=utf-8"


async def status(asked: Asked) -> Response:
    """`GET git/status`."""
    found = await asked.hand.git_status(asked.project_id)
    return JSONResponse(
        {
            "repository": found.repository,
            "branch": found.branch and text(found.branch),
            "head": found.head,
            "ahead": found.ahead,
            "behind": found.behind,
            "items": [_entry(item) for item in found.items],
            "truncated": found.truncated,
        }
    )


def _entry(item: GitEntry) -> dict[str, Any]:
    told: dict[str, Any] = {"path": text(item.path), "status": item.change, "staged": item.staged}
    encoded = base64_of(item.path)
    more = {
        "path_b64": encoded,
        "from": text(item.was) if item.was is not None else None,
        "added": item.added,
        "removed": item.removed,
    }
    return told | {name: value for name, value in more.items() if value is not None}


async def diff(asked: Asked) -> Response:
    """`GET git/diff?path=`: a patch, as git writes it."""
    pieces = await asked.hand.git_diff(asked.project_id, asked.path(default=ROOT))
    return Streamed(pieces, 200, SAFETY, DIFF)


async def file(asked: Asked) -> Response:
    """`GET git/file?path=`: a file as HEAD has it."""
    path = asked.path()
    return await sent(asked, lambda: asked.hand.git_open(asked.project_id, path), name_of(path))


async def blame(asked: Asked) -> Response:
    """`GET git/blame?path=`: line by line, who changed it last."""
    found = await asked.hand.git_blame(asked.project_id, asked.path())
    return JSONResponse({"lines": [_line(line) for line in found.lines], "truncated": found.truncated})


def _line(line: BlameLine) -> dict[str, Any]:
    return {
        "commit": line.commit,
        "author": text(line.author),
        "at": line.at and line.at.isoformat(),
        "summary": text(line.summary),
        "line": line.line,
    }


TAILS = [
    Tail(("GET",), "git/status", status),
    Tail(("GET",), "git/diff", diff),
    Tail(("GET",), "git/file", file),
    Tail(("GET",), "git/blame", blame),
]
