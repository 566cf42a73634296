"""Durable consumers: each event once in effect, in order for one key, side by side for others.

A message is pulled, handled in the handler's own transaction (which holds the inbox key), and then
acknowledged twice over. A handler that raises is tried again after 1, 5 and 30 s and then parked in
the dead-letter table; while Postgres is away nothing is parked and nothing counts as a try.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from pydantic import ValidationError

from aether.contracts.event import Event, consumed_by
from aether.contracts.problem import Unavailable
from aether.contracts.streams import Consumer, consumers_of
from aether.kit import trace
from aether.kit.bus import Bus, quietly
from aether.kit.dead_letter import DeadLetters
from aether.kit.postgres import AlreadyHandled, Database

Handler = Callable[[Any, Any], Awaitable[None]]

RETRY_DELAYS = (1.0, 5.0, 30.0)
AWAY_DELAY = 1.0
ACK_WAIT_SECONDS = 30
WIDTH = 16
PULL_EXPIRES = 30
PULL_HEARTBEAT = 5
SECOND = 1_000_000_000  # JetStream counts in nanoseconds

log = structlog.get_logger()


class Ear:
    """What one service hears: a pull for each stream, and `width` workers that handle."""

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
        self._handlers = {event.subject: (event, handler) for event, handler in handlers.items()}
        self._deps = deps
        self._delays = retry_delays
        self._width = width
        self._letters = DeadLetters(database)
        self._queues: list[asyncio.Queue[Msg]] = [asyncio.Queue() for _ in range(width)]
        self._pulls: list[_Pull] = []

    async def run(self) -> None:
        """Until cancelled; what is being handled then is finished or comes again."""
        self._pulls = [_Pull(self._bus, c, self._accept, self._width * 8) for c in consumers_of(self._bus.service)]
        async with asyncio.TaskGroup() as group:
            for pull in self._pulls:
                group.create_task(pull.run())
            for queue in self._queues:
                group.create_task(self._work(queue))
            group.create_task(self._replay_parked())

    def _accept(self, message: Msg) -> None:
        parsed = self._parse(message.subject, message.data)
        key = hash(parsed.order_key()) if parsed is not None else 0
        self._queues[key % self._width].put_nowait(message)

    def _parse(self, subject: str, data: bytes) -> Event | None:
        known = self._handlers.get(subject)
        if known is None:
            return None
        try:
            return known[0].model_validate_json(data)
        except ValidationError:
            return None

    async def _work(self, queue: "asyncio.Queue[Msg]") -> None:
        while True:
            message = await queue.get()
            try:
                async with _kept_alive(message):
                    await self._handle(message)
            except (nats.errors.Error, TimeoutError) as error:
                # Not acknowledged, so it comes again, and the inbox knows whether it had its effect.
                log.warning("consumer.ack_failed", subject=message.subject, error=repr(error))

    async def _handle(self, message: Msg) -> None:
        event = self._parse(message.subject, message.data)
        if event is None:
            await self._park(message, "It could not be understood")
            return
        try:
            with trace.continued(f"hear {type(event).__name__}", message.headers):
                await self._effect(event)
        except Unavailable:
            await message.nak(delay=AWAY_DELAY)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is retried, then parked
            await self._retry(message, error)
        else:
            await message.ack_sync(timeout=5)

    async def _effect(self, event: Event) -> None:
        handler = self._handlers[event.subject][1]
        try:
            await handler(event, self._deps)
        except AlreadyHandled:
            return

    async def _retry(self, message: Msg, error: Exception) -> None:
        tried = await self._letters.failed(message)
        log.error("consumer.handler_failed", subject=message.subject, tried=tried, exc_info=error)
        if tried > len(self._delays):
            await self._park(message, repr(error))
        else:
            await message.nak(delay=self._delays[tried - 1])

    async def _park(self, message: Msg, error: str) -> None:
        try:
            await self._letters.park(message, error)
        except Unavailable:
            await message.nak(delay=AWAY_DELAY)
        else:
            await message.ack_sync(timeout=5)

    async def _replay_parked(self) -> None:
        """Handle again, once a second, what an operator has asked to replay."""
        while True:
            await asyncio.sleep(1)
            try:
                for letter in await self._letters.wanted():
                    await self._replay(letter.subject, letter.data, letter.headers)
            except Unavailable:
                continue

    async def _replay(self, subject: str, data: bytes, headers: dict[str, str]) -> None:
        event = self._parse(subject, data)
        if event is None:
            return
        try:
            with trace.continued(f"replay {type(event).__name__}", headers):
                await self._effect(event)
        except Exception as error:  # noqa: BLE001 - it stays parked, with the newer reason
            await self._letters.still_failing(event.event_id, repr(error))
        else:
            await self._letters.replayed(event.event_id)


class _kept_alive:  # noqa: N801 - reads as a word in `async with`
    """Tells JetStream every ten seconds that a message is still being worked on."""

    def __init__(self, message: Msg) -> None:
        self._message = message
        self._timer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._handle = asyncio.get_running_loop().call_later(ACK_WAIT_SECONDS / 3, self._begin)

    def _begin(self) -> None:
        self._timer = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            await self._message.in_progress()
            await asyncio.sleep(ACK_WAIT_SECONDS / 3)

    async def __aexit__(self, *_: object) -> None:
        self._handle.cancel()
        if self._timer is not None:
            self._timer.cancel()


class _Pull:
    """A standing request for messages, renewed as they come, and after silence or a reconnect.

    nats-py's own fetch() waits a whole period when its first probe finds nothing, so this asks by itself.
    """

    def __init__(self, bus: Bus, consumer: Consumer, accept: Callable[[Msg], None], batch: int) -> None:
        self._bus = bus
        self._consumer = consumer
        self._accept = accept
        self._batch = batch
        self._wanted = 0
        self._sign = asyncio.Event()
        self._renew = False
        bus.on_reconnect.append(self._begin_anew)

    async def run(self) -> None:
        inbox = self._bus.client.new_inbox()
        subscription: Subscription = await self._bus.client.subscribe(inbox, cb=self._received)
        try:
            while True:
                await self._ask_if_needed(inbox)
                await self._wait_for_sign()
        finally:
            await quietly(subscription.unsubscribe())

    async def _ask_if_needed(self, inbox: str) -> None:
        self._sign.clear()
        if self._renew:
            self._wanted, self._renew = 0, False
        if self._wanted > self._batch // 2:
            return
        more = self._batch - self._wanted
        request = {"batch": more, "expires": PULL_EXPIRES * SECOND, "idle_heartbeat": PULL_HEARTBEAT * SECOND}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._consumer.stream}.{self._consumer.durable}"
        try:
            await self._bus.client.publish(subject, json.dumps(request).encode(), reply=inbox)
            self._wanted += more
        except nats.errors.Error as error:
            log.warning("consumer.pull_failed", stream=self._consumer.stream, error=repr(error))

    async def _wait_for_sign(self) -> None:
        try:
            await asyncio.wait_for(self._sign.wait(), PULL_HEARTBEAT * 2)
        except TimeoutError:
            # Two heartbeats missed: the request is lost, with a server that restarted or a consumer made anew.
            self._renew = True

    async def _received(self, message: Msg) -> None:
        status = (message.headers or {}).get("Status")
        if status is None:
            self._wanted -= 1
            self._accept(message)
        elif status != "100":
            self._renew = True
            if status not in ("404", "408"):
                await asyncio.sleep(0.1)  # "consumer deleted" and the like: ask again, but not in a spin
        if self._renew or self._wanted <= self._batch // 2 or status == "100":
            self._sign.set()

    def _begin_anew(self) -> None:
        self._renew = True
        self._sign.set()
