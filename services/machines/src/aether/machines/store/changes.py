"""Changes of projects: what is different is written, and what its owner can see of that is told."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from aether.contracts.event import Event
from aether.contracts.ids import AccountId
from aether.contracts.machines import ProjectChanged, ProjectCreated, ProjectView
from aether.kit.postgres import Writer
from aether.machines.domain.idle import Activity
from aether.machines.domain.parts import Intent, Interval, Machine
from aether.machines.domain.project import Project
from aether.machines.domain.views import project_view


async def hold_account(db: Writer, account_id: AccountId) -> None:
    """Until the transaction ends nobody else counts what this account has, so that a limit cannot be raced."""
    await db.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('machines account ' || $1, 0))", str(account_id)
    )


async def add(db: Writer, project: Project, idempotency_key: str | None) -> bool:
    """A new project. False, and nothing written, if its slug or the key is taken."""
    added = await db.fetchval(
        """
        INSERT INTO machines.project (id, account_id, name, slug, repo_url, branch, provider, size,
            idle_minutes, env_sealed, recording, host_key, host_key_sealed, desired, status, clone_state,
            idempotency_key, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
        ON CONFLICT DO NOTHING RETURNING true""",
        project.id,
        project.account_id,
        project.name,
        project.slug,
        project.repo_url,
        project.branch,
        project.provider,
        project.size,
        project.idle_minutes,
        project.env_sealed,
        project.recording,
        project.host_key,
        project.host_key_sealed,
        project.desired,
        project.status,
        project.clone.state,
        idempotency_key,
        project.version,
        project.created_at,
        project.updated_at,
    )
    if added:
        view = project_view(project, project.created_at)
        db.publish(ProjectCreated(account_id=project.account_id, project_id=project.id, project=view))
    return bool(added)


async def keep(db: Writer, before: Project, after: Project, facts: Iterable[Event], now: datetime) -> Project:
    """Write the difference, and put out the facts. A visible difference makes a new version and is told of."""
    db.publish(*facts)
    if after == before:
        return after
    told = _seen_by_owner(project_view(after, now)) != _seen_by_owner(project_view(before, now))
    kept = replace(after, version=after.version + told, updated_at=now if told else after.updated_at, closed=())
    await _write_parts(db, before, after)
    await _write_project(db, kept)
    if told and kept.desired != "deleted":
        db.publish(ProjectChanged(account_id=kept.account_id, project_id=kept.id, project=project_view(kept, now)))
    return kept


async def remove(db: Writer, project: Project) -> None:
    """Its row and everything that hangs on it, but for the time it ran."""
    await db.execute("DELETE FROM machines.project WHERE id = $1", project.id)


def _seen_by_owner(view: ProjectView) -> ProjectView:
    return view.model_copy(update={"version": 0, "updated_at": view.created_at})


async def _write_parts(db: Writer, before: Project, after: Project) -> None:
    present = [part for part in (after.machine, after.intent, after.interval) if part is not None]
    known = (before.machine, before.intent, before.interval)
    # What has ended goes first: only one intent and one interval of a project may be open.
    for part in (*after.closed, *(part for part in present if part not in known)):
        await _write_part(db, after, part)
    if after.activity != before.activity:
        await _write_activity(db, after.id, after.activity)


async def _write_part(db: Writer, project: Project, part: Machine | Intent | Interval) -> None:
    match part:
        case Machine():
            await _write_machine(db, project.id, part)
        case Intent():
            await _write_intent(db, project.id, part)
        case Interval():
            await _write_interval(db, project, part)


async def _write_project(db: Writer, project: Project) -> None:
    await db.execute(
        """
        UPDATE machines.project SET name = $2, idle_minutes = $3, env_sealed = $4, recording = $5,
            desired = $6, status = $7, status_detail = $8, generation = $9, volume = $10, machine_id = $11,
            clone_state = $12, clone_phase = $13, clone_percent = $14, clone_message = $15,
            version = $16, updated_at = $17
        WHERE id = $1""",
        project.id,
        project.name,
        project.idle_minutes,
        project.env_sealed,
        project.recording,
        project.desired,
        project.status,
        project.status_detail,
        project.generation,
        project.volume,
        project.machine.id if project.machine else None,
        project.clone.state,
        project.clone.phase,
        project.clone.percent,
        project.clone.message,
        project.version,
        project.updated_at,
    )


async def _write_machine(db: Writer, project_id: UUID, machine: Machine) -> None:
    await db.execute(
        """
        INSERT INTO machines.machine (id, project_id, generation, host, port, username, home_dir,
            workspace_dir, tmux, started_at, stopped_at, seen_at, reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (id) DO UPDATE SET host = excluded.host, port = excluded.port,
            username = excluded.username, home_dir = excluded.home_dir,
            workspace_dir = excluded.workspace_dir, tmux = excluded.tmux, started_at = excluded.started_at,
            stopped_at = excluded.stopped_at, seen_at = excluded.seen_at, reason = excluded.reason""",
        machine.id,
        project_id,
        machine.generation,
        machine.host,
        machine.port,
        machine.username,
        machine.home_dir,
        machine.workspace_dir,
        machine.tmux,
        machine.started_at,
        machine.stopped_at,
        machine.seen_at,
        machine.reason,
    )


async def _write_intent(db: Writer, project_id: UUID, intent: Intent) -> None:
    await db.execute(
        """
        INSERT INTO machines.intent (operation_id, project_id, kind, state, headers, attempts, error,
            not_before, created_at, finished_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (operation_id) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,
            error = excluded.error, not_before = excluded.not_before, finished_at = excluded.finished_at""",
        intent.operation_id,
        project_id,
        intent.kind,
        intent.state,
        intent.headers,
        intent.attempts,
        intent.error,
        intent.not_before,
        intent.created_at,
        intent.finished_at,
    )


async def _write_interval(db: Writer, project: Project, interval: Interval) -> None:
    await db.execute(
        """
        INSERT INTO machines.run_interval
            (id, account_id, project_id, machine_id, started_at, last_tick_at, stopped_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (id) DO UPDATE
            SET last_tick_at = excluded.last_tick_at, stopped_at = excluded.stopped_at""",
        interval.id,
        project.account_id,
        project.id,
        interval.machine_id,
        interval.started_at,
        interval.last_tick_at,
        interval.stopped_at,
    )


async def _write_activity(db: Writer, project_id: UUID, activity: Activity) -> None:
    await db.execute(
        """
        INSERT INTO machines.activity (project_id, last_input_at, last_output_at, held_until)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (project_id) DO UPDATE SET last_input_at = excluded.last_input_at,
            last_output_at = excluded.last_output_at, held_until = excluded.held_until""",
        project_id,
        activity.last_input_at,
        activity.last_output_at,
        activity.held_until,
    )
    await db.execute("DELETE FROM machines.hold WHERE project_id = $1", project_id)
    await db.executemany(
        "INSERT INTO machines.hold (project_id, name, until) VALUES ($1, $2, $3)",
        [(project_id, name, until) for name, until in activity.holds.items()],
    )
