"""A clock that jumps is not time that passed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

BOUND = timedelta(seconds=30)


@dataclass(frozen=True)
class Jump:
    """The moment the clock should have shown, and the one it did."""

    before: datetime
    after: datetime


@dataclass(frozen=True)
class Look:
    """One look at both clocks: the host's, and one that only goes on (in seconds)."""

    wall: datetime
    monotonic: float

    def jump_until(self, later: "Look") -> Jump | None:
        """Whether the host's clock moved more or less, by over 30 s, than time did between two looks.

        A computer that slept is such a case: its machines slept too.
        """
        expected = self.wall + timedelta(seconds=later.monotonic - self.monotonic)
        return Jump(expected, later.wall) if abs(later.wall - expected) > BOUND else None
