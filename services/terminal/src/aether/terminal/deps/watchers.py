"""Following who listens in the machines that are looked at, and in no other.

A project is looked at while somebody is at one of its terminals, and for a minute after its ports were asked
for. Whoever needs to know now has the machine asked now; those who ask at the same time share an answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from aether.contracts.ids import ProjectId
from aether.contracts.problem import Refusal, Unavailable
from aether.kit.ssh import MachineUnreachable
from aether.terminal.deps.clock import Clock
from aether.terminal.deps.ports import Lookout, Lookouts
from aether.terminal.domain.listeners import Listener

PACE_SECONDS = 1.0
LOOK_SECONDS = 60.0
BACK_OFF = (0.0, 0.5, 1.0, 2.0, 5.0)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look saw. `since` has, for each port, when it was first seen in this row of looks."""

    generation: int
    open: Mapping[int, Listener]
    since: Mapping[int, datetime]


Found = Callable[[ProjectId, Sight], Awaitable[bool]]


class Watchers:
    """One watcher for each project that is looked at.

    `viewed` says whether somebody is at a terminal of the project; `found` is told what was seen when it has
    changed, at most once a second, and once after each beginning. It answers whether it need not be told again.
    """

    def __init__(
        self, lookouts: Lookouts, viewed: Callable[[ProjectId], bool], found: Found, clock: Clock
    ) -> None:
        self._lookouts = lookouts
        self._viewed = viewed
        self._found = found
        self._clock = clock
        self._until: dict[ProjectId, float] = {}
        self._watchers: dict[ProjectId, Watcher] = {}

    def look(self, project_id: ProjectId, seconds: float = LOOK_SECONDS) -> None:
        """Somebody asked: follow this machine for so long."""
        self._until[project_id] = self._clock.monotonic() + seconds
        self._watcher(project_id)

    def wake(self, project_id: ProjectId) -> None:
        """Somebody may look, or the machine may be there again."""
        if self._is_looked_at(project_id):
            self._watcher(project_id).hurry()

    async def sight(self, project_id: ProjectId, *, age: float, within: float) -> Sight:
        """What is seen there, seen `age` seconds ago at most: 0 asks for a look that has yet to begin.

        Raises the refusal of whoever knows why the machine cannot be asked, or MachineUnreachable after
        `within` seconds.
        """
        if (sight := self.last_sight(project_id, age=age)) is not None:
            return sight
        try:
            async with asyncio.timeout(within):
                return await self._watcher(project_id).next_sight()
        except TimeoutError as error:
            raise MachineUnreachable("The machine does not say in time what listens in it.") from error

    def last_sight(self, project_id: ProjectId, *, age: float) -> Sight | None:
        """What was seen there less than `age` seconds ago, if anything was."""
        watcher = self._watchers.get(project_id)
        if watcher is None or watcher.sight is None or self._clock.monotonic() - watcher.seen_at >= age:
            return None
        return watcher.sight

    async def drop(self, project_id: ProjectId) -> None:
        """What was seen there is past. Who still looks has to wake() a watcher anew."""
        watcher = self._watchers.pop(project_id, None)
        if watcher is not None:
            await watcher.stop()

    async def forget(self, project_id: ProjectId) -> None:
        """The project is gone."""
        self._until.pop(project_id, None)
        await self.drop(project_id)

    async def stop(self) -> None:
        await asyncio.gather(*(self.forget(project_id) for project_id in list(self._watchers)))

    @property
    def following(self) -> int:
        """How many machines are followed now."""
        return len(self._watchers)

    def _watcher(self, project_id: ProjectId) -> "Watcher":
        watcher = self._watchers.get(project_id)
        if watcher is None:
            watcher = Watcher(
                project_id, self._lookouts, self._found, lambda: self._is_looked_at(project_id), self._clock
            )
            self._watchers[project_id] = watcher
            watcher.begin(lambda: self._ended(project_id))
        return watcher

    def _is_looked_at(self, project_id: ProjectId) -> bool:
        return self._clock.monotonic() < self._until.get(project_id, 0.0) or self._viewed(project_id)

    def _ended(self, project_id: ProjectId) -> None:
        self._watchers.pop(project_id, None)
        self._until.pop(project_id, None)


