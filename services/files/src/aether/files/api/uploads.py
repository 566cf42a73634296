"""Uploads in pieces, which go on where they stopped: after a lost network, and after the death of this service.

The bytes lie in the machine, in a file that grows; how long it is there is how far the upload has come.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import structlog
from pydantic import AwareDatetime, Field
from starlette.responses import JSONResponse, Response

from aether.contracts.ids import new_id
from aether.contracts.problem import Invalid, NotFound, Refusal, Unavailable
from aether.files.api.asked import Asked, Body
from aether.files.api.contents import condition_of, noted
from aether.files.api.endpoint import Tail
from aether.files.api.views import text
from aether.files.deps.ports import ANYTHING, NO_OVERWRITE, Condition, Written
from aether.files.domain.paths import path_of
from aether.files.domain.uploads import LIFETIME, State, Upload
from aether.files.errors import TooLarge, TooManyUploads
from aether.files.store import uploads as store

LARGEST = 1 << 50

log = structlog.get_logger()


class NewUpload(Body):
    """`if_match` is an etag or *. `mtime` is given to the file."""

    path: str | None = None
    path_b64: str | None = None
    size: Annotated[int, Field(ge=0, le=LARGEST)]
    mtime: AwareDatetime | None = None
    overwrite: bool = False
    if_match: str | None = None


async def begin(asked: Asked) -> Response:
    """`POST files/uploads {path, size, mtime?, overwrite?, if_match?}`: 201, and nothing has been sent yet."""
    wanted = await asked.body(NewUpload)
    if wanted.if_match is not None:
        condition_of(wanted.if_match)  # refused now, and not when every byte has been sent
    upload = Upload(
        id=new_id(),
        account_id=asked.grant.account_id,
        project_id=asked.project_id,
        person_id=asked.grant.person_id,
        path=path_of(wanted.path, wanted.path_b64),
        size=wanted.size,
        expires_at=datetime.now(UTC) + LIFETIME,
        mtime=wanted.mtime,
        overwrite=wanted.overwrite,
        if_match=wanted.if_match,
    )
    async with asked.files.transaction() as db:
        if await store.count(db, upload.project_id) >= asked.files.uploads_per_project:
            raise TooManyUploads(asked.files.uploads_per_project)
        await store.add(db, upload)
    return JSONResponse(_view(upload, 0), 201, {"Upload-Offset": "0"})


async def look(asked: Asked) -> Response:
    """`GET files/uploads/{id}`: where to go on."""
    upload = await _upload(asked)
    upload = await _settled(asked, upload)
    offset = await _offset(asked, upload)
    return JSONResponse(_view(upload, offset), headers={"Upload-Offset": str(offset), "Cache-Control": "no-store"})


async def send(asked: Asked) -> Response:
    """`PATCH files/uploads/{id}?overwrite=`, `Upload-Offset: N`: the bytes from N on. With the last of them the
    file is put in its place; if that is refused, as many may be sent again (none), with `overwrite=1` if meant."""
    offset = _given_offset(asked)
    async with asked.files.sending.of(("upload", asked.request.path_params["upload_id"]), asked.visit):
        upload = await _settled(asked, await _upload(asked))
        if upload.state == "complete":
            return JSONResponse(_view(upload, upload.size), headers={"Upload-Offset": str(upload.size)})
        now = await asked.hand.upload_append(
            asked.project_id, upload.id, offset, _bounded(asked.request.stream(), upload.size - offset)
        )
        if now == upload.size:
            upload = replace(upload, overwrite=upload.overwrite or asked.flag("overwrite"))
            upload = await asked.files.surely(_finish(asked, upload))
    return JSONResponse(_view(upload, now), headers={"Upload-Offset": str(now)})


def _given_offset(asked: Asked) -> int:
    given = asked.header("upload-offset") or ""
    if not (given.isascii() and given.isdigit() and len(given) < 20):
        raise Invalid("The header Upload-Offset says at which byte this piece begins.")
    return int(given)


async def _bounded(pieces: AsyncIterator[bytes], left: int) -> AsyncIterator[bytes]:
    """What is sent beyond the size that was announced is refused; what came before is kept."""
    async for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise TooLarge("More was sent than the size that was announced.")
        yield piece


async def _finish(asked: Asked, upload: Upload) -> Upload:
    await _note_state(asked, upload, "finishing")
    with asked.files.journal.doing(asked.grant, text(upload.path)):
        try:
            written = await asked.hand.upload_finish(
                asked.project_id,
                upload.id,
                upload.path,
                size=upload.size,
                condition=_condition(upload),
                mtime_ns=_nanoseconds(upload.mtime),
            )
        except Refusal:
            await _note_state(asked, upload, "open")
            raise
        await noted(asked, written)
    return await _complete(asked, upload, written)


async def _complete(asked: Asked, upload: Upload, written: Written) -> Upload:
    await _note_state(asked, upload, "complete", written.entry.etag)
    return replace(upload, state="complete", etag=written.entry.etag)


async def _note_state(asked: Asked, upload: Upload, state: State, etag: str | None = None) -> None:
    """The machine decides what has happened; this only helps whoever asks later."""
    try:
        async with asked.files.transaction() as db:
            await store.set_state(db, upload.id, state, etag)
    except Unavailable:
        log.warning("upload.state_not_kept", upload_id=str(upload.id), state=state)


def _condition(upload: Upload) -> Condition:
    if upload.if_match is not None:
        return condition_of(upload.if_match)
    return ANYTHING if upload.overwrite else NO_OVERWRITE


def _nanoseconds(moment: datetime | None) -> int | None:
    return None if moment is None else max(0, int(moment.timestamp() * 1000)) * 1_000_000


async def _upload(asked: Asked) -> Upload:
    async with asked.files.reading() as db:
        return await store.get(db, asked.request.path_params["upload_id"], asked.project_id, datetime.now(UTC))


async def _settled(asked: Asked, upload: Upload) -> Upload:
    """What became of one whose end this service did not see: whether its file is in its place shows there."""
    if upload.state != "finishing" or await asked.hand.upload_size(asked.project_id, upload.id) is not None:
        return upload
    try:
        entry = await asked.hand.stat(asked.project_id, upload.path)
    except NotFound:
        return upload
    if entry.kind != "file" or entry.size != upload.size:
        return upload
    return await _complete(asked, upload, Written(entry, created=False))


async def _offset(asked: Asked, upload: Upload) -> int:
    if upload.state == "complete":
        return upload.size
    return await asked.hand.upload_size(asked.project_id, upload.id) or 0


async def give_up(asked: Asked) -> Response:
    """`DELETE files/uploads/{id}`. The file of a complete one stays."""
    upload_id: UUID = asked.request.path_params["upload_id"]
    async with asked.files.sending.of(("upload", upload_id), asked.visit):
        upload = await _upload(asked)
        if upload.state != "complete":
            await asked.hand.upload_discard(asked.project_id, upload.id)
        async with asked.files.transaction() as db:
            await store.delete(db, upload.id)
    return Response(status_code=204)


def _view(upload: Upload, offset: int) -> dict[str, Any]:
    told = {
        "id": str(upload.id),
        "path": text(upload.path),
        "size": upload.size,
        "offset": offset,
        "complete": upload.state == "complete",
        "expires_at": upload.expires_at.isoformat(),
    }
    return told if upload.etag is None else {**told, "etag": upload.etag}


TAILS = [
    Tail(("POST",), "files/uploads", begin),
    Tail(("GET",), "files/uploads/{upload_id:uuid}", look),
    Tail(("PATCH",), "files/uploads/{upload_id:uuid}", send),
    Tail(("DELETE",), "files/uploads/{upload_id:uuid}", give_up),
]
