"""The SQL of webhooks and of their deliveries."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aether.agents.store.attention import view
from aether.agents.store.locks import hold
from aether.contracts.agents import DeliveryView, NoticeView, WebhookView
from aether.contracts.ids import AccountId, DeliveryId, PersonId, WebhookId, new_id
from aether.kit.postgres import Reader, Record, Writer


@dataclass(frozen=True)
class Due:
    """One delivery to be tried now, for the `attempts`th time. `receiver` is the webhook."""

    id: DeliveryId
    receiver: WebhookId
    account_id: AccountId
    attempts: int
    url: str
    secret_sealed: bytes
    notice: NoticeView


async def hold_account(db: Writer, account_id: AccountId) -> None:
    """Until the transaction ends nobody else counts the account's webhooks."""
    await hold(db, "webhooks", account_id)


async def add(db: Writer, webhook: WebhookView, person_id: PersonId, secret_sealed: bytes) -> None:
    await db.execute(
        """
        INSERT INTO agents.webhook (id, account_id, person_id, url, kinds, secret_sealed, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        webhook.id,
        webhook.account_id,
        person_id,
        webhook.url,
        webhook.kinds,
        secret_sealed,
        webhook.created_at,
    )


async def listed(db: Reader, account_id: AccountId) -> list[WebhookView]:
    rows = await db.fetch("SELECT * FROM agents.webhook WHERE account_id = $1 ORDER BY id", account_id)
    return [WebhookView(**{name: row[name] for name in WebhookView.model_fields}) for row in rows]


async def exists(db: Reader, account_id: AccountId, webhook_id: WebhookId) -> bool:
    return bool(
        await db.fetchval(
            "SELECT true FROM agents.webhook WHERE id = $1 AND account_id = $2", webhook_id, account_id
        )
    )


async def delete(db: Writer, account_id: AccountId, webhook_id: WebhookId) -> None:
    """With its log."""
    await db.execute("DELETE FROM agents.webhook WHERE id = $1 AND account_id = $2", webhook_id, account_id)


# Deliveries


async def send(db: Writer, notice: NoticeView) -> None:
    """Set a notice on its way to each webhook of the account that takes its kind."""
    # Held, so that one that is deleted meanwhile does not fail whatever calls.
    rows = await db.fetch(
        "SELECT id FROM agents.webhook WHERE account_id = $1 AND $2 = ANY(kinds) FOR KEY SHARE",
        notice.account_id,
        notice.kind,
    )
    await db.executemany(
        """
        INSERT INTO agents.delivery (id, webhook_id, notice_id, kind, created_at, next_at)
        VALUES ($1, $2, $3, $4, $5, $5)""",
        [(new_id(), row["id"], notice.id, notice.kind, notice.created_at) for row in rows],
    )


async def claim(db: Writer, now: datetime, until: datetime, limit: int, busy: list[UUID]) -> list[Due]:
    """Take what is due until then, oldest first, two at most for one webhook."""
    rows = await db.fetch(
        """
        WITH due AS (
            SELECT id, row_number() OVER (PARTITION BY webhook_id ORDER BY next_at, id) AS place
            FROM agents.delivery WHERE state = 'pending' AND next_at <= $1 AND webhook_id <> ALL($4)),
        mine AS (
            SELECT d.id FROM agents.delivery d JOIN due ON due.id = d.id
            WHERE due.place <= 2 AND d.state = 'pending' AND d.next_at <= $1
            ORDER BY d.next_at, d.id LIMIT $3 FOR UPDATE OF d SKIP LOCKED),
        taken AS (
            UPDATE agents.delivery d SET next_at = $2, attempts = attempts + 1 FROM mine WHERE d.id = mine.id
            RETURNING d.*)
        SELECT n.*, t.id AS delivery_id, t.attempts, w.id AS webhook_id, w.url, w.secret_sealed
        FROM taken t JOIN agents.webhook w ON w.id = t.webhook_id JOIN agents.notice n ON n.id = t.notice_id
        ORDER BY t.id""",
        now,
        until,
        limit,
        busy,
    )
    return [_due(row) for row in rows]


async def delivered(db: Writer, due: Due, status: int, now: datetime) -> None:
    await db.execute(
        """
        UPDATE agents.delivery SET state = 'delivered', status = $2, error = '', next_at = NULL, delivered_at = $3
        WHERE id = $1""",
        due.id,
        status,
        now,
    )
    await db.execute(
        "UPDATE agents.webhook SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL", due.receiver
    )


async def not_delivered(
    db: Writer, due: Due, status: int | None, error: str, *, next_at: datetime | None, now: datetime
) -> None:
    """`next_at` None: it is given up."""
    await db.execute(
        """
        UPDATE agents.delivery SET status = $2, error = $3, next_at = $4,
            state = CASE WHEN $4::timestamptz IS NULL THEN 'failed' ELSE 'pending' END
        WHERE id = $1""",
        due.id,
        status,
        error,
        next_at,
    )
    await db.execute(
        "UPDATE agents.webhook SET failing_since = $2 WHERE id = $1 AND failing_since IS NULL", due.receiver, now
    )


async def log(db: Reader, webhook_id: WebhookId) -> list[DeliveryView]:
    """The newest deliveries."""
    rows = await db.fetch(
        "SELECT * FROM agents.delivery WHERE webhook_id = $1 ORDER BY id DESC LIMIT 100", webhook_id
    )
    return [DeliveryView(**row) for row in rows]


async def delete_account(db: Writer, account_id: AccountId) -> None:
    """Webhooks with their logs."""
    await db.execute("DELETE FROM agents.webhook WHERE account_id = $1", account_id)


def _due(row: Record) -> Due:
    return Due(
        id=row["delivery_id"],
        receiver=row["webhook_id"],
        account_id=row["account_id"],
        attempts=row["attempts"],
        url=row["url"],
        secret_sealed=row["secret_sealed"],
        notice=view(row),
    )
