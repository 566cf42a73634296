"""The journal of changes, and when other services were last told that there was one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from aether.contracts.ids import AccountId, ProjectId
from aether.files.domain.journal import Change
from aether.kit.postgres import Reader, Record, Writer

COLUMNS = "id, account_id, project_id, at, person_id, name, action, path, origin, size"
FEWEST_SECONDS_BETWEEN = timedelta(seconds=30)


async def add(db: Writer, changes: Sequence[Change]) -> None:
    """Write entries down. One that is there already, because an answer was lost, is left as it is."""
    await db.executemany(
        f"""
        INSERT INTO files.change ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT DO NOTHING""",  # noqa: S608 - our own column names
        [
            (c.id, c.account_id, c.project_id, c.at, c.person_id, c.name, c.action, c.path, c.origin, c.size)
            for c in changes
        ],
    )


async def page(
    db: Reader, project_id: ProjectId, *, path: str | None, before: UUID | None, limit: int
) -> list[Change]:
    """Entries, newest first; with a path, those of it and of what is beneath it, moves from there included."""
    rows = await db.fetch(
        f"""
        SELECT {COLUMNS} FROM files.change
        WHERE project_id = $1 AND ($2::uuid IS NULL OR id < $2)
          AND ($3::text IS NULL OR path = $3 OR origin = $3
               OR starts_with(path, $3 || '/') OR starts_with(origin, $3 || '/'))
        ORDER BY id DESC LIMIT $4""",  # noqa: S608
        project_id,
        before,
        path,
        limit,
    )
    return [_change(row) for row in rows]


async def is_due(db: Writer, project_id: ProjectId, account_id: AccountId, at: datetime) -> bool:
    """Whether others are to be told of a change now; then it is noted that they are, and not again for 30 s."""
    told = await db.fetchval(
        """
        INSERT INTO files.telling AS t (project_id, account_id, told_at) VALUES ($1, $2, $3)
        ON CONFLICT (project_id) DO UPDATE SET told_at = excluded.told_at WHERE t.told_at <= $4
        RETURNING true""",
        project_id,
        account_id,
        at,
        at - FEWEST_SECONDS_BETWEEN,
    )
    return bool(told)


async def delete_older(db: Writer, than: datetime) -> None:
    await db.execute("DELETE FROM files.change WHERE at < $1", than)


async def delete_project(db: Writer, project_id: ProjectId) -> None:
    await db.execute("DELETE FROM files.change WHERE project_id = $1", project_id)
    await db.execute("DELETE FROM files.telling WHERE project_id = $1", project_id)


async def delete_account(db: Writer, account_id: AccountId) -> None:
    await db.execute("DELETE FROM files.change WHERE account_id = $1", account_id)
    await db.execute("DELETE FROM files.telling WHERE account_id = $1", account_id)


def _change(row: Record) -> Change:
    values = dict(row)
    for name in ("id", "account_id", "project_id", "person_id"):
        values[name] = values[name] and UUID(str(values[name]))
    return Change(**values)
