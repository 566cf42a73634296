"""A file's bytes, read and written; a folder's entries; what is at a path; deleting."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime

from starlette.responses import JSONResponse, Response

from aether.contracts.problem import Invalid
from aether.files.api.asked import Asked
from aether.files.api.endpoint import Tail
from aether.files.api.views import Streamed, entry_view, moment, text
from aether.files.deps.journal import person_change
from aether.files.deps.ports import ANYTHING, NOTHING_THERE, Condition, Content, Entry, Written
from aether.files.domain.conditions import Span, not_modified, quoted, range_holds, span_of, tags
from aether.files.domain.content import SAFETY, content_type, disposition
from aether.files.domain.journal import Action
from aether.files.domain.paths import ROOT, name_of
from aether.files.errors import ChangedMeanwhile, IsAFolder, RangeNotSatisfiable

# A file that is being written may change between being found and being read. One that never rests, as a log does,
# is read as it comes; its etag is then of a version before that, so that nothing is saved over what was not seen.
TRIES = 3

Find = Callable[[], Awaitable[Content]]


async def read(asked: Asked) -> Response:
    """`GET files?path=`: a folder's entries, or a file's bytes."""
    path = asked.path(default=ROOT)
    if path == ROOT or asked.query.get("path", "").endswith("/"):
        return await _listing(asked, path)
    try:
        return await sent(asked, lambda: asked.hand.open(asked.project_id, path), name_of(path))
    except IsAFolder:
        return await _listing(asked, path)


async def _listing(asked: Asked, path: str) -> Response:
    entries = await asked.hand.list(asked.project_id, path)
    return JSONResponse(
        {"path": text(path), "items": [entry_view(entry) for entry in entries]},
        headers={"Cache-Control": "private, no-cache"},
    )


async def sent(asked: Asked, find: Find, name: str) -> Response:
    """A file, or the part of it that is asked for, or only its headers: whatever the request's own headers say."""
    for attempt in range(1, TRIES + 1):
        content = await find()
        _require(asked, content.entry)
        entry, span = content.entry, _span(asked, content.entry)
        headers = _headers(asked, entry, name)
        if _is_known(asked, entry):
            return Response(status_code=304, headers=headers)
        if span is not None:
            headers["Content-Range"] = span.content_range(entry.size)
        start, length = (span.start, span.length) if span is not None else (0, entry.size)
        headers["Content-Length"] = str(length)
        status = 206 if span is not None else 200
        if asked.request.method == "HEAD" or not length:
            return Response(status_code=status, headers=headers)
        try:
            pieces = await content.read(start, length, moving=attempt == TRIES and not _is_particular(asked))
        except ChangedMeanwhile:
            continue
        return Streamed(pieces, status, headers)
    raise ChangedMeanwhile("This file changes faster than it can be read. Try again when it rests.")


def _is_particular(asked: Asked) -> bool:
    """Whether it has to be one version and no other."""
    return asked.header("if-match") is not None or asked.header("if-range") is not None


def _headers(asked: Asked, entry: Entry, name: str) -> dict[str, str]:
    assert entry.etag is not None, "a file that is found has one"
    headers = {
        **SAFETY,
        "Content-Type": content_type(text(name)),
        "Content-Disposition": disposition(text(name), download=asked.flag("download")),
        "Accept-Ranges": "bytes",
        "ETag": quoted(entry.etag),
    }
    if entry.mtime_ns > 0:
        headers["Last-Modified"] = formatdate(moment(entry.mtime_ns).timestamp(), usegmt=True)
    return headers


def _require(asked: Asked, entry: Entry) -> None:
    """Raises ChangedMeanwhile if the file is not the one that the asker knows."""
    known = asked.header("if-match")
    if known is not None:
        wanted = tags(known, strong=True)
        holds = wanted is None or entry.etag in wanted
    else:
        since = _date(asked.header("if-unmodified-since"))
        holds = since is None or _second(entry) <= since
    if not holds:
        raise ChangedMeanwhile("The file is not the one you know.", etag=entry.etag)


def _span(asked: Asked, entry: Entry) -> Span | None:
    assert entry.etag is not None
    if not range_holds(asked.header("if-range"), entry.etag):
        return None
    span = span_of(asked.header("range"), entry.size)
    if span == "unsatisfiable":
        raise RangeNotSatisfiable(f"The file has {entry.size} bytes.", size=entry.size)
    return span


def _is_known(asked: Asked, entry: Entry) -> bool:
    assert entry.etag is not None
    known = asked.header("if-none-match")
    if known is not None:
        return not_modified(known, entry.etag)
    since = _date(asked.header("if-modified-since"))
    return since is not None and entry.mtime_ns > 0 and _second(entry) <= since


def _second(entry: Entry) -> datetime:
    """When it was changed, as exactly as HTTP says it."""
    return moment(entry.mtime_ns).replace(microsecond=0)


def _date(header: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(header) if header else None
    except ValueError:
        return None
    return date.replace(tzinfo=UTC) if date is not None and date.tzinfo is None else date


async def write(asked: Asked) -> Response:
    """`PUT files?path=`: all of the body becomes the file, or the file stays as it was."""
    path = asked.path()
    condition = _condition(asked)
    with asked.files.journal.doing(asked.grant, text(path)):
        written = await asked.hand.write(asked.project_id, path, asked.request.stream(), condition)
        await asked.files.surely(noted(asked, written))
    status = 201 if written.created else 200
    return JSONResponse(entry_view(written.entry), status, {"ETag": quoted(written.entry.etag or "")})


async def noted(asked: Asked, written: Written) -> None:
    """Into the journal, as this person's."""
    entry = written.entry
    action: Action = "created" if written.created else "written"
    await asked.files.journal.note(person_change(asked.grant, action, text(entry.path), size=entry.size))


def _condition(asked: Asked) -> Condition:
    match, none_match = asked.header("if-match"), asked.header("if-none-match")
    if asked.header("if-unmodified-since") is not None:
        raise Invalid("A second is too long for a condition: give If-Match.")
    if match is not None and none_match is not None:
        raise Invalid("Give either If-Match or If-None-Match.")
    if match is not None:
        return condition_of(match)
    if none_match is None:
        return ANYTHING
    if none_match.strip() != "*":
        raise Invalid("If-None-Match is * when something is written.")
    return NOTHING_THERE


def condition_of(if_match: str) -> Condition:
    """What an If-Match asks for. Raises Invalid."""
    wanted = tags(if_match, strong=True)
    return Condition(present=True) if wanted is None else Condition(etags=wanted)


async def stat(asked: Asked) -> Response:
    """`GET files/stat?path=`: what is at the path itself."""
    return JSONResponse(entry_view(await asked.hand.stat(asked.project_id, asked.path())))


async def delete(asked: Asked) -> Response:
    """`DELETE files?path=&recursive=`."""
    path, recursive = asked.path(), asked.flag("recursive")
    if path == ROOT:
        raise Invalid.field("path", "The project's folder itself cannot be deleted.")
    await asked.files.surely(_delete(asked, path, recursive))
    return Response(status_code=204)


async def _delete(asked: Asked, path: str, recursive: bool) -> None:
    with asked.files.journal.doing(asked.grant, text(path)):
        await asked.hand.delete(asked.project_id, path, recursive=recursive)
        await asked.files.journal.note(person_change(asked.grant, "deleted", text(path)))


TAILS = [
    Tail(("GET",), "files", read),
    Tail(("PUT",), "files", write),
    Tail(("DELETE",), "files", delete),
    Tail(("GET",), "files/stat", stat),
]
