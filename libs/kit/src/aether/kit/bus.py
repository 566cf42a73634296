"""The bus: one NATS connection, typed requests with a deadline, and publishing into streams.

Durable consumers stand in consumer.py. nats-py as measured: it reconnects for ever, but a connection can
come back deaf, so a process that is disconnected for 20 s ends and its supervisor starts it again.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import nats
import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import Header
from opentelemetry.trace import SpanKind, Status, StatusCode
from pydantic import ValidationError

from aether.contracts.command import Command, Reply, served_by
from aether.contracts.permissions import inbox_prefix
from aether.contracts.problem import Invalid, Problem, Refusal, RefusedElsewhere, Unavailable
from aether.contracts.service import Service
from aether.kit import trace

ReplyT = TypeVar("ReplyT", bound=Reply)
Answerer = Callable[[Any, Any], Awaitable[Reply]]

DEADLINE = "Aether-Deadline"
STATUS = "Aether-Status"
WATCHDOG_SECONDS = 20.0
RETRY_SECONDS = 0.05

log = structlog.get_logger()


class Bus:
    """One service's connection. Every coroutine may be called while it is reconnecting."""

    def __init__(self, client: Client, service: Service) -> None:
        self.client = client
        self.service = service
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_reconnect: list[Callable[[], None]] = []
        self._jetstream = client.jetstream(timeout=3)
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscriptions: list[Subscription] = []
        self._watchdog: asyncio.TimerHandle | None = None

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, service: Service, *, seed_file: Path | None = None) -> AsyncIterator["Bus"]:
        client = Client()
        bus = cls(client, service)
        options: dict[str, Any] = {"nkeys_seed": str(seed_file)} if seed_file else {}
        await client.connect(
            url,
            name=f"aether-{service}",
            inbox_prefix=inbox_prefix(service).encode(),
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,  # type: ignore[arg-type] # it sleeps that long; a float serves
            connect_timeout=3,
            ping_interval=5,
            max_outstanding_pings=2,
            pending_size=16 * 1024 * 1024,
            error_cb=bus._heard_error,
            disconnected_cb=bus._disconnected,
            reconnected_cb=bus._reconnected,
            **options,
        )
        try:
            yield bus
        finally:
            bus._stop_watchdog()
            await _close(client)

    @property
    def connected(self) -> bool:
        return self.client.is_connected

    async def request(self, command: Command[ReplyT], *, timeout: float = 5.0) -> ReplyT:
        """Ask, and wait `timeout` seconds at most. Raises the other side's refusal, or Unavailable.

        While nobody listens it asks again until the deadline: a question that reached no one has had no effect.
        """
        deadline = time.time() + timeout
        with trace.tracer.start_as_current_span(f"request {type(command).__name__}", kind=SpanKind.CLIENT):
            message = await self._ask(command, deadline)
        headers = message.headers or {}
        if headers.get(STATUS) == "problem":
            raise RefusedElsewhere(Problem.model_validate_json(message.data))
        return type(command).reply().model_validate_json(message.data)  # type: ignore[return-value]

    async def _ask(self, command: Command[Any], deadline: float) -> Msg:
        data = command.model_dump_json().encode()
        headers = {**trace.headers(), DEADLINE: str(deadline)}
        while (left := deadline - time.time()) > 0:
            try:
                return await self.client.request(command.subject, data, timeout=left, headers=headers)
            except nats.errors.NoRespondersError:
                await asyncio.sleep(min(RETRY_SECONDS, left))
            except (TimeoutError, nats.errors.Error):
                break
        raise Unavailable(f"The {command.service} service does not answer. Try again in a moment.")

    async def publish(self, subject: str, data: bytes, event_id: UUID, headers: Mapping[str, str]) -> None:
        """Into a stream, acknowledged. Sent twice within two minutes, it is kept once."""
        extra = {
            **headers,
            Header.MSG_ID: str(event_id),
            "ce-specversion": "1.0",
            "ce-id": str(event_id),
            "ce-type": subject,
            "ce-source": f"/aether/{self.service}",
        }
        await self._jetstream.publish(subject, data, headers=extra)

    async def answer(self, handlers: Mapping[type[Command[Any]], Answerer], deps: Any) -> None:
        """Serve commands, a task for each. Raises TypeError unless exactly this service's are registered."""
        expected = served_by(self.service)
        if set(handlers) != expected:
            odd = ", ".join(sorted(c.__name__ for c in set(handlers) ^ expected))
            raise TypeError(f"{self.service} must answer exactly its own commands; look at: {odd}")
        for command, handler in handlers.items():
            subscription = await self.client.subscribe(
                command.subject, queue=self.service.value, cb=self._receiver(command, handler, deps)
            )
            self._subscriptions.append(subscription)

    def _receiver(
        self, command: type[Command[Any]], handler: Answerer, deps: Any
    ) -> Callable[[Msg], Awaitable[None]]:
        async def receive(message: Msg) -> None:
            task = asyncio.create_task(self._answer_one(command, handler, deps, message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return receive

    async def _answer_one(self, command: type[Command[Any]], handler: Answerer, deps: Any, message: Msg) -> None:
        headers = message.headers or {}
        left = float(headers.get(DEADLINE, time.time() + 5)) - time.time()
        if left <= 0:
            return  # The caller has given up; to act now would surprise it.
        with trace.continued(f"answer {command.__name__}", headers, SpanKind.SERVER) as span:
            try:
                async with asyncio.timeout(left):
                    reply: Reply = await handler(command.model_validate_json(message.data), deps)
                status, data = "ok", reply.model_dump_json()
            except Exception as error:  # noqa: BLE001 - the caller is told, whatever it was
                problem = _as_problem(error, command)
                span.set_status(Status(StatusCode.ERROR, problem.type))
                status, data = "problem", problem.model_dump_json()
        if not self.client.is_closed:
            await self.client.publish(message.reply, data.encode(), headers={STATUS: status})

    async def stop_answering(self) -> None:
        """Take no more requests, and finish those taken."""
        for subscription in self._subscriptions:
            await quietly(subscription.unsubscribe())
        self._subscriptions.clear()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=4)

    async def _heard_error(self, error: Exception) -> None:
        text = str(error).lower()
        if "permissions violation" in text or "authorization violation" in text:
            # A denied JetStream call looks like a time-out to its caller, so this must end the process.
            log.error("bus.denied", error=str(error))
            self._fail(PermissionError(str(error)))
        else:
            log.warning("bus.error", error=repr(error))

    async def _disconnected(self) -> None:
        log.warning("bus.disconnected")
        if self._watchdog is None and not self.client.is_closed:
            loop = asyncio.get_running_loop()
            away = ConnectionError(f"NATS was away for {WATCHDOG_SECONDS:.0f} s")
            self._watchdog = loop.call_later(WATCHDOG_SECONDS, self._fail, away)

    async def _reconnected(self) -> None:
        log.info("bus.reconnected")
        self._stop_watchdog()
        for call in self.on_reconnect:
            call()

    def _stop_watchdog(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None

    def _fail(self, error: Exception) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)


def _as_problem(error: Exception, command: type[Command[Any]]) -> Problem:
    """What the caller may know of it: a refusal whole, anything else only that it was our fault."""
    trace_id = trace.trace_id()
    if isinstance(error, Refusal):
        return error.problem().model_copy(update={"trace_id": trace_id})
    if isinstance(error, ValidationError):
        log.warning("bus.bad_command", command=command.__name__, errors=error.error_count())
        return Invalid(f"{command.__name__} was not understood").problem()
    if isinstance(error, TimeoutError):
        return Unavailable("That took too long").problem().model_copy(update={"trace_id": trace_id})
    log.error("bus.handler_failed", command=command.__name__, exc_info=error)
    return Problem(type="internal", title="Something went wrong on our side", status=500, trace_id=trace_id)


async def _close(client: Client) -> None:
    try:
        # drain() raises while reconnecting; there is nothing to drain then.
        await (client.drain() if client.is_connected else client.close())
    except (nats.errors.Error, TimeoutError, OSError):
        await client.close()


async def quietly(call: Awaitable[None]) -> None:
    """Let go of something that may be gone with its connection already."""
    try:
        await call
    except nats.errors.Error:
        return
