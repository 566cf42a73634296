"""What git knows of a project's files, and the journal of what changed in them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from aether.gateway.api import file_shapes as shapes
from aether.gateway.api.carry import TheFiles
from aether.gateway.api.files import AT, BYTES, PathBytes, PathParameter
from aether.gateway.api.problems import problems

router = APIRouter(prefix="/api/projects/{project_id}", tags=["git"])

LOOKED = problems(401, 404, 409)
TEXT = {"schema": {"type": "string"}}


async def perhaps_at_path(path: PathParameter | None = None, path_b64: PathBytes = None) -> None:
    """As at_path, but all of the project where it is left out."""


PERHAPS_AT = Depends(perhaps_at_path)


@router.get("/git/status", response_model=shapes.GitStatus, responses=LOOKED, summary="What differs from HEAD")
async def git_status(files: TheFiles) -> Response:
    return files.passed_on()


@router.get(
    "/git/diff",
    response_class=Response,
    responses={
        **LOOKED,
        200: {
            "description": "A unified diff of the work tree against HEAD, new files included.",
            "content": {"text/x-diff": TEXT},
        },
    },
    dependencies=[PERHAPS_AT],
    summary="The working diff, of all or of one path",
)
async def git_diff(files: TheFiles) -> Response:
    return files.passed_on()


@router.get(
    "/git/file",
    response_class=Response,
    responses={
        **LOOKED,
        200: {"description": "Its bytes; ETag is the blob's id.", "content": {"application/octet-stream": BYTES}},
        304: {"description": "It is still that blob."},
    },
    dependencies=[AT],
    summary="A file as it is in HEAD",
)
async def git_file(files: TheFiles) -> Response:
    return files.passed_on()


@router.get(
    "/git/blame",
    response_model=shapes.Blame,
    responses=LOOKED,
    dependencies=[AT],
    summary="Which commit each line came with",
)
async def git_blame(files: TheFiles) -> Response:
    return files.passed_on()


@router.get(
    "/journal",
    response_model=shapes.Journal,
    responses=LOOKED,
    dependencies=[PERHAPS_AT],
    summary="Who changed what and when: a person here, or something in the machine",
)
async def list_journal(
    files: TheFiles,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    return files.passed_on()
