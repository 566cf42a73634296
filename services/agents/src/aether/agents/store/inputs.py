"""The SQL of what is typed into runs."""

from datetime import datetime
from uuid import UUID

from aether.agents.domain.input import Input
from aether.agents.store.runs import question_json, question_of
from aether.contracts.ids import QuestionId, RunId
from aether.kit.postgres import Reader, Record, Writer

_COLUMNS = "id, run_id, text, keys, created_at, next_at, question_id, question, terminal_id, state, attempts"


async def add(db: Writer, wanted: Input, idempotency_key: str | None) -> None:
    """Its run is locked, and neither its question nor its key is taken."""
    await db.execute(
        """
        INSERT INTO agents.input (id, run_id, idempotency_key, question_id, question, terminal_id, text, keys,
            state, attempts, next_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""",
        wanted.id,
        wanted.run_id,
        idempotency_key,
        wanted.question_id,
        question_json(wanted.question),
        wanted.terminal_id,
        wanted.text,
        wanted.keys,
        wanted.state,
        wanted.attempts,
        wanted.next_at,
        wanted.created_at,
    )


async def with_key(db: Reader, run_id: RunId, idempotency_key: str) -> UUID | None:
    """What the same request has made before."""
    found = await db.fetchval(
        "SELECT id FROM agents.input WHERE run_id = $1 AND idempotency_key = $2", run_id, idempotency_key
    )
    return found and UUID(str(found))


async def is_answered(db: Reader, run_id: RunId, question_id: QuestionId) -> bool:
    return bool(
        await db.fetchval(
            "SELECT true FROM agents.input WHERE run_id = $1 AND question_id = $2 AND state <> 'failed'",
            run_id,
            question_id,
        )
    )


async def is_next(db: Reader, wanted: Input) -> bool:
    """Whether it is still to be typed, and nothing that was said earlier to the same run."""
    first = await db.fetchval(
        "SELECT id FROM agents.input WHERE run_id = $1 AND state = 'pending' ORDER BY id LIMIT 1", wanted.run_id
    )
    return first is not None and UUID(str(first)) == wanted.id


async def pending(db: Reader, now: datetime) -> list[Input]:
    """What is due, oldest first."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM agents.input WHERE state = 'pending' AND next_at <= $1 ORDER BY id LIMIT 200",  # noqa: S608 - our own column names
        now,
    )
    return [_input(row) for row in rows]


async def put_off(db: Writer, wanted: Input) -> None:
    await db.execute(
        "UPDATE agents.input SET attempts = $2, next_at = $3 WHERE id = $1",
        wanted.id,
        wanted.attempts,
        wanted.next_at,
    )


async def typed(db: Writer, input_id: UUID) -> None:
    """It is in the terminal, and forgotten here."""
    await db.execute(
        "UPDATE agents.input SET state = 'typed', text = '', keys = '', question = NULL WHERE id = $1", input_id
    )


async def failed(db: Writer, input_id: UUID) -> bool:
    """It is not going to be typed; its question may be answered anew, and its key used again."""
    tag = await db.execute(
        """
        UPDATE agents.input SET state = 'failed', text = '', keys = '', question = NULL, idempotency_key = NULL
        WHERE id = $1 AND state = 'pending'""",
        input_id,
    )
    return tag.endswith(" 1")


def _input(row: Record) -> Input:
    values = dict(row)
    for name in ("id", "run_id", "question_id", "terminal_id"):
        values[name] = values[name] and UUID(str(values[name]))
    values["question"] = question_of(values["question"])
    return Input(**values)
