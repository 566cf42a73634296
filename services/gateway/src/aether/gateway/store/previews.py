"""What lets people into previews, by the hash of its secret; and the news that a project's previews may differ."""

from datetime import datetime
from uuid import UUID

from aether.contracts.ids import CredentialId, ProjectId
from aether.gateway.domain.credentials import Visit
from aether.kit.postgres import Reader, Writer

LOOK_AGAIN_CHANNEL = "gateway_previews"


async def insert(
    db: Writer,
    secret_hash: bytes,
    project_id: ProjectId,
    port: int,
    credential_id: CredentialId,
    *,
    now: datetime,
    expires_at: datetime,
) -> bool:
    """False if the sign-in session has ended meanwhile."""
    return bool(
        await db.fetchval(
            """
            INSERT INTO gateway.preview_session
                (secret_hash, project_id, port, credential_id, created_at, expires_at)
            SELECT $1, $2, $3, s.id, $5, $6 FROM gateway.session s
            WHERE s.id = $4 AND s.expires_at > $5 FOR SHARE RETURNING true""",
            secret_hash,
            project_id,
            port,
            credential_id,
            now,
            expires_at,
        )
    )


async def find(db: Reader, secret_hash: bytes, now: datetime) -> Visit | None:
    row = await db.fetchrow(
        """
        SELECT s.id AS credential_id, s.person_id, p.account_id, p.display_name AS name, 'preview' AS kind,
               v.expires_at, v.project_id, v.port
        FROM gateway.preview_session v
        JOIN gateway.session s ON s.id = v.credential_id
        JOIN gateway.person p ON p.id = s.person_id
        WHERE v.secret_hash = $1 AND v.expires_at > $2 AND s.expires_at > $2""",
        secret_hash,
        now,
    )
    return Visit(**dict(row)) if row else None


async def forget_expired(db: Writer, now: datetime) -> None:
    await db.execute("DELETE FROM gateway.preview_session WHERE expires_at <= $1", now)


async def look_again(db: Writer, project_id: ProjectId) -> None:
    """Have every replica, once this is committed, judge anew who may be in a project's previews."""
    await db.execute("SELECT pg_notify($1, $2)", LOOK_AGAIN_CHANNEL, str(project_id))


def read_look_again(payload: str) -> ProjectId:
    """What `look_again` sent."""
    return ProjectId(UUID(payload))
