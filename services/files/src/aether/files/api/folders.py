"""Folders: made, moved, and taken whole."""

from pydantic import Field
from starlette.responses import JSONResponse, Response

from aether.files.api.asked import Asked, Body
from aether.files.api.endpoint import Tail
from aether.files.api.views import Streamed, entry_view, text
from aether.files.deps.journal import person_change
from aether.files.deps.ports import Entry, Made
from aether.files.domain.content import SAFETY, disposition
from aether.files.domain.paths import ROOT, name_of, path_of


class NewFolder(Body):
    path: str | None = None
    path_b64: str | None = None


class Move(Body):
    source: str | None = Field(None, alias="from")
    source_b64: str | None = Field(None, alias="from_b64")
    target: str | None = Field(None, alias="to")
    target_b64: str | None = Field(None, alias="to_b64")
    overwrite: bool = False


async def make(asked: Asked) -> Response:
    """`POST files/mkdir {path}`: 201, or 200 if it was there."""
    wanted = await asked.body(NewFolder)
    made = await asked.files.surely(_make(asked, path_of(wanted.path, wanted.path_b64)))
    return JSONResponse(entry_view(made.entry), 201 if made.created else 200)


async def _make(asked: Asked, path: str) -> Made:
    with asked.files.journal.doing(asked.grant, text(path)):
        made = await asked.hand.make_folder(asked.project_id, path)
        if made.created:
            await asked.files.journal.note(person_change(asked.grant, "made_folder", text(path)))
    return made


async def move(asked: Asked) -> Response:
    """`POST files/rename {from, to, overwrite?}`."""
    wanted = await asked.body(Move)
    source = path_of(wanted.source, wanted.source_b64, "from")
    target = path_of(wanted.target, wanted.target_b64, "to")
    entry = await asked.files.surely(_move(asked, source, target, wanted.overwrite))
    return JSONResponse(entry_view(entry))


async def _move(asked: Asked, source: str, target: str, overwrite: bool) -> Entry:
    with asked.files.journal.doing(asked.grant, text(source), text(target)):
        entry = await asked.hand.rename(asked.project_id, source, target, overwrite=overwrite)
        size = entry.size if entry.kind == "file" else None
        change = person_change(asked.grant, "moved", text(target), origin=text(source), size=size)
        await asked.files.journal.note(change)
    return entry


async def archive(asked: Asked) -> Response:
    """`GET files/archive?path=`: a folder as a zip, made while it is sent."""
    path = asked.path(default=ROOT)
    pieces = await asked.hand.archive(asked.project_id, path)
    name = f"{text(name_of(path)) or 'project'}.zip"
    headers = {**SAFETY, "Content-Disposition": disposition(name, download=True)}
    return Streamed(pieces, 200, headers, "application/zip")


TAILS = [
    Tail(("POST",), "files/mkdir", make),
    Tail(("POST",), "files/rename", move),
    Tail(("GET",), "files/archive", archive),
]
