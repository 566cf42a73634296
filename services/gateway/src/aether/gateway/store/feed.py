"""What the screens of an account are told, numbered, so that a stream can be resumed for a day."""

from dataclasses import dataclass
from uuid import UUID

from aether.contracts.ids import AccountId, CredentialId, PersonId
from aether.kit.postgres import Reader, Writer

FEED_CHANNEL = "gateway_feed"
REVOKED_CHANNEL = "gateway_revoked"
GONE = 2**63 - 1  # a version after which nothing of a project is news


@dataclass(frozen=True)
class Entry:
    """One thing told: the event's name and its data as JSON."""

    seq: int
    name: str
    data: str


async def tell(db: Writer, account_id: AccountId, name: str, data: str) -> None:
    """Add an entry, and wake the account's streams once this is committed."""
    await db.execute(
        """
        WITH head AS (
            INSERT INTO gateway.feed_head AS h (account_id, seq) VALUES ($1, 1)
            ON CONFLICT (account_id) DO UPDATE SET seq = h.seq + 1 RETURNING seq
        )
        INSERT INTO gateway.feed (account_id, seq, name, data) SELECT $1, seq, $2, $3 FROM head""",
        account_id,
        name,
        data,
    )
    await db.execute("SELECT pg_notify($1, $2)", FEED_CHANNEL, str(account_id))


async def is_news(db: Writer, thing_id: UUID, version: int) -> bool:
    """Whether no later version of the project or run was seen; remembers this one if so."""
    return bool(
        await db.fetchval(
            """
            INSERT INTO gateway.seen_project AS s (project_id, version) VALUES ($1, $2)
            ON CONFLICT (project_id) DO UPDATE SET version = excluded.version, seen_at = now()
            WHERE s.version < excluded.version RETURNING true""",
            thing_id,
            version,
        )
    )


async def head(db: Reader, account_id: AccountId) -> int:
    """The number of the newest entry; 0 if there never was one."""
    return int(await db.fetchval("SELECT seq FROM gateway.feed_head WHERE account_id = $1", account_id) or 0)


async def after(db: Reader, account_id: AccountId, seq: int, limit: int) -> list[Entry]:
    rows = await db.fetch(
        """
        SELECT seq, name, data FROM gateway.feed
        WHERE account_id = $1 AND seq > $2 ORDER BY seq LIMIT $3""",
        account_id,
        seq,
        limit,
    )
    return [Entry(**dict(row)) for row in rows]


async def cut(db: Writer, person_id: PersonId, credential_id: CredentialId | None) -> None:
    """Tell every replica, once this is committed, to close what was opened with a credential (None: with any)."""
    await db.execute("SELECT pg_notify($1, $2)", REVOKED_CHANNEL, f"{person_id} {credential_id or ''}".strip())


def read_cut(payload: str) -> tuple[PersonId, CredentialId | None]:
    """What `cut` sent."""
    person, _, credential = payload.partition(" ")
    return PersonId(UUID(person)), CredentialId(UUID(credential)) if credential else None
