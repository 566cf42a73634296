"""A standing request for the messages of one durable consumer."""

import asyncio
import json
from collections.abc import Callable

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from aether.contracts.streams import Consumer
from aether.kit.bus import Bus, quietly

PULL_EXPIRES = 30
PULL_HEARTBEAT = 5
SECOND = 1_000_000_000  # JetStream counts in nanoseconds

log = structlog.get_logger()


class Pull:
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
