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
from nats.aio.client import PING_PROTO, Client
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
PING_SECONDS = 2  # a server that misses two is knocked at anew
RETRY_SECONDS = 0.05

log = structlog.get_logger()


class _Client(Client):
    """nats-py 2.16 with two of its faults mended."""

    async def _send_ping(self, future: asyncio.Future[Any] | None = None) -> None:
        """Behind what was said before it.

        nats-py writes it past what is still to be written. The answer to it then proves nothing: a subscription
        that drains was gone before the server had heard so, and with it the requests that it sent meanwhile.
        """
        self._pongs.append(future or asyncio.get_running_loop().create_future())
        await self._send_command(PING_PROTO)
        await self._flush_pending()

    async def _read_loop(self) -> None:
        """Where it fails for a reason of its own it just ends: the connection was deaf until pings were missed."""
        await super()._read_loop()
        task = asyncio.current_task()
        if self.is_connected and not (task and task.cancelling()):
            await self._process_op_err(nats.errors.StaleConnectionError())


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
        self._closing = False
        self._last_error = ""

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, service: Service, *, seed_file: Path | None = None) -> AsyncIterator["Bus"]:
        """Wait until the server is there. Raises PermissionError if it does not know the seed."""
        bus = cls(_Client(), service)
        await bus._connect(url, seed_file)
        try:
            yield bus
        finally:
            await bus._close()

    async def _connect(self, url: str, seed_file: Path | None) -> None:
        options: dict[str, Any] = {"nkeys_seed": str(seed_file)} if seed_file else {}
        connecting = asyncio.create_task(
            self.client.connect(
                url,
                name=f"aether-{self.service}",
                inbox_prefix=inbox_prefix(self.service).encode(),
                allow_reconnect=True,
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.25,  # type: ignore[arg-type] # it sleeps that long; a float serves
                connect_timeout=3,
                ping_interval=PING_SECONDS,
                max_outstanding_pings=2,
                pending_size=16 * 1024 * 1024,
                error_cb=self._heard_error,
                disconnected_cb=self._disconnected,
                reconnected_cb=self._reconnected,
                closed_cb=self._closed,
                **options,
            )
        )
        # nats-py would knock for ever with a key that the server has refused.
        try:
            await asyncio.wait({connecting, self.failed}, return_when=asyncio.FIRST_COMPLETED)
            if self.failed.done():
                self.failed.result()
            await connecting
        finally:
            connecting.cancel()
        self._last_error = ""

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
        # reply() is the type parameter, which mypy cannot see.
        return type(command).reply().model_validate_json(message.data)  # type: ignore[return-value]

    async def _ask(self, command: Command[Any], deadline: float) -> Msg:
        data = command.model_dump_json().encode()
        headers = {**trace.headers(), DEADLINE: str(deadline)}
        why = "no time was left"
        while (left := deadline - time.time()) > 0:
            try:
                return await self.client.request(command.subject, data, timeout=left, headers=headers)
            except nats.errors.NoRespondersError:
                why = "nobody listens"
                await asyncio.sleep(min(RETRY_SECONDS, left))
            except (TimeoutError, nats.errors.Error) as error:
                why = repr(error)
                break
        log.warning("bus.unanswered", subject=command.subject, error=why)
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
        left = _seconds_left(headers)
        if left <= 0:
            return  # The caller has given up; to act now would surprise it.
        with trace.continued(f"answer {command.__name__}", headers, SpanKind.SERVER) as span:
            try:
                async with asyncio.timeout(left):
                    reply: Reply = await handler(_understood(command, message.data), deps)
                status, data = "ok", reply.model_dump_json()
            except Exception as error:  # noqa: BLE001 - the caller is told, whatever it was
                problem = _as_problem(error, command)
                span.set_status(Status(StatusCode.ERROR, problem.type))
                status, data = "problem", problem.model_dump_json()
        await self._reply(message, status, data.encode())

    async def _reply(self, message: Msg, status: str, data: bytes) -> None:
        try:
            await self.client.publish(message.reply, data, headers={STATUS: status})
        except nats.errors.MaxPayloadError:
            log.error("bus.answer_too_long", subject=message.subject, size=len(data))
            problem = Problem(type="internal", title="The answer is too long to be sent", status=500)
            await self._reply(message, "problem", problem.model_dump_json().encode())
        except nats.errors.Error as error:
            # Closed meanwhile, or nobody asked to be answered.
            log.warning("bus.not_answered", subject=message.subject, error=repr(error))

    async def stop_answering(self, *, within: float = 3) -> None:
        """Take no more requests, and finish those taken; what takes longer than `within` seconds is broken off."""
        end = time.monotonic() + within
        await asyncio.gather(*(_drained(s, within) for s in self._subscriptions))
        self._subscriptions.clear()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=max(0.1, end - time.monotonic()))
            for task in late:
                task.cancel()

    async def _heard_error(self, error: Exception) -> None:
        text = str(error).lower()
        if "permissions violation" in text or "authorization violation" in text:
            # A denied JetStream call looks like a time-out to its caller, so this must end the process.
            log.error("bus.denied", error=str(error))
            self._fail(PermissionError(str(error)))
        elif repr(error) != self._last_error:
            # Four knocks a second at a server that is away are told once.
            self._last_error = repr(error)
            log.warning("bus.error", error=repr(error))

    async def _disconnected(self) -> None:
        if self._closing or self.client.is_closed:
            return
        log.warning("bus.disconnected")
        if self._watchdog is None:
            loop = asyncio.get_running_loop()
            away = ConnectionError(f"NATS was away for {WATCHDOG_SECONDS:.0f} s")
            self._watchdog = loop.call_later(WATCHDOG_SECONDS, self._fail, away)

    async def _closed(self) -> None:
        """A closed client never comes back, and some of the server's errors close it."""
        if not self._closing:
            self._fail(ConnectionError("NATS closed the connection for good"))

    async def _close(self) -> None:
        self._closing = True
        self._stop_watchdog()
        try:
            # drain() raises while reconnecting; there is nothing to drain then.
            await (self.client.drain() if self.client.is_connected else self.client.close())
        except (nats.errors.Error, TimeoutError, OSError):
            await self.client.close()

    async def _reconnected(self) -> None:
        log.info("bus.reconnected")
        self._last_error = ""
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


