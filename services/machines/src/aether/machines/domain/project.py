"""A project: what is wanted of it, what is so, and how each step changes that.

    stopped ──start──▸ starting ──booted──▸ running ──stop, idle──▸ stopping ──ended──▸ stopped
                          └──failed──▸ error          └──died──▸ stopped

`desired` is what people asked for; `status` what is so. One intent at most is open, and when it is
finished the next follows from `desired`: so a stop during a start, a start during a stop and a delete at
any time need no order of their own. A method answers the new project, and the facts where there are any.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from aether.contracts.event import Event
from aether.contracts.ids import AccountId, MachineId, OperationId, ProjectId, new_id
from aether.contracts.machines import (
    MachineStarted,
    MachineStopped,
    ProjectDeleted,
    ProjectStatus,
    UsageTick,
)
from aether.machines.domain.idle import HOLDS, Activity
from aether.machines.domain.parts import Clone, Intent, Interval, Kind, Machine, Outcome, Reason
from aether.machines.errors import NotRunning, TooMany
from aether.machines.provider import MachineStatus

START_TRIES = 5
# From here on a person should know that it is not they who are slow.
TELL_AFTER = 3

Headers = dict[str, str]


@dataclass(frozen=True)
class Project:
    """One project with its present machine, open intent and open interval.

    `closed` holds parts that a change has finished and that are no longer among the present ones.
    """

    id: ProjectId
    account_id: AccountId
    name: str
    slug: str
    provider: str
    size: str
    idle_minutes: int
    created_at: datetime
    updated_at: datetime
    repo_url: str = ""
    branch: str = ""
    recording: bool = True
    env_sealed: bytes = field(default=b"", repr=False)
    host_key: str = ""
    host_key_sealed: bytes = field(default=b"", repr=False)
    desired: Literal["running", "stopped", "deleted"] = "stopped"
    status: ProjectStatus = "stopped"
    status_detail: str = ""
    generation: int = 0
    version: int = 1
    volume: str | None = None
    clone: Clone = field(default_factory=Clone)
    machine: Machine | None = None
    intent: Intent | None = None
    interval: Interval | None = None
    activity: Activity = field(default_factory=Activity)
    closed: tuple[Machine | Intent | Interval, ...] = ()

    # What people ask

    def renamed(self, name: str, slug: str) -> "Project":
        return replace(self, name=name, slug=slug)

    def updated(
        self, *, name: str | None, idle_minutes: int | None, recording: bool | None, env_sealed: bytes | None
    ) -> "Project":
        """What is None stays. The slug stays too: addresses are made of it."""
        return replace(
            self,
            name=self.name if name is None else name,
            idle_minutes=self.idle_minutes if idle_minutes is None else idle_minutes,
            recording=self.recording if recording is None else recording,
            env_sealed=self.env_sealed if env_sealed is None else env_sealed,
        )

    def asked_to_start(self, now: datetime, headers: Headers) -> "Project":
        """Starting or running already is a success, not a second start."""
        wanting = replace(self, desired="running")
        if self.intent is None:
            return self if self.status == "running" else _begin_start(wanting, now, headers)
        if self.intent.kind == "start" or self.status == "error":
            return replace(wanting, status="starting", status_detail="")
        return wanting

    def asked_to_stop(self, now: datetime, headers: Headers, reason: Reason = "asked") -> "Project":
        """A start under way is abandoned when it next looks up."""
        if self.status in ("stopped", "error"):
            return replace(self, desired="stopped", status="stopped", status_detail="")
        wanting = replace(self, desired="stopped")
        if self.intent is None:
            return _begin_stop(wanting, now, headers, reason)
        return replace(wanting, status="stopping", intent=replace(self.intent, not_before=now))

    def asked_to_restart(self, now: datetime, headers: Headers) -> "Project":
        if self.status == "running" and self.intent is None:
            return _begin_stop(replace(self, desired="running"), now, headers, "replaced")
        return self.asked_to_start(now, headers)

    def asked_to_delete(self, now: datetime, headers: Headers) -> "tuple[Project, tuple[Event, ...]]":
        wanting = replace(self, desired="deleted")
        if self.intent is not None:
            wanting = replace(wanting, intent=replace(self.intent, not_before=now))
        elif self.machine is not None and self.machine.stopped_at is None:
            wanting = _begin_stop(wanting, now, headers, "deleted")
        else:
            wanting = _begin(wanting, "destroy", now, headers)
        return wanting, (ProjectDeleted(account_id=self.account_id, project_id=self.id, occurred_at=now),)

    def held(self, name: str, seconds: int, now: datetime) -> "Project":
        """Raises NotRunning, or TooMany for the 33rd name at once."""
        if self.desired != "running":
            raise NotRunning(self.status)
        if len(self.activity.present_holds(now).keys() - {name}) >= HOLDS:
            raise TooMany(f"A project has at most {HOLDS} holds at once.")
        return replace(self, activity=self.activity.held(name, seconds, now))

    def released(self, name: str, now: datetime) -> "Project":
        return replace(self, activity=self.activity.released(name, now))

    # What the reconciler finds

    def has_volume(self, volume: str) -> "Project":
        return replace(self, volume=volume)

    def booted(
        self, operation: OperationId, seen: MachineStatus, now: datetime
    ) -> "tuple[Project, tuple[Event, ...]]":
        """The machine answered its first SSH prompt. Starting counts as input."""
        if not _doing(self, operation, "start") or self.machine is None:
            return self, ()
        if self.desired != "running":
            return self.abandoned(operation, now), ()
        started_at = min(seen.started_at or now, now)
        machine = replace(addressed(self.machine, seen), started_at=started_at, seen_at=now)
        interval = Interval.opened(machine.id, started_at)
        clone = Clone("pending") if self.clone.state == "failed" else self.clone
        running = replace(
            _finish(self, "done", now),
            status="running",
            status_detail="",
            machine=machine,
            interval=interval,
            clone=clone,
            activity=self.activity.noticed("input", now, now),
        )
        return running, (
            MachineStarted(
                account_id=self.account_id,
                project_id=self.id,
                machine_id=machine.id,
                generation=machine.generation,
                interval_id=interval.id,
                started_at=started_at,
                occurred_at=now,
            ),
        )

    def abandoned(self, operation: OperationId, now: datetime) -> "Project":
        """A start that is no longer wanted: whatever came of it is ended."""
        if not _doing(self, operation, "start") or self.intent is None:
            return self
        reason: Reason = "deleted" if self.desired == "deleted" else "asked"
        return _begin_stop(_finish(self, "abandoned", now), now, self.intent.headers, reason)

    def start_failed(self, operation: OperationId, sentence: str, now: datetime, *, passing: bool) -> "Project":
        """`passing` faults are tried again, five times in all; then, or at a refusal, the person is told why."""
        if not _doing(self, operation, "start") or self.intent is None:
            return self
        if self.desired != "running":
            return self.abandoned(operation, now)
        if passing and self.intent.attempts + 1 < START_TRIES:
            detail = f"{sentence} Trying again."
            return replace(self, intent=self.intent.postponed(sentence, now), status_detail=detail)
        failed = replace(
            _finish(self, "failed", now, sentence), desired="stopped", status="error", status_detail=sentence
        )
        # In doubt whether anything came of it, it is ended: a machine nobody knows of would run on.
        return _begin_stop(failed, now, self.intent.headers, "asked")

    def postponed(self, operation: OperationId, sentence: str, now: datetime) -> "Project":
        """A stop or destroy in vain. It is tried until it is done; what runs must not be forgotten."""
        if self.intent is None or self.intent.operation_id != operation:
            return self
        intent = self.intent.postponed(sentence, now)
        told = intent.attempts >= TELL_AFTER and self.status == "stopping"
        return replace(self, intent=intent, status_detail=sentence if told else self.status_detail)

    def ended(
        self, operation: OperationId, at: datetime | None, now: datetime
    ) -> "tuple[Project, tuple[Event, ...]]":
        """The provider has ended the machine, as it was asked to."""
        if not _doing(self, operation, "stop") or self.intent is None:
            return self, ()
        reason: Reason = self.machine.reason if self.machine else "asked"
        over, facts = _machine_over(self, at, now, reason)
        detail = f"Stopped after {self.idle_minutes} minutes without input." if reason == "idle" else ""
        settled = _finish(over, "done", now)
        if self.status != "error":
            settled = replace(settled, status="stopped", status_detail=detail)
        return _go_on(settled, now, self.intent.headers), facts

    def died(
        self, machine_id: MachineId, at: datetime | None, sentence: str, now: datetime
    ) -> "tuple[Project, tuple[Event, ...]]":
        """The provider no longer has it, and nobody asked for that. It is not started again by itself."""
        present = self.machine is not None and self.machine.id == machine_id
        if not present or self.status != "running" or self.intent is not None:
            return self, ()
        over, facts = _machine_over(self, at, now, "died")
        return replace(over, desired="stopped", status="stopped", status_detail=sentence), facts

    def destroyed(self, operation: OperationId) -> bool:
        """Whether nothing of it is left at the provider, so that its row may go."""
        return _doing(self, operation, "destroy")

    # What time brings

    def is_idle(self, now: datetime) -> bool:
        awake = self.activity.reasons(self.idle_minutes, now)
        return self.status == "running" and self.intent is None and not awake

    def noticed(self, kind: Literal["input", "output"], at: datetime, now: datetime) -> "Project":
        """Signs of life of a machine that is not running are too late to matter."""
        if self.status != "running":
            return self
        return replace(self, activity=self.activity.noticed(kind, at, now))

    def ticked(self, seen_at: datetime) -> "tuple[Project, tuple[Event, ...]]":
        """The whole minutes up to when the provider last saw it run, if there are any."""
        if self.interval is None:
            return self, ()
        return _ticked_until(self, self.interval.whole_minutes_until(seen_at))

    def clock_jumped(self, before: datetime, after: datetime) -> "tuple[Project, tuple[Event, ...]]":
        """The host's clock went from one moment to another at once. Nobody was idle, and nothing ran, in between.

        After a leap forward a new interval begins, so that the gap is in neither. After a leap back no tick
        is made until the clock has caught up: a minute that comes twice is told once.
        """
        if self.status != "running" or self.interval is None or self.machine is None:
            return self, ()
        moved = replace(
            self,
            activity=self.activity.moved(after - before, after),
            machine=replace(self.machine, seen_at=after),
        )
        if after <= before or before < self.interval.last_tick_at:
            return moved, ()
        ticked, facts = _ticked_until(moved, before)
        return _interval_over(ticked, before, Interval.opened(self.machine.id, after)), facts

    # The clone

    def cloning(self, machine_id: MachineId, clone: Clone) -> "Project":
        """How the clone in this machine goes. One that runs elsewhere, or has ended, is not overwritten."""
        present = self.machine is not None and self.machine.id == machine_id and self.status == "running"
        return replace(self, clone=clone) if present and self.clone.state in ("pending", "running") else self


# Steps that the changes are made of


def _begin(project: Project, kind: Kind, now: datetime, headers: Headers) -> Project:
    return replace(project, intent=Intent.new(kind, now, headers))


def _begin_start(project: Project, now: datetime, headers: Headers) -> Project:
    machine = Machine(MachineId(new_id()), project.generation + 1)
    return replace(
        _begin(project, "start", now, headers),
        status="starting",
        status_detail="",
        generation=machine.generation,
        machine=machine,
        closed=(*project.closed, project.machine) if project.machine else project.closed,
    )


def _begin_stop(project: Project, now: datetime, headers: Headers, reason: Reason) -> Project:
    stopping = _begin(project, "stop", now, headers)
    machine = replace(project.machine, reason=reason) if project.machine else None
    # An error stays in view while what is left of the start is cleared away.
    status: ProjectStatus = "error" if project.status == "error" else "stopping"
    return replace(stopping, status=status, machine=machine)


def _go_on(project: Project, now: datetime, headers: Headers) -> Project:
    if project.desired == "running":
        return _begin_start(project, now, headers)
    if project.desired == "deleted":
        return _begin(project, "destroy", now, headers)
    return project


def _doing(project: Project, operation: OperationId, kind: Kind) -> bool:
    """Whether this very operation is open. Another process may have finished it meanwhile."""
    return project.intent is not None and project.intent.operation_id == operation and project.intent.kind == kind


def _finish(project: Project, state: Outcome, now: datetime, error: str = "") -> Project:
    assert project.intent is not None
    return replace(project, intent=None, closed=(*project.closed, project.intent.finished(state, now, error)))


def _machine_over(
    project: Project, at: datetime | None, now: datetime, reason: Reason
) -> tuple[Project, tuple[Event, ...]]:
    """Close machine and interval at the provider's time, which is no later than now."""
    machine = project.machine
    if machine is None or machine.stopped_at is not None:
        return project, ()
    end = min(at or machine.seen_at or now, now)
    ended = replace(machine, stopped_at=end, reason=reason)
    clone = Clone("pending") if project.clone.state == "running" else project.clone
    over = replace(project, machine=ended, clone=clone, activity=project.activity.without_holds())
    if project.interval is None:
        return over, ()
    ticked, facts = _ticked_until(over, end)
    stopped_at = project.interval.closed(end).stopped_at or end
    fact = MachineStopped(
        account_id=project.account_id,
        project_id=project.id,
        machine_id=machine.id,
        generation=machine.generation,
        interval_id=project.interval.id,
        started_at=project.interval.started_at,
        stopped_at=stopped_at,
        reason=reason or "asked",
        occurred_at=now,
    )
    return _interval_over(ticked, end, None), (*facts, fact)


def _interval_over(project: Project, at: datetime, following: Interval | None) -> Project:
    assert project.interval is not None
    return replace(project, interval=following, closed=(*project.closed, project.interval.closed(at)))


def _ticked_until(project: Project, end: datetime) -> tuple[Project, tuple[Event, ...]]:
    interval = project.interval
    if interval is None or end <= interval.last_tick_at:
        return project, ()
    tick = UsageTick(
        account_id=project.account_id,
        project_id=project.id,
        machine_id=interval.machine_id,
        interval_id=interval.id,
        window_start=interval.last_tick_at,
        window_end=end,
    )
    return replace(project, interval=replace(interval, last_tick_at=end)), (tick,)


def addressed(machine: Machine, seen: MachineStatus) -> Machine:
    """With the address that the provider told."""
    return replace(
        machine,
        host=seen.host,
        port=seen.port,
        username=seen.username,
        home_dir=seen.home_dir,
        workspace_dir=seen.workspace_dir,
        tmux=seen.tmux,
    )
