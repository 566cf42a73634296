"""Ways to GitHub and back, and links to accounts there."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from aether.contracts.ids import AccountId, PersonId, ProjectId
from aether.gateway.domain.github import Link, SpentToken, Way
from aether.gateway.errors import GitHubTaken
from aether.kit.postgres import Reader, Record, Writer

SELECT = """
    SELECT l.id, p.account_id, l.person_id, l.github_id, l.login, l.scopes, l.version, l.linked_at, l.sealed,
           l.expires_at, l.handed_until, l.lost_at
    FROM gateway.github_link l JOIN gateway.person p ON p.id = l.person_id"""


async def insert_way(db: Writer, way: Way, *, state_hash: bytes, cookie_hash: bytes, expires_at: datetime) -> None:
    await db.execute(
        """
        INSERT INTO gateway.github_way (state_hash, cookie_hash, person_id, next, expires_at)
        VALUES ($1, $2, $3, $4, $5)""",
        state_hash,
        cookie_hash,
        way.person_id,
        way.next,
        expires_at,
    )


async def spend_way(db: Writer, *, state_hash: bytes, cookie_hash: bytes, now: datetime) -> Way | None:
    """For the one who spends it; None for every other, and where state and cookie do not belong together."""
    row = await db.fetchrow(
        """
        DELETE FROM gateway.github_way WHERE state_hash = $1 AND cookie_hash = $2 AND expires_at > $3
        RETURNING person_id, next""",
        state_hash,
        cookie_hash,
        now,
    )
    return Way(**dict(row)) if row else None


async def forget_ways(db: Writer, now: datetime) -> None:
    await db.execute("DELETE FROM gateway.github_way WHERE expires_at <= $1", now)


async def by_person(db: Reader, person_id: PersonId) -> Link | None:
    return _link(await db.fetchrow(f"{SELECT} WHERE l.person_id = $1", person_id))


async def locked_of(db: Writer, person_id: PersonId) -> Link | None:
    """The person's link, which nobody else changes until the transaction ends."""
    return _link(await db.fetchrow(f"{SELECT} WHERE l.person_id = $1 FOR UPDATE OF l", person_id))


async def by_account(db: Reader, account_id: AccountId) -> Link | None:
    return _link(await db.fetchrow(f"{SELECT} WHERE p.account_id = $1", account_id))


async def by_github_id(db: Reader, github_id: int) -> Link | None:
    return _link(await db.fetchrow(f"{SELECT} WHERE l.github_id = $1", github_id))


async def locked(db: Writer, link_id: UUID) -> Link | None:
    """The link, which nobody else changes until the transaction ends."""
    return _link(await db.fetchrow(f"{SELECT} WHERE l.id = $1 FOR UPDATE OF l", link_id))


async def put(db: Writer, link: Link) -> None:
    """Keep a link as it is now. Raises GitHubTaken if that GitHub account is another person's meanwhile."""
    try:
        await db.execute(
            """
            INSERT INTO gateway.github_link AS l
                (id, person_id, github_id, login, scopes, sealed, version, expires_at, handed_until, linked_at,
                 lost_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (id) DO UPDATE SET login = excluded.login, scopes = excluded.scopes,
                sealed = excluded.sealed, version = excluded.version, expires_at = excluded.expires_at,
                handed_until = excluded.handed_until, linked_at = excluded.linked_at,
                lost_at = excluded.lost_at""",
            *_values(link),
        )
    except asyncpg.UniqueViolationError as error:
        raise GitHubTaken from error


def _values(link: Link) -> tuple[Any, ...]:
    return (
        link.id,
        link.person_id,
        link.github_id,
        link.login,
        list(link.scopes),
        link.sealed,
        link.version,
        link.expires_at,
        link.handed_until,
        link.linked_at,
        link.lost_at,
    )


async def delete(db: Writer, link_id: UUID) -> None:
    await db.execute("DELETE FROM gateway.github_link WHERE id = $1", link_id)


async def handed_before(db: Reader, when: datetime) -> list[Link]:
    """Links whose token a machine has been given, and should be able to use no longer than `when`."""
    rows = await db.fetch(f"{SELECT} WHERE l.handed_until <= $1 ORDER BY l.handed_until LIMIT 100", when)
    return [_read(row) for row in rows]


async def lend(db: Writer, link: Link, project_id: ProjectId) -> bool:
    """Whether this is the first time that the project is lent this version's token."""
    return bool(
        await db.fetchval(
            """
            INSERT INTO gateway.github_lent AS n (link_id, project_id, version) VALUES ($1, $2, $3)
            ON CONFLICT (link_id, project_id) DO UPDATE SET version = excluded.version
            WHERE n.version <> excluded.version RETURNING true""",
            link.id,
            project_id,
            link.version,
        )
    )


async def put_spent(db: Writer, spent: SpentToken, due_at: datetime) -> None:
    await db.execute(
        """
        INSERT INTO gateway.github_spent (id, github_id, sealed, whole_grant, due_at)
        VALUES ($1, $2, $3, $4, $5)""",
        spent.id,
        spent.github_id,
        spent.sealed,
        spent.whole_grant,
        due_at,
    )


async def claim_spent(db: Writer, now: datetime, pause: timedelta) -> SpentToken | None:
    """One that is due, for the one who claims it. Its next try is `pause` away, and twice as far after each."""
    row = await db.fetchrow(
        """
        UPDATE gateway.github_spent
        SET tries = tries + 1, due_at = $1::timestamptz + $2::interval * power(2, tries)
        WHERE id = (SELECT id FROM gateway.github_spent WHERE due_at <= $1 ORDER BY due_at LIMIT 1
                    FOR UPDATE SKIP LOCKED)
        RETURNING id, github_id, sealed, whole_grant, tries""",
        now,
        pause,
    )
    return SpentToken(**dict(row)) if row else None


async def forget_spent(db: Writer, spent_id: UUID) -> None:
    await db.execute("DELETE FROM gateway.github_spent WHERE id = $1", spent_id)


async def spare_grant(db: Writer, github_id: int) -> None:
    """A new link stands on the grant that was to be revoked, so that only its old tokens are to be forgotten."""
    await db.execute("UPDATE gateway.github_spent SET whole_grant = false WHERE github_id = $1", github_id)


def _link(row: Record | None) -> Link | None:
    return _read(row) if row else None


def _read(row: Record) -> Link:
    return Link(**{**dict(row), "scopes": tuple(row["scopes"])})
