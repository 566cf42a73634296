"""When a machine has been idle long enough to be stopped, and what keeps it awake until then.

Input keeps it awake for as long as it comes, and holds for twelve hours more: an agent may work through the
night, and one that nobody comes back to may not work for ever. Output alone does for two hours after the last
of those, so that a build may finish and a forgotten `yes` may not run on.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from aether.contracts.machines import AwakeReason

OUTPUT_ALONE = timedelta(hours=2)
HOLDS_ALONE = timedelta(hours=12)
HOLD_SECONDS = 3600
HOLDS = 32
# A sighting further off than this comes from a clock that differs from ours, or was long on its way.
PLAUSIBLE = timedelta(minutes=2)


@dataclass(frozen=True)
class Activity:
    """Signs of life. `held_until` is the latest moment that any hold, present or past, has reached."""

    last_input_at: datetime | None = None
    last_output_at: datetime | None = None
    held_until: datetime | None = None
    holds: dict[str, datetime] = field(default_factory=dict)

    def noticed(self, kind: Literal["input", "output"], at: datetime, now: datetime) -> "Activity":
        """Someone typed or something was written. A time that is not plausible counts as now."""
        moment = at if timedelta(0) <= now - at <= PLAUSIBLE else now
        if kind == "input":
            return replace(self, last_input_at=_later(self.last_input_at, moment))
        return replace(self, last_output_at=_later(self.last_output_at, moment))

    def held(self, name: str, seconds: int, now: datetime) -> "Activity":
        until = now + timedelta(seconds=min(seconds, HOLD_SECONDS))
        holds = {**self.present_holds(now), name: until}
        return replace(self, holds=holds, held_until=max(holds.values()))

    def released(self, name: str, now: datetime) -> "Activity":
        """A hold that is let go of has held until now."""
        if name not in self.holds:
            return self
        left = {n: until for n, until in self.present_holds(now).items() if n != name}
        return replace(self, holds=left, held_until=max([now, *left.values()]))

    def present_holds(self, now: datetime) -> dict[str, datetime]:
        cap = now + timedelta(seconds=HOLD_SECONDS)
        return {name: min(until, cap) for name, until in self.holds.items() if until > now}

    def _counting_holds(self, now: datetime) -> dict[str, datetime]:
        """Until when each keeps it awake, however often it is renewed."""
        return {name: min(until, self._holds_end(now)) for name, until in self.present_holds(now).items()}

    def _holds_end(self, now: datetime) -> datetime:
        last = now if self.last_input_at is None else min(self.last_input_at, now)
        return last + HOLDS_ALONE

    def without_holds(self) -> "Activity":
        return replace(self, holds={}, held_until=None)

    def moved(self, by: timedelta, now: datetime) -> "Activity":
        """After the clock jumped by so much to `now`: nothing counts as idleness, and holds keep their length."""
        cap = now + timedelta(seconds=HOLD_SECONDS)
        holds = {name: min(until + by, cap) for name, until in self.holds.items()}
        output = now if self.last_output_at is not None else None
        return replace(
            self,
            last_input_at=now,
            last_output_at=output,
            holds=holds,
            held_until=max(holds.values(), default=None),
        )

    def reasons(self, idle_minutes: int, now: datetime) -> list[AwakeReason]:
        """What keeps it awake now, the longest first. A sign of life from later than now counts as from now."""
        idle = timedelta(minutes=idle_minutes)
        found = [AwakeReason(kind="hold", name=n, until=until) for n, until in self._counting_holds(now).items()]
        if self.last_input_at is not None:
            found.append(AwakeReason(kind="input", until=min(self.last_input_at, now) + idle))
        if self.last_output_at is not None:
            found.append(
                AwakeReason(
                    kind="output", until=min(min(self.last_output_at, now) + idle, self._output_counts_until(now))
                )
            )
        awake = [reason for reason in found if reason.until > now]
        return sorted(awake, key=lambda reason: reason.until, reverse=True)

    def _output_counts_until(self, now: datetime) -> datetime:
        held = min(self.held_until, now, self._holds_end(now)) if self.held_until else None
        known = [moment for moment in (self.last_input_at, held) if moment is not None]
        return max(known) + OUTPUT_ALONE if known else now


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)
