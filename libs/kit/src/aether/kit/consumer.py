"""Durable consumers: each event once in effect, in order for one key, side by side for others.

A message is pulled, handled in the handler's own transaction (which holds the inbox key), and then
acknowledged twice over. A handler that raises is tried again after 1, 5 and 30 s and then its event is
parked in the dead-letter table; until then the events of the same key wait behind it. While Postgres or
another service is away nothing is parked and nothing counts as a try. The order of one key holds within
a process: of two that share a consumer, each may have one event of it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import nats.errors
import structlog
from nats.aio.msg import Msg
from pydantic import ValidationError

from aether.contracts.event import Event, consumed_by
from aether.contracts.problem import Unavailable
from aether.contracts.streams import consumers_of
from aether.kit import trace
from aether.kit.bus import Bus, quietly
from aether.kit.dead_letter import DeadLetters, Letter, letter_id
from aether.kit.postgres import AlreadyHandled, Database, DatabaseAway
from aether.kit.pull import Pull

Handler = Callable[[Any, Any], Awaitable[None]]

RETRY_DELAYS = (1.0, 5.0, 30.0)
AWAY_DELAY = 1.0
ACK_WAIT_SECONDS = 30
WIDTH = 16
CROWDED = 200  # as many waiting behind one event are a fifth of what the server gives out unacknowledged
GRACE_SECONDS = 2.0
REPLAY_SECONDS = 1.0

log = structlog.get_logger()


class NotUnderstood(Exception):
    """What came is not the event its subject names."""


class Ear:
    """What one service hears: a pull for each stream, and a lane for each key that has something waiting."""

    def __init__(
        self,
        bus: Bus,
        database: Database,
        handlers: Mapping[type[Event], Handler],
        deps: Any,
        *,
        width: int = WIDTH,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        expected = consumed_by(bus.service)
        if set(handlers) != expected:
            odd = ", ".join(sorted(e.__name__ for e in set(handlers) ^ expected))
            raise TypeError(f"{bus.service} must hear exactly its own events; look at: {odd}")
        self._bus = bus
        self._database = database
        self._handlers = {event.subject: (event, handler) for event, handler in handlers.items()}
        self._deps = deps
        self._delays = retry_delays
        self._width = width
        self._letters = DeadLetters(database)
        self._turns = asyncio.Semaphore(width)
        self._lanes: dict[UUID, deque[Msg]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled. What is being handled then is finished; what waits is given back to be taken anew."""
        pulls = [Pull(self._bus, c, self._accept, self._width * 8) for c in consumers_of(self._bus.service)]
        try:
            async with asyncio.TaskGroup() as group:
                for pull in pulls:
                    group.create_task(pull.run())
                group.create_task(self._keep_alive())
                group.create_task(self._replay_parked())
        finally:
            await self._finish()

    async def _finish(self) -> None:
        self._stopping.set()
        if self._workers:
            _, late = await asyncio.wait(self._workers, timeout=GRACE_SECONDS)
            for worker in late:
                worker.cancel()
        for lane in self._lanes.values():
            for message in lane:
                await quietly(message.nak())

    def _accept(self, message: Msg) -> None:
        key = self._key(message)
        lane = self._lanes.get(key)
        if lane is not None:
            lane.append(message)
            return
        self._lanes[key] = deque([message])
        worker = asyncio.create_task(self._work(key))
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    def _key(self, message: Msg) -> UUID:
        try:
            return self._parse(message.subject, message.data).order_key()
        except NotUnderstood:
            return letter_id(message)

    def _parse(self, subject: str, data: bytes) -> Event:
        known = self._handlers.get(subject)
        if known is None:
            raise NotUnderstood(f"Nobody here handles {subject}")
        try:
            return known[0].model_validate_json(data)
        except ValidationError as error:
            raise NotUnderstood(f"It is not a {known[0].__name__}: {error.error_count()} errors") from None

    async def _work(self, key: UUID) -> None:
        """Settle what waits in one lane, first come first served, until nothing does."""
        lane = self._lanes[key]
        while lane and await self._settle(lane):
            lane.popleft()
        if not lane:
            del self._lanes[key]

    async def _settle(self, lane: "deque[Msg]") -> bool:
        """Handle the first message of a lane, or park it. False if the service stops before either."""
        message, failures = lane[0], 0
        while not self._stopping.is_set():
            error = await self._attempt(message)
            waiting = AWAY_DELAY
            if error is not None and not await self._is_away(error):
                failures += 1
                hopeless = isinstance(error, NotUnderstood) or failures > len(self._delays) or len(lane) > CROWDED
                log.error("consumer.failed", subject=message.subject, tries=failures, exc_info=error)
                if not hopeless:
                    waiting = self._delays[failures - 1]
                elif await self._park(message, error):
                    error = None
            if error is None:
                await self._acknowledge(message)
                return True
            await self._pause(waiting)
        return False

    async def _attempt(self, message: Msg) -> Exception | None:
        """One try at the effect; answers what went wrong."""
        try:
            async with self._turns:
                await self._effect(message.subject, message.data, message.headers, "hear")
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is retried, then parked
            return error
        return None

    async def _effect(self, subject: str, data: bytes, headers: Mapping[str, str] | None, verb: str) -> None:
        event = self._parse(subject, data)
        with trace.continued(f"{verb} {type(event).__name__}", headers):
            try:
                await self._handlers[subject][1](event, self._deps)
            except AlreadyHandled:
                return

    async def _is_away(self, error: Exception) -> bool:
        """Whether it is no fault of the event. A database that answers others has answered this one too late."""
        if isinstance(error, DatabaseAway):
            return not await self._database.answers()
        return isinstance(error, Unavailable)

    async def _park(self, message: Msg, error: Exception) -> bool:
        try:
            await self._letters.park(message, str(error) if isinstance(error, NotUnderstood) else repr(error))
        except Exception as reason:
            log.error("consumer.not_parked", subject=message.subject, exc_info=reason)
            return False
        return True

    async def _acknowledge(self, message: Msg) -> None:
        try:
            await message.ack_sync(timeout=5)
        except (nats.errors.Error, TimeoutError) as error:
            # It comes again, and the inbox knows that it had its effect.
            log.warning("consumer.ack_failed", subject=message.subject, error=repr(error))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _keep_alive(self) -> None:
        """Tell JetStream that what waits or is worked on here is not lost, or it would send it again."""
        while True:
            await asyncio.sleep(ACK_WAIT_SECONDS / 3)
            for message in [message for lane in self._lanes.values() for message in lane]:
                await quietly(message.in_progress())

    async def _replay_parked(self) -> None:
        """Handle again what an operator has asked to replay."""
        while True:
            await asyncio.sleep(REPLAY_SECONDS)
            try:
                for letter in await self._letters.wanted():
                    await self._replay(letter)
            except DatabaseAway:
                continue

    async def _replay(self, letter: Letter) -> None:
        try:
            await self._effect(letter.subject, letter.data, letter.headers, "replay")
        except Exception as error:  # noqa: BLE001 - it stays parked, with the newer reason
            await self._letters.still_failing(letter.event_id, repr(error))
        else:
            await self._letters.replayed(letter.event_id)
