"""Flow control: who may hold a session back, and for how long.

A viewer with the right to type sets the pace while it acknowledges what it gets. One that lags by more
than LAG holds the machine's output until it has caught up, so that it misses nothing. An onlooker, and a
viewer from whom nothing has been heard for PATIENCE, holds nobody: it is brought up to date later.
"""

from collections.abc import Iterable
from dataclasses import dataclass

LAG = 512 * 1024  # bytes sent to the stream and not acknowledged
RELEASE = LAG // 2  # so that the channel is not paused and resumed for every frame
PATIENCE = 15.0  # seconds
PATIENCE_IN_COMPANY = 1.0  # seconds, where another viewer keeps up and is waiting
WINDOW = 1024 * 1024  # the most that is on its way to one viewer


@dataclass(slots=True)
class Pace:
    """How far one viewer is. `floor` is where its live bytes begin, after a snapshot; times are monotonic."""

    sets_pace: bool
    floor: int
    acked: int
    heard_at: float

    def acknowledge(self, offset: int, *, sent: int, at: float) -> None:
        """Take what the viewer says it has; never more than it was sent, never backwards."""
        if offset > self.acked:
            self.acked = min(offset, sent)
            self.heard_at = at

    def lag(self, end: int) -> int:
        return end - max(self.acked, self.floor)


def holds_back(paces: Iterable[Pace], end: int, now: float, *, held: bool) -> bool:
    """Whether the machine's output must wait. `held` says whether it waits already."""
    limit = RELEASE if held else LAG
    setting = [pace for pace in paces if pace.sets_pace]
    lagging = [pace for pace in setting if pace.lag(end) > limit]
    patience = PATIENCE if len(lagging) == len(setting) else PATIENCE_IN_COMPANY
    return any(now - pace.heard_at <= patience for pace in lagging)
