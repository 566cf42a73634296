"""The SQL of keys."""

from datetime import datetime, timedelta

from aether.agents.domain.keys import Key
from aether.agents.store.locks import hold
from aether.contracts.ids import AccountId, ProjectId
from aether.kit.postgres import Reader, Record, Writer

NOTED = timedelta(minutes=1)


async def hold_account(db: Writer, account_id: AccountId) -> None:
    """Until the transaction ends nobody else changes or counts the account's keys."""
    await hold(db, "keys", account_id)


async def listed(db: Reader, account_id: AccountId) -> list[Key]:
    rows = await db.fetch("SELECT * FROM agents.key WHERE account_id = $1 ORDER BY name", account_id)
    return [_key(row) for row in rows]


async def find(db: Reader, account_id: AccountId, name: str) -> Key | None:
    found = await sealed(db, account_id, name)
    return found[0] if found else None


async def sealed(db: Reader, account_id: AccountId, name: str) -> tuple[Key, bytes] | None:
    """A key and its sealed value."""
    row = await db.fetchrow("SELECT * FROM agents.key WHERE account_id = $1 AND name = $2", account_id, name)
    return (_key(row), row["sealed"]) if row else None


async def sealed_of_project(db: Reader, account_id: AccountId, project_id: ProjectId) -> list[tuple[Key, bytes]]:
    """The keys that a project may have, by name."""
    rows = await db.fetch(
        """
        SELECT * FROM agents.key
        WHERE account_id = $1 AND (projects IS NULL OR $2 = ANY(projects)) ORDER BY name""",
        account_id,
        project_id,
    )
    return [(_key(row), row["sealed"]) for row in rows]


async def keep(db: Writer, key: Key, sealed_value: bytes | None) -> None:
    """Write a key; None leaves the value as it is."""
    await db.execute(
        """
        INSERT INTO agents.key (account_id, person_id, name, mode, projects, last4, version, sealed,
            created_at, updated_at, refused_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, ''::bytea), $9, $10, $11)
        ON CONFLICT (account_id, name) DO UPDATE SET mode = excluded.mode, projects = excluded.projects,
            last4 = excluded.last4, version = excluded.version, sealed = coalesce($8, key.sealed),
            updated_at = excluded.updated_at, refused_at = excluded.refused_at""",
        key.account_id,
        key.person_id,
        key.name,
        key.mode,
        key.projects,
        key.last4,
        key.version,
        sealed_value,
        key.created_at,
        key.updated_at,
        key.refused_at,
    )


async def delete(db: Writer, account_id: AccountId, name: str) -> bool:
    """Whether there was one."""
    return bool(
        await db.fetchval(
            "DELETE FROM agents.key WHERE account_id = $1 AND name = $2 RETURNING true", account_id, name
        )
    )


async def note(
    db: Writer, account_id: AccountId, name: str, version: int, *, refused: bool, now: datetime
) -> None:
    """That it was used just now: at most once a minute while the vendor says the same of it."""
    await db.execute(
        """
        UPDATE agents.key SET last_used_at = $4, refused_at = CASE WHEN $5 THEN $4::timestamptz END
        WHERE account_id = $1 AND name = $2 AND version = $3
            AND (last_used_at IS NULL OR last_used_at < $6 OR (refused_at IS NOT NULL) <> $5)""",
        account_id,
        name,
        version,
        now,
        refused,
        now - NOTED,
    )


async def delete_project(db: Writer, project_id: ProjectId) -> None:
    """The project leaves every list. A list that becomes empty allows none: it never widens."""
    await db.execute(
        "UPDATE agents.key SET projects = array_remove(projects, $1) WHERE $1 = ANY(projects)", project_id
    )


async def delete_account(db: Writer, account_id: AccountId) -> None:
    await db.execute("DELETE FROM agents.key WHERE account_id = $1", account_id)


def _key(row: Record) -> Key:
    projects = row["projects"]
    return Key(
        account_id=row["account_id"],
        person_id=row["person_id"],
        name=row["name"],
        mode=row["mode"],
        projects=None if projects is None else tuple(projects),
        last4=row["last4"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        last_used_at=row["last_used_at"],
        refused_at=row["refused_at"],
    )
