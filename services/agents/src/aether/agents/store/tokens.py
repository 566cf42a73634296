"""The SQL of agent tokens."""

from datetime import datetime

from aether.agents.domain.tokens import PublicKey, Token
from aether.agents.store.locks import hold
from aether.contracts.ids import AccountId, AgentTokenId, ProjectId
from aether.kit.postgres import Reader, Record, Writer


async def hold_project(db: Writer, project_id: ProjectId) -> None:
    """Until the transaction ends nobody else counts the project's tokens."""
    await hold(db, "tokens", project_id)


async def add(db: Writer, token: Token) -> bool:
    """False, and nothing written, if the key enters some project already."""
    return bool(
        await db.fetchval(
            """
            INSERT INTO agents.token (id, account_id, project_id, person_id, name, public_key, fingerprint,
                created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING true""",
            token.id,
            token.account_id,
            token.project_id,
            token.person_id,
            token.name,
            token.key.line,
            token.key.fingerprint,
            token.created_at,
            token.expires_at,
        )
    )


async def count(db: Reader, project_id: ProjectId) -> int:
    """How many are good or not known to have expired."""
    found: int = await db.fetchval(
        "SELECT count(*) FROM agents.token WHERE project_id = $1 AND closed_at IS NULL", project_id
    )
    return found


async def listed(db: Reader, account_id: AccountId, project_id: ProjectId) -> list[Token]:
    """Those not revoked, newest first; expired ones too, so that a person sees why nothing opens."""
    rows = await db.fetch(
        """
        SELECT * FROM agents.token
        WHERE account_id = $1 AND project_id = $2 AND revoked_at IS NULL ORDER BY id DESC LIMIT 200""",
        account_id,
        project_id,
    )
    return [_token(row) for row in rows]


async def opening(db: Reader, project_id: ProjectId, now: datetime) -> list[Token]:
    """Those that may enter the project's machine at this moment, oldest first."""
    rows = await db.fetch(
        """
        SELECT * FROM agents.token
        WHERE project_id = $1 AND closed_at IS NULL AND (expires_at IS NULL OR expires_at > $2) ORDER BY id""",
        project_id,
        now,
    )
    return [_token(row) for row in rows]


async def of_key(db: Reader, key: PublicKey) -> Token | None:
    """The one token of a key that is not closed."""
    row = await db.fetchrow(
        """
        SELECT * FROM agents.token
        WHERE fingerprint = $1 AND public_key = $2 AND closed_at IS NULL""",
        key.fingerprint,
        key.line,
    )
    return _token(row) if row else None


async def use(db: Writer, token_id: AgentTokenId, now: datetime) -> None:
    await db.execute("UPDATE agents.token SET last_used_at = $2 WHERE id = $1", token_id, now)


async def revoke(
    db: Writer, account_id: AccountId, project_id: ProjectId, token_id: AgentTokenId, now: datetime
) -> Token | None:
    """The token as it is now, revoked; None if there is none."""
    row = await db.fetchrow(
        """
        UPDATE agents.token SET revoked_at = coalesce(revoked_at, $4), closed_at = coalesce(closed_at, $4)
        WHERE id = $3 AND account_id = $1 AND project_id = $2 RETURNING *""",
        account_id,
        project_id,
        token_id,
        now,
    )
    return _token(row) if row else None


async def close_expired(db: Writer, now: datetime) -> list[Token]:
    """Close those whose time has come; each is answered once, whoever asks."""
    rows = await db.fetch(
        """
        UPDATE agents.token SET closed_at = $1 WHERE id IN (
            SELECT id FROM agents.token WHERE closed_at IS NULL AND expires_at <= $1
            ORDER BY expires_at LIMIT 200 FOR UPDATE SKIP LOCKED)
        RETURNING *""",
        now,
    )
    return [_token(row) for row in rows]


async def delete_project(db: Writer, project_id: ProjectId) -> None:
    await db.execute("DELETE FROM agents.token WHERE project_id = $1", project_id)


async def delete_account(db: Writer, account_id: AccountId) -> None:
    await db.execute("DELETE FROM agents.token WHERE account_id = $1", account_id)


def _token(row: Record) -> Token:
    return Token(
        id=row["id"],
        account_id=row["account_id"],
        project_id=row["project_id"],
        person_id=row["person_id"],
        name=row["name"],
        key=PublicKey(line=row["public_key"], fingerprint=row["fingerprint"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
        closed_at=row["closed_at"],
    )
