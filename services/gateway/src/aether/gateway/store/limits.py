"""Buckets of attempts, shared by all replicas, and the log of who did what."""

from datetime import datetime

from aether.contracts.ids import AccountId, PersonId
from aether.gateway.domain.rates import Rate
from aether.kit.postgres import Writer


async def take(db: Writer, key: str, rate: Rate, now: datetime) -> int:
    """Take one attempt from a bucket. 0 if there was one, else how many seconds to wait for the next."""
    row = await db.fetchrow(
        """
        INSERT INTO gateway.bucket AS b (key, tokens, counted_at) VALUES ($1, $2::float8 - 1, $4)
        ON CONFLICT (key) DO UPDATE SET
            tokens = GREATEST(-1, LEAST($2, GREATEST(b.tokens, 0)
                + $3 * GREATEST(0, extract(epoch FROM $4 - b.counted_at))) - 1),
            counted_at = GREATEST(b.counted_at, $4)
        RETURNING tokens""",
        key,
        float(rate.burst),
        rate.per_second,
        now,
    )
    assert row is not None
    if row["tokens"] >= 0:
        return 0
    # A refused attempt is not paid for: what was in the bucket stays in it.
    left = float(row["tokens"]) + 1
    await db.execute("UPDATE gateway.bucket SET tokens = $2 WHERE key = $1", key, left)
    return rate.wait(left)


async def note(
    db: Writer, what: str, *, account_id: AccountId | None, person_id: PersonId | None, target: str, ip: str
) -> None:
    """One line of the audit log. `what` is a fact such as token.created; no secret is ever in it."""
    await db.execute(
        "INSERT INTO gateway.audit (account_id, person_id, what, target, ip) VALUES ($1, $2, $3, $4, $5)",
        account_id,
        person_id,
        what,
        target,
        ip,
    )


async def forget_old(db: Writer, now: datetime) -> None:
    """What nobody asks for any more: full buckets, feeds of yesterday, spent resets, an audit of a year ago."""
    await db.execute("DELETE FROM gateway.bucket WHERE counted_at < $1::timestamptz - interval '1 day'", now)
    await db.execute("DELETE FROM gateway.feed WHERE created_at < $1::timestamptz - interval '24 hours'", now)
    await db.execute("DELETE FROM gateway.seen_project WHERE seen_at < $1::timestamptz - interval '30 days'", now)
    await db.execute("DELETE FROM gateway.password_reset WHERE expires_at < $1", now)
    await db.execute("DELETE FROM gateway.audit WHERE happened_at < $1::timestamptz - interval '400 days'", now)
