"""The SQL of runs."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from aether.agents.domain.report import Option
from aether.agents.domain.run import Question, Run
from aether.agents.errors import NoSuchRun
from aether.agents.store.locks import hold
from aether.contracts.ids import AccountId, ProjectId, QuestionId, RunId, TerminalId
from aether.kit.postgres import Reader, Record, Writer

# The columns are named as the fields are; the secret and the key of a repetition stay in the table.
_FIELDS = tuple(field.name for field in fields(Run))
_COLUMNS = ", ".join(_FIELDS)
_LONG = ("prompt", "next_prompt")
_SHORT = ", ".join(f"'' AS {name}" if name in _LONG else name for name in _FIELDS)
# What a run was begun with stays; everything after that may change.
_BEGUN = (
    "id",
    "account_id",
    "project_id",
    "person_id",
    "agent",
    "agent_title",
    "name",
    "prompt",
    "command",
    "created_at",
)
_CHANGING = tuple(name for name in _FIELDS if name not in _BEGUN)
_NUMBERED = ", ".join(f"{name} = ${number}" for number, name in enumerate(_CHANGING, start=2))
_PLACES = ", ".join(f"${number}" for number in range(1, len(_FIELDS) + 4))


async def add(
    db: Writer, run: Run, *, secret_hash: bytes, secret_sealed: bytes, idempotency_key: str | None
) -> None:
    """A new run."""
    await db.execute(
        # The only text put in is our own names of columns; so everywhere below.
        f"""
        INSERT INTO agents.run ({_COLUMNS}, secret_hash, secret_sealed, idempotency_key)
        VALUES ({_PLACES})""",  # noqa: S608 - our own column names
        *_values(run, _FIELDS),
        secret_hash,
        secret_sealed,
        idempotency_key,
    )


async def hold_project(db: Writer, project_id: ProjectId) -> None:
    """Until the transaction ends nobody else begins a run here, so that a limit and a key cannot be raced."""
    await hold(db, "runs", project_id)


async def with_key(db: Reader, project_id: ProjectId, idempotency_key: str) -> Run | None:
    row = await db.fetchrow(
        f"SELECT {_COLUMNS} FROM agents.run WHERE project_id = $1 AND idempotency_key = $2",  # noqa: S608
        project_id,
        idempotency_key,
    )
    return None if row is None else _run(row)


async def count(db: Reader, project_id: ProjectId) -> int:
    """How many of a project's runs have not ended."""
    found = await db.fetchval(
        "SELECT count(*) FROM agents.run WHERE project_id = $1 AND ended_at IS NULL", project_id
    )
    return int(found)


async def keep(db: Writer, run: Run) -> None:
    """Write what may change of a run."""
    await db.execute(
        f"UPDATE agents.run SET {_NUMBERED} WHERE id = $1",  # noqa: S608
        run.id,
        *_values(run, _CHANGING),
    )


async def get(db: Reader, account_id: AccountId, run_id: RunId) -> Run:
    """One run of the account. Raises NoSuchRun for a foreign one as for none."""
    run = await find(db, run_id)
    if run is None or run.account_id != account_id:
        raise NoSuchRun
    return run


async def find(db: Reader, run_id: RunId) -> Run | None:
    row = await db.fetchrow(f"SELECT {_COLUMNS} FROM agents.run WHERE id = $1", run_id)  # noqa: S608
    return None if row is None else _run(row)


async def locked(db: Writer, run_id: RunId) -> Run | None:
    """A run, locked until the transaction ends."""
    row = await db.fetchrow(f"SELECT {_COLUMNS} FROM agents.run WHERE id = $1 FOR UPDATE", run_id)  # noqa: S608
    return None if row is None else _run(row)


async def of_secret(db: Reader, project_id: ProjectId, secret_hash: bytes) -> Run | None:
    """The run of a project that has not ended and shows this secret."""
    row = await db.fetchrow(
        f"""
        SELECT {_COLUMNS} FROM agents.run
        WHERE secret_hash = $1 AND project_id = $2 AND ended_at IS NULL""",  # noqa: S608
        secret_hash,
        project_id,
    )
    return None if row is None else _run(row)


async def secret_sealed(db: Reader, run_id: RunId) -> bytes:
    sealed: bytes = await db.fetchval("SELECT secret_sealed FROM agents.run WHERE id = $1", run_id)
    return sealed


