"""What is under way here and with whose grant: counted, and cut when the grant is no longer good."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Literal

from aether.contracts.ids import ProjectId
from aether.files.errors import TooBusy
from aether.kit.grants import Grant

# The credential, the project, the piece of an upload that came again, the client itself.
Reason = Literal["revoked", "gone", "superseded", "left"]
Condition = Callable[[Grant], bool]

TURN_SECONDS = 5.0


class Visit:
    """A request under way, in the task that made this."""

    def __init__(self, grant: Grant) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self.grant = grant
        self.reason: Reason | None = None

    def cut(self, reason: Reason) -> None:
        """End it: its task is cancelled, and finds the reason here."""
        if self.reason is None:
            self.reason = reason
            self._task.cancel()


class Visits:
    """At most `most` at once in one project. What is cut is told the reason."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._cuts: dict[object, tuple[Grant, Callable[[Reason], None]]] = {}
        self._counts: Counter[ProjectId] = Counter()

    @contextmanager
    def under_way(self, grant: Grant, cut: Callable[[Reason], None]) -> Iterator[None]:
        """Count this one as long as it lasts. Raises TooBusy."""
        if self._counts[grant.project_id] >= self._most:
            raise TooBusy(f"{self._most} of these are under way in this project already. Try again in a moment.")
        key = object()
        self._cuts[key] = (grant, cut)
        self._counts[grant.project_id] += 1
        try:
            yield
        finally:
            del self._cuts[key]
            self._counts[grant.project_id] -= 1
            if not self._counts[grant.project_id]:
                del self._counts[grant.project_id]

    def count(self, project_id: ProjectId) -> int:
        return self._counts[project_id]

    def cut(self, condition: Condition, reason: Reason) -> None:
        """End everything whose grant is such a one."""
        for grant, cut in list(self._cuts.values()):
            if condition(grant):
                cut(reason)


class Turns:
    """One at a time for each key; the others wait, but not long."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, key: Hashable) -> AsyncIterator[None]:
        """Raises TooBusy if the turn does not come within five seconds."""
        lock, waiting = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, waiting + 1)
        try:
            await _acquired(lock)
            try:
                yield
            finally:
                lock.release()
        finally:
            lock, waiting = self._locks.pop(key)
            if waiting > 1:
                self._locks[key] = (lock, waiting - 1)


class Latest:
    """One at a time for each key, and the newest wins: whoever comes back after a broken network finds the piece
    that they sent before still being waited for."""

    def __init__(self) -> None:
        self._present: dict[Hashable, tuple[Visit, asyncio.Event]] = {}

    @asynccontextmanager
    async def of(self, key: Hashable, visit: Visit) -> AsyncIterator[None]:
        """Cuts the one before and waits until it has ended. Raises TooBusy if it does not."""
        while (before := self._present.get(key)) is not None:
            before[0].cut("superseded")
            await _happens(before[1])
        ended = asyncio.Event()
        self._present[key] = (visit, ended)
        try:
            yield
        finally:
            del self._present[key]
            ended.set()


async def _acquired(lock: asyncio.Lock) -> None:
    try:
        async with asyncio.timeout(TURN_SECONDS):
            await lock.acquire()
    except TimeoutError:
        raise TooBusy("The one before this has not ended. Try again when it has.") from None


async def _happens(event: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(TURN_SECONDS):
            await event.wait()
    except TimeoutError:
        raise TooBusy("The one before this has not ended. Try again when it has.") from None
