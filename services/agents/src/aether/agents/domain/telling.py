"""When a change of a run is told: at once what a person acts on, later what only moves."""

from dataclasses import replace
from datetime import datetime, timedelta

from aether.agents.domain.run import Run

MOVING = timedelta(seconds=1)  # what it is doing
COUNTING = timedelta(seconds=10)  # tokens, seconds and cents


def changed(before: Run, after: Run) -> bool:
    """Whether there is anything to keep; that time has passed is not."""
    return _still(after) != _still(before)


def told(before: Run, after: Run, now: datetime) -> tuple[Run, bool]:
    """The run as it is to be kept, and whether it is told of now."""
    versioned = replace(after, version=before.version + 1)
    wait = _wait(before, after)
    if wait is None:
        return versioned, False
    due = (before.told_at + wait) if before.told_at is not None else now
    if due <= now:
        return replace(versioned, told_at=now, tell_at=None), True
    due = min(due, before.tell_at) if before.tell_at is not None else due
    return replace(versioned, tell_at=due), False


def _wait(before: Run, after: Run) -> timedelta | None:
    """How long after the last telling; None for what nobody sees."""
    if _seen(before) != _seen(after):
        return timedelta()
    if before.doing != after.doing:
        return MOVING
    if (before.input_tokens, before.output_tokens) != (after.input_tokens, after.output_tokens):
        return COUNTING
    return None


def _still(run: Run) -> Run:
    return replace(run, worked=0.0, counted_at=None)


def _seen(run: Run) -> tuple[object, ...]:
    return (
        run.state,
        run.detail,
        run.reason,
        run.limited_until,
        run.question,
        run.last_message,
        run.since,
        run.terminal_id,
        run.restarts,
        run.ended_at,
    )
