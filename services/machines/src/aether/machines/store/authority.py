"""The user certificate authority's key, one for ever, sealed."""

from aether.kit.postgres import Reader, Writer


async def offer(db: Writer, public_key: str, private_sealed: bytes) -> None:
    """Keep this key if there is none yet. Of two processes that begin at once, one is heard."""
    await db.execute(
        "INSERT INTO machines.authority (public_key, private_sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        public_key,
        private_sealed,
    )


async def private_sealed(db: Reader) -> bytes | None:
    sealed: bytes | None = await db.fetchval("SELECT private_sealed FROM machines.authority")
    return sealed
