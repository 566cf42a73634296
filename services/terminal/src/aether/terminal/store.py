"""The only file with SQL: sessions and their recordings, and the ports of projects."""

from collections.abc import AsyncIterator
from uuid import UUID

from aether.contracts.ids import AccountId, ProjectId, TerminalId
from aether.contracts.problem import NotFound
from aether.kit.postgres import Database, Reader, Record, Writer
from aether.terminal.domain.port import Port, Ports
from aether.terminal.domain.terminal import Terminal
from aether.terminal.errors import TooManyTerminals

COLUMNS = """id, account_id, project_id, person_id, generation, name, cols, rows, recorded, created_at,
    first_cols, first_rows, title, command, state, exit_code, closed_at"""
PAGE = 200
CHUNKS_AT_ONCE = 16


async def add(db: Writer, terminal: Terminal, *, idempotency_key: str | None, limit: int) -> Terminal:
    """Keep a new session, or answer the one this key made before. Raises TooManyTerminals."""
    # Two openings at once count one after another, so that the limit is exact.
    await db.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", str(terminal.project_id))
    if idempotency_key is not None and (before := await _by_key(db, terminal.project_id, idempotency_key)):
        return before
    open_now = await db.fetchval(
        "SELECT count(*) FROM terminal.session WHERE project_id = $1 AND state = 'open'", terminal.project_id
    )
    if open_now >= limit:
        raise TooManyTerminals(limit)
    await db.execute(
        """
        INSERT INTO terminal.session (id, account_id, project_id, person_id, generation, name, cols, rows,
            first_cols, first_rows, recorded, created_at, command, idempotency_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $8, $9, $10, $11, $12)""",
        terminal.id,
        terminal.account_id,
        terminal.project_id,
        terminal.person_id,
        terminal.generation,
        terminal.name,
        terminal.cols,
        terminal.rows,
        terminal.recorded,
        terminal.created_at,
        terminal.command,
        idempotency_key,
    )
    return terminal


async def _by_key(db: Reader, project_id: ProjectId, key: str) -> Terminal | None:
    row = await db.fetchrow(
        # The only text put in is our own column names.
        f"SELECT {COLUMNS} FROM terminal.session WHERE project_id = $1 AND idempotency_key = $2",  # noqa: S608
        project_id,
        key,
    )
    return _terminal(row) if row else None


async def get(db: Reader, terminal_id: TerminalId, account_id: AccountId) -> Terminal:
    """One session of the account. Raises NotFound for a foreign one as for none."""
    row = await db.fetchrow(
        f"SELECT {COLUMNS} FROM terminal.session WHERE id = $1 AND account_id = $2",  # noqa: S608
        terminal_id,
        account_id,
    )
    if row is None:
        raise NotFound("There is no such terminal.")
    return _terminal(row)


async def listed(
    db: Reader, project_id: ProjectId, account_id: AccountId, *, include_closed: bool
) -> list[Terminal]:
    """A project's sessions, newest first."""
    rows = await db.fetch(
        f"""
        SELECT {COLUMNS} FROM terminal.session
        WHERE project_id = $1 AND account_id = $2 AND (state = 'open' OR $3)
        ORDER BY created_at DESC, id DESC LIMIT {PAGE}""",  # noqa: S608
        project_id,
        account_id,
        include_closed,
    )
    return [_terminal(row) for row in rows]


async def all_open(db: Reader) -> list[Terminal]:
    rows = await db.fetch(f"SELECT {COLUMNS} FROM terminal.session WHERE state = 'open' ORDER BY id")  # noqa: S608
    return [_terminal(row) for row in rows]


async def open_in(db: Writer, project_id: ProjectId, up_to_generation: int) -> list[Terminal]:
    """A project's open sessions of this start of its machine and of earlier ones, locked for closing."""
    rows = await db.fetch(
        f"""
        SELECT {COLUMNS} FROM terminal.session
        WHERE project_id = $1 AND state = 'open' AND generation <= $2 ORDER BY id FOR UPDATE""",  # noqa: S608
        project_id,
        up_to_generation,
    )
    return [_terminal(row) for row in rows]


async def next_name(db: Reader, project_id: ProjectId) -> str:
    """The name of a session nobody named: the lowest number that no open one has."""
    names = await db.fetch(
        "SELECT name FROM terminal.session WHERE project_id = $1 AND state = 'open'", project_id
    )
    taken = {row["name"] for row in names}
    return next(name for number in range(1, len(taken) + 2) if (name := f"Terminal {number}") not in taken)


async def locked(db: Writer, terminal_id: TerminalId) -> Terminal | None:
    """A session, locked until the transaction ends; None if it was deleted."""
    row = await db.fetchrow(
        f"SELECT {COLUMNS} FROM terminal.session WHERE id = $1 FOR UPDATE",  # noqa: S608
        terminal_id,
    )
    return _terminal(row) if row else None


async def keep(db: Writer, terminal: Terminal) -> None:
    """Write what may change of a session."""
    await db.execute(
        """
        UPDATE terminal.session SET name = $2, title = $3, cols = $4, rows = $5, state = $6, exit_code = $7,
            closed_at = $8, recorded = $9
        WHERE id = $1""",
        terminal.id,
        terminal.name,
        terminal.title,
        terminal.cols,
        terminal.rows,
        terminal.state,
        terminal.exit_code,
        terminal.closed_at,
        terminal.recorded,
    )


async def delete_project(db: Writer, project_id: ProjectId) -> None:
    """Sessions, ports and, by cascade, recordings."""
    await db.execute("DELETE FROM terminal.session WHERE project_id = $1", project_id)
    await db.execute("DELETE FROM terminal.project WHERE id = $1", project_id)


