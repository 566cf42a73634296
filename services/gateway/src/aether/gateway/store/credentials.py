"""Sessions and personal tokens: by the hash of their secret, and in lists for their owner."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aether.contracts.ids import AccountId, CredentialId, PersonId
from aether.gateway.domain.credentials import SESSION_LIFETIME, Caller
from aether.kit.postgres import Reader, Writer


@dataclass(frozen=True)
class Session:
    """A sign-in, as its owner sees it. `ends_at` is when it ends however much it is used."""

    id: CredentialId
    created_at: datetime
    last_seen_at: datetime
    user_agent: str
    ip: str
    ends_at: datetime | None = None


@dataclass(frozen=True)
class Token:
    """A personal token, as its owner sees it."""

    id: CredentialId
    name: str
    last4: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True)
class Ended:
    """A credential that has ended, and whose it was."""

    credential_id: CredentialId
    person_id: PersonId
    account_id: AccountId


async def insert_session(
    db: Writer, session: Session, person_id: PersonId, secret_hash: bytes, expires_at: datetime
) -> None:
    await db.execute(
        """
        INSERT INTO gateway.session
            (id, person_id, secret_hash, created_at, last_seen_at, expires_at, user_agent, ip, ends_at)
        VALUES ($1, $2, $3, $4, $5, LEAST($6::timestamptz, $9::timestamptz), $7, $8, $9)""",
        session.id,
        person_id,
        secret_hash,
        session.created_at,
        session.last_seen_at,
        expires_at,
        session.user_agent,
        session.ip,
        session.ends_at,
    )


async def prolong_session(
    db: Writer, secret_hash: bytes, person_id: PersonId, now: datetime, until: datetime
) -> bool:
    """Have a session with an end of its own end later. False unless it is this person's, and good."""
    return bool(
        await db.fetchval(
            """
            UPDATE gateway.session SET last_seen_at = $3, ends_at = GREATEST(ends_at, $4),
                expires_at = LEAST($5, GREATEST(ends_at, $4))
            WHERE secret_hash = $1 AND person_id = $2 AND expires_at > $3 AND ends_at IS NOT NULL
            RETURNING true""",
            secret_hash,
            person_id,
            now,
            until,
            now + SESSION_LIFETIME,
        )
    )


async def find_session(db: Reader, secret_hash: bytes, now: datetime) -> Caller | None:
    row = await db.fetchrow(
        """
        SELECT s.id AS credential_id, s.person_id, p.account_id, p.display_name AS name,
               'session' AS kind, s.expires_at, s.last_seen_at AS seen_at
        FROM gateway.session s JOIN gateway.person p ON p.id = s.person_id
        WHERE s.secret_hash = $1 AND s.expires_at > $2""",
        secret_hash,
        now,
    )
    return Caller(**dict(row)) if row else None


async def find_token(db: Reader, secret_hash: bytes, now: datetime) -> Caller | None:
    row = await db.fetchrow(
        """
        SELECT t.id AS credential_id, t.person_id, p.account_id, p.display_name AS name,
               'token' AS kind, t.expires_at, t.last_used_at AS seen_at
        FROM gateway.token t JOIN gateway.person p ON p.id = t.person_id
        WHERE t.secret_hash = $1 AND (t.expires_at IS NULL OR t.expires_at > $2)""",
        secret_hash,
        now,
    )
    return Caller(**dict(row)) if row else None


async def note_use(db: Writer, caller: Caller, now: datetime) -> None:
    """That it was used, and for a session another 30 days, or until it ends."""
    if caller.kind == "session":
        await db.execute(
            "UPDATE gateway.session SET last_seen_at = $2, expires_at = LEAST($3, ends_at) WHERE id = $1",
            caller.credential_id,
            now,
            now + SESSION_LIFETIME,
        )
    else:
        await db.execute("UPDATE gateway.token SET last_used_at = $2 WHERE id = $1", caller.credential_id, now)


async def sessions_of(db: Reader, person_id: PersonId, now: datetime) -> list[Session]:
    """Newest use first."""
    rows = await db.fetch(
        """
        SELECT id, created_at, last_seen_at, user_agent, ip FROM gateway.session
        WHERE person_id = $1 AND expires_at > $2 ORDER BY last_seen_at DESC, id DESC""",
        person_id,
        now,
    )
    return [Session(**dict(row)) for row in rows]


async def delete_session(db: Writer, person_id: PersonId, session_id: UUID) -> bool:
    """False if the person has no such session."""
    return bool(
        await db.fetchval(
            "DELETE FROM gateway.session WHERE id = $1 AND person_id = $2 RETURNING true", session_id, person_id
        )
    )


async def delete_sessions(
    db: Writer, person_id: PersonId, but_for: CredentialId | None = None
) -> list[CredentialId]:
    """All of a person's sessions, perhaps but for one; the ids of those that ended."""
    rows = await db.fetch(
        "DELETE FROM gateway.session WHERE person_id = $1 AND ($2::uuid IS NULL OR id <> $2) RETURNING id",
        person_id,
        but_for,
    )
    return [row["id"] for row in rows]


async def upsert_token(
    db: Writer, token: Token, person_id: PersonId, secret_hash: bytes, idempotency_key: str | None
) -> Token:
    """A repetition with the same key gives the first one a new secret, as the first answer was lost."""
    row = await db.fetchrow(
        """
        INSERT INTO gateway.token AS t
            (id, person_id, secret_hash, name, last4, created_at, expires_at, idempotency_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (person_id, idempotency_key) DO UPDATE
            SET secret_hash = excluded.secret_hash, last4 = excluded.last4
        RETURNING id, name, last4, created_at, last_used_at, expires_at""",
        token.id,
        person_id,
        secret_hash,
        token.name,
        token.last4,
        token.created_at,
        token.expires_at,
        idempotency_key,
    )
    assert row is not None
    return Token(**dict(row))


async def tokens_of(db: Reader, person_id: PersonId) -> list[Token]:
    """Newest first, with those that have expired."""
    rows = await db.fetch(
        """
        SELECT id, name, last4, created_at, last_used_at, expires_at FROM gateway.token
        WHERE person_id = $1 ORDER BY id DESC""",
        person_id,
    )
    return [Token(**dict(row)) for row in rows]


async def delete_token(db: Writer, person_id: PersonId, token_id: UUID) -> bool:
    """False if the person has no such token."""
    return bool(
        await db.fetchval(
            "DELETE FROM gateway.token WHERE id = $1 AND person_id = $2 RETURNING true", token_id, person_id
        )
    )


async def end_expired(db: Writer, now: datetime) -> list[Ended]:
    """Sessions and tokens whose time is over and of which nobody was told; each is answered once."""
    rows = await db.fetch(
        """
        WITH gone AS (
            DELETE FROM gateway.session WHERE expires_at <= $1 RETURNING id, person_id
        ), over AS (
            UPDATE gateway.token SET expiry_told = true
            WHERE expires_at <= $1 AND NOT expiry_told RETURNING id, person_id
        )
        SELECT e.id AS credential_id, e.person_id, p.account_id
        FROM (SELECT * FROM gone UNION ALL SELECT * FROM over) e JOIN gateway.person p ON p.id = e.person_id""",
        now,
    )
    return [Ended(**dict(row)) for row in rows]