class _NotUnderstood(Exception):
    """What came is not the command its subject names."""


def _understood(command: type[Command[Any]], data: bytes) -> Command[Any]:
    try:
        return command.model_validate_json(data)
    except ValidationError as error:
        # Only the count is kept: the values in the error are what somebody sent.
        raise _NotUnderstood(error.error_count()) from None


def _seconds_left(headers: Mapping[str, str]) -> float:
    try:
        return float(headers[DEADLINE]) - time.time()
    except (KeyError, ValueError):
        return 5.0


def _as_problem(error: Exception, command: type[Command[Any]]) -> Problem:
    """What the caller may know of it: a refusal whole, anything else only that it was our fault."""
    trace_id = trace.trace_id()
    if isinstance(error, Refusal):
        return error.problem().model_copy(update={"trace_id": trace_id})
    if isinstance(error, _NotUnderstood):
        log.warning("bus.bad_command", command=command.__name__, errors=str(error))
        return Invalid(f"{command.__name__} was not understood").problem()
    if isinstance(error, TimeoutError):
        return Unavailable("That took too long").problem().model_copy(update={"trace_id": trace_id})
    log.error("bus.handler_failed", command=command.__name__, exc_info=error)
    return Problem(type="internal", title="Something went wrong on our side", status=500, trace_id=trace_id)


async def _drained(subscription: Subscription, within: float) -> None:
    """End a subscription once the messages that the server has sent already were taken."""
    try:
        async with asyncio.timeout(within):
            await subscription.drain()  # type: ignore[no-untyped-call] # nats-py left it without annotations
    except (nats.errors.Error, TimeoutError):
        await quietly(subscription.unsubscribe())


async def quietly(call: Awaitable[None]) -> None:
    """Let go of something that may be gone with its connection already."""
    try:
        await call
    except nats.errors.Error:
        return