async def delete_account(db: Writer, account_id: AccountId) -> list[ProjectId]:
    """Everything of an account; answers the projects that something was known of."""
    rows = await db.fetch(
        """
        WITH sessions AS (DELETE FROM terminal.session WHERE account_id = $1 RETURNING project_id),
             projects AS (DELETE FROM terminal.project WHERE account_id = $1 RETURNING id AS project_id)
        SELECT project_id FROM sessions UNION SELECT project_id FROM projects""",
        account_id,
    )
    return [ProjectId(row["project_id"]) for row in rows]


async def know_project(db: Writer, project_id: ProjectId, account_id: AccountId) -> None:
    """Keep whose a project is. Ports are only kept of projects that are known."""
    await db.execute(
        "INSERT INTO terminal.project (id, account_id) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
        project_id,
        account_id,
    )


async def owner(db: Reader, project_id: ProjectId) -> AccountId | None:
    """The account of a project that is known."""
    account_id = await db.fetchval("SELECT account_id FROM terminal.project WHERE id = $1", project_id)
    return AccountId(UUID(str(account_id))) if account_id else None


async def lock_ports(db: Writer, project_id: ProjectId) -> tuple[AccountId, int] | None:
    """A project's account and the last start of its machine that has ended; None if it is not known.

    Until the transaction ends, nobody else changes its ports.
    """
    row = await db.fetchrow(
        "SELECT account_id, ended_generation FROM terminal.project WHERE id = $1 FOR UPDATE", project_id
    )
    return (AccountId(UUID(str(row["account_id"]))), row["ended_generation"]) if row else None


async def end_generation(db: Writer, project_id: ProjectId, generation: int) -> None:
    """Machines of this start and before are gone; what was seen in them is not to be kept any more."""
    await db.execute(
        "UPDATE terminal.project SET ended_generation = greatest(ended_generation, $2) WHERE id = $1",
        project_id,
        generation,
    )


async def ports(db: Reader, project_id: ProjectId) -> Ports:
    """All ports that are kept of a project, in their order."""
    rows = await db.fetch(
        """
        SELECT number, process, label, visibility, listening_since
        FROM terminal.port WHERE project_id = $1 ORDER BY number""",
        project_id,
    )
    return {row["number"]: Port(**dict(row)) for row in rows}


async def keep_ports(db: Writer, project_id: ProjectId, before: Ports, after: Ports) -> None:
    """Write what has changed between the two."""
    gone = [number for number in before if number not in after]
    await db.execute("DELETE FROM terminal.port WHERE project_id = $1 AND number = ANY($2)", project_id, gone)
    changed = [port for port in after.values() if before.get(port.number) != port]
    await db.executemany(
        """
        INSERT INTO terminal.port (project_id, number, process, label, visibility, listening_since)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (project_id, number) DO UPDATE SET process = excluded.process, label = excluded.label,
            visibility = excluded.visibility, listening_since = excluded.listening_since""",
        [(project_id, p.number, p.process, p.label, p.visibility, p.listening_since) for p in changed],
    )


async def typed(db: Reader, terminal_id: TerminalId, key: str) -> bool | None:
    """Whether what was typed with this key has appeared; None if nothing was."""
    appeared: bool | None = await db.fetchval(
        "SELECT appeared FROM terminal.typed WHERE session_id = $1 AND key = $2", terminal_id, key
    )
    return appeared


async def note_typed(db: Writer, terminal_id: TerminalId, key: str, *, appeared: bool) -> None:
    """Keep the answer for whoever asks again. One for a session that was deleted meanwhile is dropped."""
    await db.execute(
        """
        INSERT INTO terminal.typed (session_id, key, appeared)
        SELECT id, $2, $3 FROM terminal.session WHERE id = $1 FOR KEY SHARE
        ON CONFLICT DO NOTHING""",
        terminal_id,
        key,
        appeared,
    )


async def add_chunk(db: Writer, terminal_id: TerminalId, data: bytes) -> None:
    """Keep a piece of a recording. One for a session that was deleted meanwhile is dropped."""
    await db.execute(
        """
        INSERT INTO terminal.recording_chunk (session_id, size, data)
        SELECT id, $2, $3 FROM terminal.session WHERE id = $1 FOR KEY SHARE""",
        terminal_id,
        len(data),
        data,
    )


async def recorded_size(db: Reader, terminal_id: TerminalId) -> int:
    """Bytes kept of a recording, compressed."""
    size = await db.fetchval(
        "SELECT coalesce(sum(size), 0) FROM terminal.recording_chunk WHERE session_id = $1", terminal_id
    )
    return int(size)


async def chunks(database: Database, terminal_id: TerminalId) -> AsyncIterator[bytes]:
    """A recording's pieces in order. No connection is held while the reader is slow."""
    after = 0
    while True:
        async with database.reading() as db:
            rows = await db.fetch(
                """
                SELECT number, data FROM terminal.recording_chunk
                WHERE session_id = $1 AND number > $2 ORDER BY number LIMIT $3""",
                terminal_id,
                after,
                CHUNKS_AT_ONCE,
            )
        for row in rows:
            yield row["data"]
        if len(rows) < CHUNKS_AT_ONCE:
            return
        after = rows[-1]["number"]


def _terminal(row: Record) -> Terminal:
    values = dict(row)
    for name in ("id", "account_id", "project_id", "person_id"):
        values[name] = UUID(str(values[name]))
    return Terminal(**values)
