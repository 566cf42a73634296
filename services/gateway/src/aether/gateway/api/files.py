"""A project's files. The files service does the work; here is who may ask for what, and what it is called."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import Response

from aether.gateway.api import file_shapes as shapes
from aether.gateway.api.answers import find
from aether.gateway.api.carry import TheFiles, files_grant
from aether.gateway.api.guard import Member, TheGateway
from aether.gateway.api.problems import problems
from aether.kit.grants import LIFETIME_SECONDS

router = APIRouter(prefix="/api/projects/{project_id}/files", tags=["files"])

PathParameter = Annotated[
    str, Query(max_length=4096 * 3, description="Absolute within the project: / is its root, /src/a.ts a file.")
]
PathBytes = Annotated[
    str | None,
    Query(max_length=8192, description="The path's bytes as URL-safe base64, where they are not UTF-8."),
]
BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
STORED = {"requestBody": {"required": True, "content": {"application/octet-stream": BYTES}}}


async def at_path(path: PathParameter = "/", path_b64: PathBytes = None) -> None:
    """The parameters that name a thing in the project, for the document and its bounds."""


async def unless_changed(
    if_match: Annotated[str | None, Header(description='Write only over this etag, quoted; "*" is any.')] = None,
    if_none_match: Annotated[str | None, Header(description='With "*": write only what is not there yet.')] = None,
) -> None:
    """What must hold for a write to happen."""


async def in_part(
    byte_range: Annotated[str | None, Header(alias="Range", description="One range, such as bytes=0-99.")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
    if_range: Annotated[str | None, Header()] = None,
) -> None:
    """What of a file is wanted."""


AT = Depends(at_path)
REFUSED = problems(401, 404, 409, 507)
SHOWN: dict[int | str, dict[str, Any]] = {
    **problems(401, 404, 409, 416, 507),
    200: {
        "model": shapes.Folder,
        "description": "The folder's entries; or the file's bytes, with its ETag.",
        "content": {"application/octet-stream": BYTES},
    },
    206: {"description": "The range that was asked for.", "content": {"application/octet-stream": BYTES}},
    304: {"description": "The file is still the one with that ETag."},
}
TOUCHED = {**problems(401, 404, 507), 409: {"model": shapes.FilesProblem, "description": "See `type`."}}
CHANGED = {**TOUCHED, 412: {"model": shapes.FilesProblem, "description": "Changed meanwhile; see `etag`."}}


@router.get(
    "",
    response_class=Response,
    responses=SHOWN,
    dependencies=[AT, Depends(in_part)],
    summary="A folder's entries, or a file's bytes",
    description="A file is sent in a sandbox, so that nothing in it runs; `download=1` makes it an attachment.",
)
async def read_files(files: TheFiles, download: bool = False) -> Response:
    return files.passed_on()


@router.head(
    "",
    response_class=Response,
    responses={**problems(401, 404, 409), 200: {"description": "The headers of the same GET."}},
    dependencies=[AT],
    summary="What reading would answer, without the bytes",
)
async def head_files(files: TheFiles) -> Response:
    return files.passed_on()


@router.put(
    "",
    response_model=shapes.Written,
    responses={**CHANGED, 201: {"model": shapes.Written, "description": "The file is new."}},
    dependencies=[AT, Depends(unless_changed)],
    openapi_extra=STORED,
    summary="Write a file of any size, whole or not at all",
)
async def write_file(files: TheFiles) -> Response:
    return files.passed_on()


@router.delete(
    "",
    status_code=204,
    response_class=Response,
    responses=REFUSED,
    dependencies=[AT],
    summary="Delete a file, a link itself, or with recursive=true a folder and all that is in it",
)
async def delete_files(files: TheFiles, recursive: bool = False) -> Response:
    return files.passed_on()


@router.get(
    "/stat",
    response_model=shapes.FileStat,
    responses=REFUSED,
    dependencies=[AT],
    summary="One entry, and a file's etag",
)
async def stat_file(files: TheFiles) -> Response:
    return files.passed_on()


@router.post(
    "/mkdir",
    status_code=201,
    response_model=shapes.Entry,
    responses={**REFUSED, 200: {"model": shapes.Entry, "description": "The folder was there."}},
    summary="Make a folder, and those above it",
)
async def make_folder(body: shapes.MakeFolder, files: TheFiles) -> Response:
    return await files.passed_on_whole()


@router.post("/rename", response_model=shapes.Entry, responses=REFUSED, summary="Rename or move a file or folder")
async def rename_file(body: shapes.MoveFile, files: TheFiles) -> Response:
    return await files.passed_on_whole()


@router.get("/names", response_model=shapes.FileNames, responses=REFUSED, summary="Files by name, the best first")
async def find_names(
    files: TheFiles,
    q: Annotated[str, Query(max_length=1000, description="Its letters in this order.")] = "",
    limit: Annotated[int | None, Query(ge=1, le=20_000)] = None,
    hidden: bool = False,
) -> Response:
    return files.passed_on()


@router.get(
    "/search",
    response_class=Response,
    responses={
        **REFUSED,
        200: {
            "description": "One JSON object a line, as they are found: matches, and at the end a summary.",
            "content": {"application/x-ndjson": {"schema": {"$ref": "#/components/schemas/SearchLine"}}},
        },
    },
    summary="Search in files",
)
async def search_files(
    files: TheFiles,
    q: Annotated[str, Query(min_length=1, max_length=1000)],
    regex: bool = False,
    case: bool = False,
    word: bool = False,
    *,
    glob: Annotated[str | None, Query(max_length=1000, description="Only files whose path matches.")] = None,
    limit: Annotated[int | None, Query(ge=1, le=20_000)] = None,
) -> Response:
    return files.passed_on()


@router.get(
    "/archive",
    response_class=Response,
    responses={
        **REFUSED,
        200: {"description": "A zip of the folder, made while it is sent.", "content": {"application/zip": BYTES}},
    },
    dependencies=[AT],
    summary="A folder as a zip",
)
async def archive_folder(files: TheFiles) -> Response:
    return files.passed_on()


@router.post(
    "/uploads",
    status_code=201,
    response_model=shapes.Upload,
    responses=CHANGED,
    summary="Begin an upload in parts, which survives a lost connection",
)
async def begin_upload(body: shapes.BeginUpload, files: TheFiles) -> Response:
    return await files.passed_on_whole()


@router.get(
    "/uploads/{upload_id}", response_model=shapes.UploadProgress, responses=REFUSED, summary="How far it is"
)
async def get_upload(upload_id: UUID, files: TheFiles) -> Response:
    return files.passed_on()


@router.head(
    "/uploads/{upload_id}",
    response_class=Response,
    responses={**problems(401, 404), 200: {"description": "`Upload-Offset` says how far it is."}},
    summary="How far it is, as a header",
)
async def head_upload(upload_id: UUID, files: TheFiles) -> Response:
    return files.passed_on()


@router.patch(
    "/uploads/{upload_id}",
    response_model=shapes.UploadProgress,
    responses=CHANGED,
    openapi_extra=STORED,
    summary="The next part; the last one puts the file in its place",
)
async def continue_upload(
    upload_id: UUID, files: TheFiles, upload_offset: Annotated[int, Header(ge=0)]
) -> Response:
    return files.passed_on()


@router.delete(
    "/uploads/{upload_id}",
    status_code=204,
    response_class=Response,
    responses=REFUSED,
    summary="Give up an upload",
)
async def drop_upload(upload_id: UUID, files: TheFiles) -> Response:
    return files.passed_on()


@router.post(
    "/grant",
    response_model=shapes.FilesGrant,
    responses=problems(401, 404),
    summary="What opens one request to the project's files, for programs that go to the stream address",
)
async def grant_files(project_id: UUID, body: shapes.AskFilesGrant, caller: Member, gateway: TheGateway) -> Any:
    view = await find(gateway, caller.account_id, project_id)
    return {
        "url": f"{gateway.settings.public_url.rstrip('/')}/stream/files/{view.id}",
        "grant": gateway.signer.sign(files_grant(caller, view.id, body.right)),
        "expires_at": gateway.now() + timedelta(seconds=LIFETIME_SECONDS),
    }
