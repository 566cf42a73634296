"""Ways to GitHub and back, and links to accounts there."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from aether.contracts.ids import AccountId, PersonId
from aether.gateway.domain.github import Link, Way
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
    rows = await db.fetch(f"{SELECT} WHERE l.handed_until <= $1 LIMIT 100", when)
    return [_read(row) for row in rows]


def _link(row: Record | None) -> Link | None:
    return _read(row) if row else None


def _read(row: Record) -> Link:
    return Link(**{**dict(row), "scopes": tuple(row["scopes"])})
