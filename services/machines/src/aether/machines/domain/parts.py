"""What a project is made of, as values."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from aether.contracts.ids import IntervalId, MachineId, OperationId, new_id
from aether.contracts.machines import CloneState, CloneView, MachineView

Kind = Literal["start", "stop", "destroy"]
Outcome = Literal["open", "done", "failed", "abandoned"]
Reason = Literal["", "asked", "idle", "died", "deleted", "replaced"]

BACK_OFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
LONGEST = timedelta(seconds=BACK_OFF[-1])
TICK = timedelta(minutes=1)


@dataclass(frozen=True)
class Machine:
    """One boot of a project. `seen_at` is when the provider last saw it run; `reason` why it ends or ended."""

    id: MachineId
    generation: int
    host: str = ""
    port: int = 0
    username: str = ""
    home_dir: str = ""
    workspace_dir: str = ""
    tmux: bool = False
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    seen_at: datetime | None = None
    reason: Reason = ""

    def view(self) -> MachineView:
        return MachineView(id=self.id, generation=self.generation, started_at=self.started_at)


@dataclass(frozen=True)
class Intent:
    """What a provider is to be asked. `headers` carry the trace of whoever wanted it."""

    operation_id: OperationId
    kind: Kind
    created_at: datetime
    not_before: datetime
    headers: dict[str, str] = field(default_factory=dict)
    attempts: int = 0
    error: str = ""
    state: Outcome = "open"
    finished_at: datetime | None = None

    @classmethod
    def new(cls, kind: Kind, now: datetime, headers: dict[str, str]) -> "Intent":
        return cls(OperationId(new_id()), kind, created_at=now, not_before=now, headers=headers)

    def postponed(self, error: str, now: datetime) -> "Intent":
        """Tried in vain; to be tried again after 1, 2, 4, 8, 15 and then every 30 s."""
        delay = BACK_OFF[min(self.attempts, len(BACK_OFF) - 1)]
        return replace(self, attempts=self.attempts + 1, error=error, not_before=now + timedelta(seconds=delay))

    def is_due(self, now: datetime) -> bool:
        """Also when it is put off for longer than anything ever is: then the clock has gone back since."""
        return not now < self.not_before <= now + LONGEST

    def finished(self, state: Outcome, now: datetime, error: str = "") -> "Intent":
        return replace(self, state=state, finished_at=now, error=error or self.error)


@dataclass(frozen=True)
class Interval:
    """Time that a machine ran. Ticks have told of it up to `last_tick_at`."""

    id: IntervalId
    machine_id: MachineId
    started_at: datetime
    last_tick_at: datetime
    stopped_at: datetime | None = None

    @classmethod
    def opened(cls, machine_id: MachineId, at: datetime) -> "Interval":
        return cls(IntervalId(new_id()), machine_id, started_at=at, last_tick_at=at)

    def whole_minutes_until(self, moment: datetime) -> datetime:
        """The end of the last whole minute after the last tick; the last tick itself if there is none."""
        return self.last_tick_at + max(0, (moment - self.last_tick_at) // TICK) * TICK

    def closed(self, at: datetime) -> "Interval":
        """Never before what was told already: a clock that went back does not take back a tick."""
        return replace(self, stopped_at=max(at, self.last_tick_at))


@dataclass(frozen=True)
class Clone:
    state: CloneState = "none"
    phase: str = ""
    percent: int | None = None
    message: str = ""

    def view(self) -> CloneView:
        return CloneView(state=self.state, phase=self.phase, percent=self.percent, message=self.message)
