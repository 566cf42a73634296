"""People: their addresses and the hashes of their passwords."""

from datetime import datetime

import asyncpg

from aether.contracts.ids import PersonId
from aether.gateway.domain.credentials import Person, email_key
from aether.gateway.errors import EmailTaken
from aether.kit.postgres import Reader, Record, Writer

COLUMNS = "id, account_id, email, display_name, created_at"


async def insert(db: Writer, person: Person, password_hash: str | None) -> bool:
    """False if there is an account with that address. Without a password none signs this person in."""
    return bool(
        await db.fetchval(
            """
            INSERT INTO gateway.person (id, account_id, email, email_key, display_name, password_hash, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (email_key) DO NOTHING RETURNING true""",
            person.id,
            person.account_id,
            person.email,
            email_key(person.email),
            person.display_name,
            password_hash,
            person.created_at,
        )
    )


async def by_id(db: Reader, person_id: PersonId) -> tuple[Person, str | None] | None:
    """The person and the password's hash, None without one."""
    row = await db.fetchrow(
        f"SELECT {COLUMNS}, password_hash FROM gateway.person WHERE id = $1",  # noqa: S608 - our own column names
        person_id,
    )
    return (read_person(row), row["password_hash"]) if row else None


async def by_email(db: Reader, email: str) -> tuple[Person, str | None] | None:
    """The person and the password's hash, None without one."""
    row = await db.fetchrow(
        f"SELECT {COLUMNS}, password_hash FROM gateway.person WHERE email_key = $1",  # noqa: S608 - as above
        email_key(email),
    )
    return (read_person(row), row["password_hash"]) if row else None


async def email_is_free(db: Reader, email: str, but_for: PersonId) -> bool:
    return not await db.fetchval(
        "SELECT true FROM gateway.person WHERE email_key = $1 AND id <> $2", email_key(email), but_for
    )


async def update(db: Writer, person_id: PersonId, display_name: str, email: str) -> None:
    """Raises EmailTaken if another took the address meanwhile."""
    try:
        await db.execute(
            "UPDATE gateway.person SET display_name = $2, email = $3, email_key = $4 WHERE id = $1",
            person_id,
            display_name,
            email,
            email_key(email),
        )
    except asyncpg.UniqueViolationError as error:
        raise EmailTaken from error


async def set_password(db: Writer, person_id: PersonId, password_hash: str) -> None:
    await db.execute("UPDATE gateway.person SET password_hash = $2 WHERE id = $1", person_id, password_hash)


async def insert_reset(db: Writer, secret_hash: bytes, person_id: PersonId, expires_at: datetime) -> None:
    await db.execute(
        "INSERT INTO gateway.password_reset (secret_hash, person_id, expires_at) VALUES ($1, $2, $3)",
        secret_hash,
        person_id,
        expires_at,
    )


async def find_reset(db: Reader, secret_hash: bytes, now: datetime) -> tuple[Person, str | None] | None:
    """Whose password may be set with this secret."""
    person_id = await db.fetchval(
        "SELECT person_id FROM gateway.password_reset WHERE secret_hash = $1 AND expires_at > $2",
        secret_hash,
        now,
    )
    return await by_id(db, person_id) if person_id else None


async def spend_reset(db: Writer, secret_hash: bytes, now: datetime) -> bool:
    """True for the one who spends it; the person's other resets go with it."""
    person_id = await db.fetchval(
        "DELETE FROM gateway.password_reset WHERE secret_hash = $1 AND expires_at > $2 RETURNING person_id",
        secret_hash,
        now,
    )
    if person_id:
        await db.execute("DELETE FROM gateway.password_reset WHERE person_id = $1", person_id)
    return person_id is not None


async def delete(db: Writer, person: Person) -> None:
    """The person, and by cascade what they hold; what their screens were told goes too."""
    await db.execute("DELETE FROM gateway.person WHERE id = $1", person.id)
    await db.execute("DELETE FROM gateway.feed WHERE account_id = $1", person.account_id)
    await db.execute("DELETE FROM gateway.feed_head WHERE account_id = $1", person.account_id)


def read_person(row: Record) -> Person:
    return Person(**{name: row[name] for name in COLUMNS.split(", ")})