async def of_terminal(db: Reader, terminal_id: TerminalId) -> Run | None:
    """Whose terminal it is now; that of an earlier start is nobody's."""
    row = await db.fetchrow(
        f"SELECT {_COLUMNS} FROM agents.run WHERE terminal_id = $1 AND ended_at IS NULL",  # noqa: S608
        terminal_id,
    )
    return None if row is None else _run(row)


async def locked_in(db: Writer, project_id: ProjectId, up_to_generation: int) -> list[Run]:
    """Those that are in this start of the project's machine or an earlier one, locked."""
    rows = await db.fetch(
        f"""
        SELECT {_COLUMNS} FROM agents.run
        WHERE project_id = $1 AND ended_at IS NULL AND generation BETWEEN 1 AND $2 ORDER BY id FOR UPDATE""",  # noqa: S608
        project_id,
        up_to_generation,
    )
    return [_run(row) for row in rows]


async def of_project(db: Reader, project_id: ProjectId) -> list[Run]:
    """Those of a project that have not ended."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM agents.run WHERE project_id = $1 AND ended_at IS NULL ORDER BY id",  # noqa: S608
        project_id,
    )
    return [_run(row) for row in rows]


async def to_watch(db: Reader) -> list[Run]:
    """Those that have not ended, but for what waits for a stopped machine: nothing happens to that.

    Without their prompts: this is asked more than once a second, and those may be long.
    """
    rows = await db.fetch(
        f"""
        SELECT {_SHORT} FROM agents.run
        WHERE ended_at IS NULL AND (NOT wanted OR reason <> 'machine_stopped'
            OR EXISTS (SELECT FROM agents.machine WHERE machine.project_id = run.project_id))
        ORDER BY id"""  # noqa: S608 - our own column names
    )
    return [_run(row) for row in rows]


async def to_tell(db: Reader, now: datetime) -> list[RunId]:
    """Those with a change that was held back until now."""
    rows = await db.fetch("SELECT id FROM agents.run WHERE tell_at <= $1", now)
    return [RunId(UUID(str(row["id"]))) for row in rows]


async def page(
    db: Reader,
    account_id: AccountId,
    project_id: ProjectId | None,
    *,
    ended_after: datetime | None,
    before: RunId | None,
    limit: int,
) -> list[Run]:
    """Newest first. With `ended_after`: those that have not ended, or after that and nobody has dismissed them."""
    rows = await db.fetch(
        f"""
        SELECT {_COLUMNS} FROM agents.run
        WHERE account_id = $1 AND ($2::uuid IS NULL OR project_id = $2) AND ($4::uuid IS NULL OR id < $4)
          AND ($3::timestamptz IS NULL OR ended_at IS NULL OR (ended_at > $3 AND dismissed_at IS NULL))
        ORDER BY id DESC LIMIT $5""",  # noqa: S608
        account_id,
        project_id,
        ended_after,
        before,
        limit,
    )
    return [_run(row) for row in rows]


async def delete_project(db: Writer, project_id: ProjectId) -> None:
    """Runs and, by cascade, what was to be typed into them."""
    await db.execute("DELETE FROM agents.run WHERE project_id = $1", project_id)


async def delete_account(db: Writer, account_id: AccountId) -> None:
    await db.execute("DELETE FROM agents.run WHERE account_id = $1", account_id)


def question_json(question: Question | None) -> dict[str, Any] | None:
    if question is None:
        return None
    behind = [question_json(each) for each in question.behind]
    kept = asdict(question)
    return {**kept, "id": str(question.id), "asked_at": question.asked_at.isoformat(), "behind": behind}


def question_of(kept: dict[str, Any] | None) -> Question | None:
    if kept is None:
        return None
    values = {
        **kept,
        "id": QuestionId(UUID(kept["id"])),
        "asked_at": datetime.fromisoformat(kept["asked_at"]),
        "options": tuple(Option(**option) for option in kept["options"]),
        "shown": tuple(kept.get("shown", ())),
        "behind": tuple(filter(None, map(question_of, kept.get("behind", ())))),
    }
    return Question(**values)


def _values(run: Run, names: Sequence[str]) -> list[Any]:
    return [question_json(run.question) if name == "question" else getattr(run, name) for name in names]


def _run(row: Record) -> Run:
    values = dict(row)
    for name, value in values.items():
        # asyncpg's own UUID compares as one and prints as another.
        if name.endswith("_id") or name == "id":
            values[name] = value and UUID(str(value))
    values["question"] = question_of(values["question"])
    return Run(**values)
