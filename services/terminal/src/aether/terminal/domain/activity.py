"""Signs of life, told seldom: at most one in 30 s for each project and kind. And how often others are."""

from collections import deque
from typing import Literal

from aether.contracts.ids import ProjectId

INTERVAL = 30.0
Kind = Literal["input", "output"]


class Activity:
    """Remembers when each project's activity was last told. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._told: dict[tuple[ProjectId, Kind], float] = {}

    def due(self, project_id: ProjectId, kind: Kind, now: float) -> bool:
        """Whether to tell of it now; a yes counts as told."""
        last = self._told.get((project_id, kind))
        if last is not None and now - last < INTERVAL:
            return False
        self._told[(project_id, kind)] = now
        return True

    def forget(self, project_id: ProjectId) -> None:
        for kind in ("input", "output"):
            self._told.pop((project_id, kind), None)


class Rate:
    """At most `most` in any second; what is beyond is left out. Times are monotonic seconds."""

    __slots__ = ("_last",)

    def __init__(self, most: int) -> None:
        self._last: deque[float] = deque(maxlen=most)

    def allows(self, now: float) -> bool:
        """Whether one more may come now; a yes counts."""
        if len(self._last) == self._last.maxlen and now - self._last[0] < 1.0:
            return False
        self._last.append(now)
        return True
