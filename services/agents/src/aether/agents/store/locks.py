"""Who counts or changes what belongs together, one after another."""

from uuid import UUID

from aether.kit.postgres import Writer


async def hold(db: Writer, what: str, of: UUID) -> None:
    """Until the transaction ends nobody else holds the same."""
    await db.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"agents {what} {of}")
