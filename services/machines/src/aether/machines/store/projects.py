"""Projects as they are in the database, read whole."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from aether.contracts.ids import AccountId, MachineId, ProjectId
from aether.kit.postgres import Reader, Record, Writer
from aether.machines.domain.idle import Activity
from aether.machines.domain.parts import Clone, Intent, Interval, Machine
from aether.machines.domain.project import Project
from aether.machines.errors import ProjectNotFound

WHOLE = """
    SELECT p.*,
        m.id AS m_id, m.generation AS m_generation, m.host AS m_host, m.port AS m_port,
        m.username AS m_username, m.home_dir AS m_home_dir, m.workspace_dir AS m_workspace_dir,
        m.tmux AS m_tmux, m.started_at AS m_started_at, m.stopped_at AS m_stopped_at,
        m.seen_at AS m_seen_at, m.reason AS m_reason,
        n.operation_id AS n_operation_id, n.kind AS n_kind, n.created_at AS n_created_at,
        n.not_before AS n_not_before, n.headers AS n_headers, n.attempts AS n_attempts, n.error AS n_error,
        i.id AS i_id, i.machine_id AS i_machine_id, i.started_at AS i_started_at,
        i.last_tick_at AS i_last_tick_at,
        a.last_input_at, a.last_output_at, a.held_until,
        ARRAY(SELECT h.name FROM machines.hold h WHERE h.project_id = p.id ORDER BY h.name) AS hold_names,
        ARRAY(SELECT h.until FROM machines.hold h WHERE h.project_id = p.id ORDER BY h.name) AS hold_untils
    FROM machines.project p
    LEFT JOIN machines.machine m ON m.id = p.machine_id
    LEFT JOIN machines.intent n ON n.project_id = p.id AND n.state = 'open'
    LEFT JOIN machines.run_interval i ON i.project_id = p.id AND i.stopped_at IS NULL
    LEFT JOIN machines.activity a ON a.project_id = p.id
"""

_ADDRESS = ("generation", "host", "port", "username", "home_dir", "workspace_dir", "tmux")
_PLAIN = (
    "id", "account_id", "name", "slug", "provider", "size", "idle_minutes", "created_at", "updated_at",
    "repo_url", "branch", "recording", "env_sealed", "host_key", "host_key_sealed", "desired", "status",
    "status_detail", "generation", "version", "volume",
)  # fmt: skip


async def find(db: Reader, account_id: AccountId, project_id: ProjectId) -> Project:
    """One project of the account. Raises ProjectNotFound for one that is missing, foreign or deleted."""
    row = await db.fetchrow(
        WHOLE + "WHERE p.id = $1 AND p.account_id = $2 AND p.desired <> 'deleted'", project_id, account_id
    )
    return _found(row)


async def get(db: Reader, project_id: ProjectId) -> Project:
    """Any project, a deleted one too until it is destroyed. Raises ProjectNotFound."""
    return _found(await db.fetchrow(WHOLE + "WHERE p.id = $1", project_id))


async def with_slug(db: Reader, slug: str) -> Project:
    """The one project of that slug that is not deleted. Raises ProjectNotFound."""
    return _found(await db.fetchrow(WHOLE + "WHERE p.slug = $1 AND p.desired <> 'deleted'", slug))


async def lock(db: Writer, project_id: ProjectId, account_id: AccountId | None = None) -> Project:
    """For a change: nobody else changes it until the transaction ends. With an account, only if it is theirs."""
    # Locked first and read after: the joins of a row that had to be waited for would be from before the wait.
    held = await db.fetchval("SELECT true FROM machines.project WHERE id = $1 FOR UPDATE", project_id)
    if not held:
        raise ProjectNotFound
    return await (get(db, project_id) if account_id is None else find(db, account_id, project_id))


async def page(db: Reader, account_id: AccountId, before: ProjectId | None, limit: int) -> list[Project]:
    """The account's projects, newest first, from after `before`."""
    rows = await db.fetch(
        WHOLE
        + """WHERE p.account_id = $1 AND p.desired <> 'deleted' AND ($2::uuid IS NULL OR p.id < $2)
        ORDER BY p.id DESC LIMIT $3""",
        account_id,
        before,
        limit,
    )
    return [project(row) for row in rows]


async def with_key(db: Reader, account_id: AccountId, idempotency_key: str) -> Project | None:
    """What was made with this key before; None also if it has been deleted since."""
    row = await db.fetchrow(
        WHOLE + "WHERE p.account_id = $1 AND p.idempotency_key = $2", account_id, idempotency_key
    )
    return project(row) if row else None