class Watcher:
    """Looks at one machine, once a second and whenever it is asked to, until nobody needs it."""

    def __init__(
        self,
        project_id: ProjectId,
        lookouts: Lookouts,
        found: Found,
        is_looked_at: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self.sight: Sight | None = None
        self.seen_at = 0.0
        self._project_id = project_id
        self._lookouts = lookouts
        self._found = found
        self._is_looked_at = is_looked_at
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._waiting: list[asyncio.Future[Sight]] = []
        self._wanted = asyncio.Event()
        self._failures = 0
        self._told: Mapping[int, Listener] | None = None
        self._told_at = 0.0

    def begin(self, ended: Callable[[], None]) -> None:
        """`ended` is called when it stops by itself."""
        self._task = asyncio.create_task(self._follow(ended))

    def hurry(self) -> None:
        self._wanted.set()

    async def next_sight(self) -> Sight:
        """What a look sees that has not begun yet. Raises the refusal if there can be none."""
        waiter: asyncio.Future[Sight] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._wanted.set()
        return await waiter

    async def stop(self) -> None:
        self._refuse(MachineUnreachable("The machine has stopped, or was lost out of sight."))
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self, ended: Callable[[], None]) -> None:
        while self._is_needed():
            try:
                await self._look_on()
            except Refusal as refusal:
                await self._failed(refusal)
            except Exception:
                # A machine may say what nobody has thought of, and it is to be looked at again all the same.
                log.exception("ports.look_failed", project_id=str(self._project_id))
                await self._failed(MachineUnreachable("What the machine says of its listeners makes no sense."))
        # No pause since the last question, so nobody can have come meanwhile.
        ended()

    def _is_needed(self) -> bool:
        return any(not waiter.done() for waiter in self._waiting) or self._is_looked_at()

    async def _look_on(self) -> None:
        """With one lookout, for as long as it serves."""
        lookout = await self._lookouts(self._project_id)
        try:
            while self._is_needed():
                self._wanted.clear()
                await self._look_once(lookout)
                self._failures = 0
                await self._tell()
                await self._pause(PACE_SECONDS)
        finally:
            lookout.close()

    async def _look_once(self, lookout: Lookout) -> None:
        """Those who wait already are answered; who comes while it looks has to wait for the next one."""
        served = list(self._waiting)
        found = await lookout.look()
        now = self._clock.now()
        before = self.sight.since if self.sight is not None else {}
        since = {port: before.get(port, now) for port in found}
        self.sight, self.seen_at = Sight(lookout.generation, found, since), self._clock.monotonic()
        for waiter in served:
            self._waiting.remove(waiter)
            if not waiter.done():
                waiter.set_result(self.sight)

    async def _tell(self) -> None:
        sight, now = self.sight, self._clock.monotonic()
        assert sight is not None
        if sight.open == self._told or (self._told is not None and now - self._told_at < PACE_SECONDS):
            return
        try:
            if await self._found(self._project_id, sight):
                self._told, self._told_at = sight.open, now
        except Unavailable:
            log.warning("ports.not_kept", note="the database is away")

    async def _failed(self, refusal: Refusal) -> None:
        """A lookout may have been lost only because its connection was: the first time it is tried again."""
        self.sight = None
        if self._failures:
            self._refuse(refusal)
        await self._pause(BACK_OFF[min(self._failures, len(BACK_OFF) - 1)])
        self._failures += 1

    def _refuse(self, refusal: Refusal) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_exception(refusal)
        self._wanted.clear()

    async def _pause(self, seconds: float) -> None:
        """So long, or until somebody wants to know."""
        asleep = asyncio.ensure_future(self._clock.sleep(seconds))
        wanted = asyncio.ensure_future(self._wanted.wait())
        try:
            await asyncio.wait({asleep, wanted}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asleep.cancel()
            wanted.cancel()
