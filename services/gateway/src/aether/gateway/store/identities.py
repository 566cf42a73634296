"""Who people are at another issuer."""

from aether.contracts.ids import PersonId
from aether.gateway.domain.credentials import Person
from aether.gateway.store.people import COLUMNS, read_person
from aether.kit.postgres import Reader, Writer


async def insert(db: Writer, issuer: str, subject: str, person_id: PersonId) -> None:
    await db.execute(
        "INSERT INTO gateway.external_identity (issuer, subject, person_id) VALUES ($1, $2, $3)",
        issuer,
        subject,
        person_id,
    )


async def person_of(db: Reader, issuer: str, subject: str) -> Person | None:
    columns = ", ".join(f"p.{name}" for name in COLUMNS.split(", "))
    row = await db.fetchrow(
        f"""
        SELECT {columns} FROM gateway.external_identity e JOIN gateway.person p ON p.id = e.person_id
        WHERE e.issuer = $1 AND e.subject = $2""",  # noqa: S608 - our own column names
        issuer,
        subject,
    )
    return read_person(row) if row else None


async def has_one(db: Reader, person_id: PersonId, issuer: str) -> bool:
    """Whether the person can sign in with a token of this issuer."""
    return bool(
        await db.fetchval(
            "SELECT true FROM gateway.external_identity WHERE person_id = $1 AND issuer = $2 LIMIT 1",
            person_id,
            issuer,
        )
    )