async def ids_of_account(db: Reader, account_id: AccountId) -> list[ProjectId]:
    rows = await db.fetch(
        "SELECT id FROM machines.project WHERE account_id = $1 AND desired <> 'deleted' ORDER BY id", account_id
    )
    return [ProjectId(row["id"]) for row in rows]


async def count(db: Reader, account_id: AccountId) -> tuple[int, int]:
    """How many projects the account has, and how many of them are to run."""
    row = await db.fetchrow(
        """
        SELECT count(*) AS present, count(*) FILTER (WHERE desired = 'running') AS running
        FROM machines.project WHERE account_id = $1 AND desired <> 'deleted'""",
        account_id,
    )
    assert row is not None
    return row["present"], row["running"]


async def due(db: Reader, now: datetime, longest: timedelta, limit: int = 256) -> list[ProjectId]:
    """Projects with an open intent that is not put off, which it is for `longest` at most."""
    rows = await db.fetch(
        """
        SELECT project_id FROM machines.intent WHERE state = 'open' AND (not_before <= $1 OR not_before > $1 + $2)
        ORDER BY not_before LIMIT $3""",
        now,
        longest,
        limit,
    )
    return [ProjectId(row["project_id"]) for row in rows]


async def to_clone(db: Reader) -> list[ProjectId]:
    rows = await db.fetch(
        """
        SELECT id FROM machines.project
        WHERE status = 'running' AND desired = 'running' AND clone_state IN ('pending', 'running')"""
    )
    return [ProjectId(row["id"]) for row in rows]


async def alive(db: Reader) -> list[Project]:
    """Every project that has a machine, or may have one."""
    rows = await db.fetch(
        WHOLE + "WHERE p.status IN ('starting', 'running', 'stopping') OR n.operation_id IS NOT NULL"
    )
    return [project(row) for row in rows]


async def perhaps_idle(db: Reader, now: datetime) -> list[Project]:
    """Running projects without input for their time; whether output or a hold counts is for the domain."""
    rows = await db.fetch(
        WHOLE
        + """WHERE p.status = 'running' AND n.operation_id IS NULL
        AND (a.last_input_at IS NULL OR a.last_input_at + p.idle_minutes * interval '1 minute' <= $1)""",
        now,
    )
    return [project(row) for row in rows]


async def seen(db: Writer, machines: Sequence[MachineId], at: datetime) -> None:
    """The provider has just seen these run. Told apart from other changes because nobody looks at it."""
    await db.execute(
        """
        UPDATE machines.machine SET seen_at = $2
        WHERE id = ANY($1::uuid[]) AND stopped_at IS NULL AND (seen_at IS NULL OR seen_at < $2)""",
        [UUID(str(machine)) for machine in machines],
        at,
    )


async def to_tick(db: Reader, every: timedelta) -> list[ProjectId]:
    """Projects whose machine was seen to run for a whole period since the last tick."""
    rows = await db.fetch(
        """
        SELECT i.project_id FROM machines.run_interval i JOIN machines.machine m ON m.id = i.machine_id
        WHERE i.stopped_at IS NULL AND m.seen_at >= i.last_tick_at + $1""",
        every,
    )
    return [ProjectId(row["project_id"]) for row in rows]


def project(row: Record) -> Project:
    return Project(
        **{name: row[name] for name in _PLAIN},
        clone=Clone(row["clone_state"], row["clone_phase"], row["clone_percent"], row["clone_message"]),
        machine=_machine(row),
        intent=_intent(row),
        interval=_interval(row),
        activity=Activity(
            row["last_input_at"],
            row["last_output_at"],
            row["held_until"],
            dict(zip(row["hold_names"], row["hold_untils"], strict=True)),
        ),
    )


def _found(row: Record | None) -> Project:
    if row is None:
        raise ProjectNotFound
    return project(row)


def _machine(row: Record) -> Machine | None:
    if row["m_id"] is None:
        return None
    times = {name: row[f"m_{name}"] for name in ("started_at", "stopped_at", "seen_at", "reason")}
    return Machine(id=row["m_id"], **{name: row[f"m_{name}"] for name in _ADDRESS}, **times)


def _intent(row: Record) -> Intent | None:
    if row["n_operation_id"] is None:
        return None
    names = ("operation_id", "kind", "created_at", "not_before", "headers", "attempts", "error")
    return Intent(**{name: row[f"n_{name}"] for name in names})


def _interval(row: Record) -> Interval | None:
    if row["i_id"] is None:
        return None
    return Interval(row["i_id"], row["i_machine_id"], row["i_started_at"], row["i_last_tick_at"])
