"""A clock that stands still until a test moves it."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class FakeClock:
    """Time as a test tells it. Whoever sleeps on it wakes when `advance` passes their moment."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._order = count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """The moment, in UTC."""
        return self._now

    def time(self) -> float:
        """The moment, in seconds since the epoch."""
        return self._now.timestamp()

    def monotonic(self) -> float:
        """Seconds since the clock was made; `set` moves it too."""
        return (self._now - START).total_seconds()

    def advance(self, by: timedelta | float) -> datetime:
        """Move forward by a time span or by seconds, waking sleepers in order; the new moment."""
        span = by if isinstance(by, timedelta) else timedelta(seconds=by)
        return self.set(self._now + span)

    def set(self, moment: datetime) -> datetime:
        """Jump to a moment, which may lie in the past as a host's clock may."""
        self._now = moment
        while self._sleepers and self._sleepers[0][0] <= moment:
            _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
        return moment

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved this far; with nothing to wait for, let others run once."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._order), future))
        await future

    @property
    def sleepers(self) -> int:
        """How many wait on this clock, so that a test can wait until somebody does."""
        return sum(not future.done() for _, _, future in self._sleepers)
