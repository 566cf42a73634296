"""Uploads under way."""

from datetime import datetime
from uuid import UUID

from aether.contracts.ids import AccountId, ProjectId
from aether.contracts.problem import NotFound
from aether.files.domain.paths import from_raw, raw
from aether.files.domain.uploads import State, Upload
from aether.kit.postgres import Reader, Record, Writer

COLUMNS = """id, account_id, project_id, person_id, path, size, mtime, overwrite, if_match, state, etag,
    expires_at"""


async def add(db: Writer, upload: Upload) -> None:
    await db.execute(
        """
        INSERT INTO files.upload
            (id, account_id, project_id, person_id, path, size, mtime, overwrite, if_match, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        upload.id,
        upload.account_id,
        upload.project_id,
        upload.person_id,
        raw(upload.path),
        upload.size,
        upload.mtime,
        upload.overwrite,
        upload.if_match,
        upload.expires_at,
    )


async def count(db: Reader, project_id: ProjectId) -> int:
    """How many of a project are neither complete nor given up."""
    found = await db.fetchval(
        "SELECT count(*) FROM files.upload WHERE project_id = $1 AND state <> 'complete'", project_id
    )
    return int(found)


async def get(db: Reader, upload_id: UUID, project_id: ProjectId, now: datetime) -> Upload:
    """Raises NotFound for another project's and for an expired one, as for none."""
    row = await db.fetchrow(
        # The only text put in is our own column names.
        f"SELECT {COLUMNS} FROM files.upload WHERE id = $1 AND project_id = $2 AND expires_at > $3",  # noqa: S608
        upload_id,
        project_id,
        now,
    )
    if row is None:
        raise NotFound("There is no such upload. It may have been given up or have expired.")
    return _upload(row)


async def set_state(db: Writer, upload_id: UUID, state: State, etag: str | None = None) -> None:
    await db.execute(
        "UPDATE files.upload SET state = $2, etag = coalesce($3, etag) WHERE id = $1", upload_id, state, etag
    )


async def delete(db: Writer, upload_id: UUID) -> None:
    await db.execute("DELETE FROM files.upload WHERE id = $1", upload_id)


async def delete_expired(db: Writer, now: datetime) -> None:
    """Their bytes are the machine's side to clear away, which goes by the age of the file."""
    await db.execute("DELETE FROM files.upload WHERE expires_at <= $1", now)


async def delete_project(db: Writer, project_id: ProjectId) -> None:
    await db.execute("DELETE FROM files.upload WHERE project_id = $1", project_id)


async def delete_account(db: Writer, account_id: AccountId) -> None:
    await db.execute("DELETE FROM files.upload WHERE account_id = $1", account_id)


def _upload(row: Record) -> Upload:
    values = dict(row)
    for name in ("id", "account_id", "project_id", "person_id"):
        values[name] = UUID(str(values[name]))
    return Upload(**{**values, "path": from_raw(values["path"])})
