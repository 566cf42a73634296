"""Machines that run, and which process keeps the connection to each."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from aether.contracts.ids import AccountId, ProjectId
from aether.kit.postgres import Reader, Record, Writer

COLUMNS = "project_id, account_id, machine_id, generation, port, fit"


@dataclass(frozen=True)
class Row:
    """`port` is that of its broker, once there was one; `fit` counts how often it was to be fitted anew."""

    project_id: ProjectId
    account_id: AccountId
    machine_id: UUID
    generation: int
    port: int | None = None
    fit: int = 0


async def begin(db: Writer, row: Row, owner: UUID, lease: timedelta) -> None:
    """A machine has started, and `owner` takes it. An older generation than the known one changes nothing."""
    await db.execute(
        """
        INSERT INTO agents.machine AS m (project_id, account_id, machine_id, generation, owner, owned_until)
        VALUES ($1, $2, $3, $4, $5, now() + $6)
        ON CONFLICT (project_id) DO UPDATE SET
            account_id = excluded.account_id, machine_id = excluded.machine_id, owner = excluded.owner,
            owned_until = excluded.owned_until, generation = excluded.generation,
            port = CASE WHEN m.generation = excluded.generation THEN m.port END
        WHERE m.generation <= excluded.generation""",
        row.project_id,
        row.account_id,
        row.machine_id,
        row.generation,
        owner,
        lease,
    )


async def end(db: Writer, project_id: ProjectId, generation: int | None) -> None:
    """Forget the machine. One of a later start than `generation` goes on."""
    await db.execute(
        "DELETE FROM agents.machine WHERE project_id = $1 AND ($2::integer IS NULL OR generation <= $2)",
        project_id,
        generation,
    )


async def claim(db: Writer, owner: UUID, lease: timedelta) -> list[Row]:
    """Keep what is the owner's, take what nobody keeps any more, and answer all of it.

    The database's clock counts: those of several hosts differ.
    """
    rows = await db.fetch(
        f"""
        UPDATE agents.machine SET owner = $1, owned_until = now() + $2
        WHERE owner = $1 OR owner IS NULL OR owned_until <= now()
        RETURNING {COLUMNS}""",  # noqa: S608 - our own column names
        owner,
        lease,
    )
    return [_row(row) for row in rows]


async def release(db: Writer, owner: UUID) -> None:
    """Leave everything to whoever comes."""
    await db.execute("UPDATE agents.machine SET owner = NULL, owned_until = NULL WHERE owner = $1", owner)


async def get(db: Reader, project_id: ProjectId) -> Row | None:
    row = await db.fetchrow(
        f"SELECT {COLUMNS} FROM agents.machine WHERE project_id = $1",  # noqa: S608 - our own column names
        project_id,
    )
    return _row(row) if row is not None else None


async def set_port(db: Writer, project_id: ProjectId, generation: int, port: int) -> None:
    await db.execute(
        "UPDATE agents.machine SET port = $3 WHERE project_id = $1 AND generation = $2",
        project_id,
        generation,
        port,
    )


async def wish_fit(db: Writer, account_id: AccountId, project_id: ProjectId | None) -> None:
    """Have the owners bring the machines of the account, or the one, what they may have now."""
    await db.execute(
        "UPDATE agents.machine SET fit = fit + 1 WHERE account_id = $1 AND ($2::uuid IS NULL OR project_id = $2)",
        account_id,
        project_id,
    )


async def delete_account(db: Writer, account_id: AccountId) -> None:
    await db.execute("DELETE FROM agents.machine WHERE account_id = $1", account_id)


def _row(row: Record) -> Row:
    return Row(
        project_id=ProjectId(UUID(str(row["project_id"]))),
        account_id=AccountId(UUID(str(row["account_id"]))),
        machine_id=UUID(str(row["machine_id"])),
        generation=row["generation"],
        port=row["port"],
        fit=row["fit"],
    )
