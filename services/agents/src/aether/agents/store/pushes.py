"""The SQL of browsers that take Web Push, and of what is on its way to them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aether.agents.store.attention import view
from aether.contracts.agents import NoticeView, PushView
from aether.contracts.ids import AccountId, PersonId, PushId, new_id
from aether.kit.postgres import Record, Writer

BROWSERS = 20  # of one person; the oldest makes room


@dataclass(frozen=True)
class PushCall:
    """One notice on its way to one browser; `sealed` is the subscription. `receiver` is the browser."""

    id: UUID
    receiver: PushId
    account_id: AccountId
    attempts: int
    sealed: bytes
    notice: NoticeView


async def put(db: Writer, account_id: AccountId, push: PushView, endpoint_hash: bytes, sealed: bytes) -> None:
    """In place of the one with the same endpoint, whoever had it: a browser is of who signed in last."""
    await db.execute("DELETE FROM agents.push WHERE endpoint_hash = $1", endpoint_hash)
    await db.execute(
        """
        INSERT INTO agents.push (id, account_id, person_id, endpoint_hash, sealed, label, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        push.id,
        account_id,
        push.person_id,
        endpoint_hash,
        sealed,
        push.label,
        push.created_at,
    )
    await db.execute(
        """
        DELETE FROM agents.push WHERE id IN (
            SELECT id FROM agents.push WHERE person_id = $1 ORDER BY id DESC OFFSET $2)""",
        push.person_id,
        BROWSERS,
    )


async def remove(db: Writer, person_id: PersonId, endpoint_hash: bytes) -> None:
    await db.execute(
        "DELETE FROM agents.push WHERE person_id = $1 AND endpoint_hash = $2", person_id, endpoint_hash
    )


async def drop(db: Writer, push_id: PushId) -> None:
    """The browser has ended its subscription."""
    await db.execute("DELETE FROM agents.push WHERE id = $1", push_id)


async def send(db: Writer, person_id: PersonId, notice: NoticeView) -> None:
    """Set a notice on its way to each of the person's browsers."""
    # Held, so that one that is removed meanwhile does not fail whatever calls.
    browsers = await db.fetch("SELECT id FROM agents.push WHERE person_id = $1 FOR KEY SHARE", person_id)
    await db.executemany(
        "INSERT INTO agents.push_call (id, push_id, notice_id, next_at) VALUES ($1, $2, $3, $4)",
        [(new_id(), row["id"], notice.id, notice.created_at) for row in browsers],
    )


async def claim(db: Writer, now: datetime, until: datetime, limit: int, busy: list[UUID]) -> list[PushCall]:
    """Take what is due until then, oldest first, two at most for a browser. What was read since is let go."""
    await db.execute(
        """
        DELETE FROM agents.push_call c USING agents.notice n
        WHERE n.id = c.notice_id AND n.read_at IS NOT NULL AND c.next_at <= $1""",
        now,
    )
    rows = await db.fetch(
        """
        WITH due AS (
            SELECT id, row_number() OVER (PARTITION BY push_id ORDER BY next_at, id) AS place
            FROM agents.push_call WHERE next_at <= $1 AND push_id <> ALL($4)),
        mine AS (
            SELECT c.id FROM agents.push_call c JOIN due ON due.id = c.id
            WHERE due.place <= 2 AND c.next_at <= $1
            ORDER BY c.next_at, c.id LIMIT $3 FOR UPDATE OF c SKIP LOCKED),
        taken AS (
            UPDATE agents.push_call c SET next_at = $2, attempts = attempts + 1 FROM mine WHERE c.id = mine.id
            RETURNING c.*)
        SELECT n.*, t.id AS call_id, t.attempts, p.id AS push_id, p.sealed
        FROM taken t JOIN agents.push p ON p.id = t.push_id JOIN agents.notice n ON n.id = t.notice_id
        ORDER BY t.id""",
        now,
        until,
        limit,
        busy,
    )
    return [_call(row) for row in rows]


async def over(db: Writer, call_id: UUID) -> None:
    await db.execute("DELETE FROM agents.push_call WHERE id = $1", call_id)


async def again(db: Writer, call_id: UUID, next_at: datetime) -> None:
    await db.execute("UPDATE agents.push_call SET next_at = $2 WHERE id = $1", call_id, next_at)


async def delete_account(db: Writer, account_id: AccountId) -> None:
    await db.execute("DELETE FROM agents.push WHERE account_id = $1", account_id)


def _call(row: Record) -> PushCall:
    return PushCall(
        id=row["call_id"],
        receiver=row["push_id"],
        account_id=row["account_id"],
        attempts=row["attempts"],
        sealed=row["sealed"],
        notice=view(row),
    )
