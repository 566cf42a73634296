"""WebSockets: uvicorn hands a handshake here, it is judged, and its connection is spliced to whoever answers.

Nothing is decoded on the way. Only the handshake is written anew: for a service with a grant, and without the
caller's cookies and credentials, which no service needs to see; for an app in a machine as any request to it.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import h11
import structlog
from opentelemetry.trace import SpanKind

from aether.contracts.ids import CredentialId, PersonId
from aether.contracts.problem import Problem, Refusal, Unavailable
from aether.gateway.adapters.splice import Side, close_soon, hasten
from aether.gateway.api.guard import client_ip, knock
from aether.gateway.api.preview_socket import Visit, offered
from aether.gateway.api.shell import security_headers
from aether.gateway.api.streams import StreamRoute, route_to
from aether.gateway.deps.gateway import Gateway
from aether.gateway.deps.ports import Address
from aether.gateway.domain.admission import Shown, admit
from aether.gateway.domain.credentials import Caller
from aether.kit import trace
from aether.kit.http import problem_response

CONNECT_SECONDS = 3.0
CUT_SECONDS = 4.0  # the service has so long to say 4001 by itself
# What of the caller's handshake the service is told; cookies, credentials, Origin and proxies' headers are not.
PASSED = {b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-extensions", b"user-agent"}

PREVIEW = "preview"  # as a service in the figures

Headers = list[tuple[bytes, bytes]]

log = structlog.get_logger()


class Upgrade(asyncio.Protocol):
    """uvicorn's protocol for one WebSocket. `gateway` is bound first; uvicorn gives the rest."""

    def __init__(
        self,
        gateway: Gateway,
        config: Any,
        server_state: Any,
        app_state: Any,
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._gateway = gateway
        self._connections: set[Any] = server_state.connections
        self._tasks: set[asyncio.Task[None]] = server_state.tasks
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._task: asyncio.Task[None] | None = None
        self._side: Side | None = None
        self._visit: Visit | None = None
        self._carried = 0
        self._caller: Caller | None = None

    @property
    def person_id(self) -> PersonId | None:
        return self._caller.person_id if self._caller else None

    @property
    def credential_id(self) -> CredentialId | None:
        return self._caller.credential_id if self._caller else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)
        hasten(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._side is not None and self._side.transport is not None:
            self._carried += len(data)
            self._side.transport.write(data)
        elif self._task is None:
            # No client speaks before it is answered; what one sends all the same waits in the kernel.
            self._transport.pause_reading()
            self._task = asyncio.get_running_loop().create_task(self._open(data))
            self._tasks.add(self._task)
            self._task.add_done_callback(self._tasks.discard)

    def pause_writing(self) -> None:
        """The client is slow: take no more from the service."""
        if self._side is not None and self._side.transport is not None:
            self._side.transport.pause_reading()

    def resume_writing(self) -> None:
        if self._side is not None and self._side.transport is not None:
            self._side.transport.resume_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        self._connections.discard(self)
        self._forget()
        if self._task is not None:
            self._task.cancel()
        if self._side is not None and self._side.transport is not None:
            close_soon(self._side.transport)

    def shutdown(self) -> None:
        """uvicorn stops. The client sees an end without a close frame, and comes back."""
        self.stop()

    def stop(self) -> None:
        close_soon(self._transport)

    def _forget(self) -> None:
        self._gateway.live.remove(self)
        if self._visit is not None:
            self._gateway.previews.remove(self._visit)

    def revoke(self) -> None:
        asyncio.get_running_loop().call_later(CUT_SECONDS, self._transport.abort)

    async def _open(self, data: bytes) -> None:
        headers: Headers = []
        try:
            request = _parse(data)
            headers = list(request.headers)
            carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
            if self._gateway.previews.claims(headers):
                await self._enter_preview(request)
                return
            with trace.continued("open stream", carrier, SpanKind.SERVER):
                await self._admit_and_splice(request)
        except Refusal as refusal:
            self._refuse(refusal.problem())
        except h11.RemoteProtocolError:
            self._refuse(Problem(type="bad-request", title="This handshake cannot be read", status=400))
        except Exception as error:
            log.error("stream.failed", exc_info=error)
            self._refuse(Problem(type="internal", title="Something went wrong on our side", status=500))

    async def _admit_and_splice(self, request: h11.Request) -> None:
        target = urlsplit(request.target.decode("latin-1"))
        route, thing = route_to(unquote(target.path))
        shown = admit(route.policy, knock(self._scope(request), self._gateway, unsafe=True), self._gateway.origins)
        assert shown is not None, "no stream is public"
        address = self._gateway.streams.get(route.service)
        if address is None:
            raise Unavailable(f"The {route.service} service is not part of this aether.")
        grant = await self._grant(route, shown, thing)
        await self._splice(route.service, address, _handshake(request, address, grant))

    def _scope(self, request: h11.Request) -> dict[str, Any]:
        return {"headers": list(request.headers), "client": self._transport.get_extra_info("peername")}

    async def _grant(self, route: StreamRoute, shown: Shown, thing: Any) -> str:
        """The grant the caller brought, whose worth the service judges; or a new one for a known caller."""
        if shown.kind == "grant":
            return shown.secret
        self._caller = await self._gateway.keyring.caller(shown)
        # In the register before the look-up: a revocation from here on is not missed.
        self._gateway.live.add(self)
        grant = await route.grant(self._gateway, self._caller, thing)
        return self._gateway.signer.sign(grant)

    async def _enter_preview(self, request: h11.Request) -> None:
        # No target in it: an address of somebody's app may hold secrets of theirs.
        with trace.tracer.start_as_current_span("preview socket", kind=SpanKind.SERVER):
            self._visit = visit = await Visit.of(self._gateway, list(request.headers), self._transport)
            self._caller = visit.visited.visitor
            self._gateway.live.add(self)
            self._gateway.previews.add(visit)
            agreed = await visit.ask(request, client_ip(self._scope(request), self._gateway))
        if self._transport.is_closing():
            agreed.exchange.abort()
            return
        if not agreed.is_switch:
            self._forget()
            agreed.exchange.abort()
            self._transport.write(agreed.answer)
            close_soon(self._transport)
            return
        side = Side(self._transport, lambda: self._lost(PREVIEW))
        side.transport, first = agreed.exchange.hand_over(side)
        self._joined(PREVIEW, side)
        self._transport.write(agreed.answer + first)

    async def _splice(self, service: str, address: Address, handshake: bytes) -> None:
        side = Side(self._transport, lambda: self._lost(service))
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().create_connection(lambda: side, address.host, address.port)
        except (OSError, TimeoutError) as error:
            raise Unavailable(f"The {service} service does not answer. Try again in a moment.") from error
        assert side.transport is not None
        if self._transport.is_closing():
            side.transport.abort()
            return
        side.transport.write(handshake)
        self._joined(service, side)

    def _joined(self, service: str, side: Side) -> None:
        self._side = side
        self._gateway.metrics.sockets.labels(service).inc()
        self._transport.resume_reading()

    def _lost(self, service: str) -> None:
        """The service's side has ended: what it sent last still goes out, then the client's side ends."""
        if self._side is not None:
            self._gateway.metrics.sockets.labels(service).dec()
            self._gateway.metrics.bytes.labels("in").inc(self._carried)
            self._gateway.metrics.bytes.labels("out").inc(self._side.carried)
        close_soon(self._transport)

    def _refuse(self, problem: Problem) -> None:
        self._forget()
        if self._transport.is_closing():
            return
        with trace.tracer.start_as_current_span("refuse stream"):
            answer = problem_response(problem)
            trace_id = trace.trace_id()
        told = [*answer.raw_headers, *security_headers(self._gateway), (b"connection", b"close")]
        if trace_id:
            told.append((b"x-trace-id", trace_id.encode()))
        head = f"HTTP/1.1 {problem.status} {_phrase(problem.status)}\r\n".encode()
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in told)
        self._transport.write(head + lines + b"\r\n" + bytes(answer.body))
        close_soon(self._transport)


def _parse(data: bytes) -> h11.Request:
    """The handshake as uvicorn hands it on, whole. Raises h11.RemoteProtocolError."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    event = connection.next_event()
    if not isinstance(event, h11.Request) or event.method != b"GET":
        raise h11.RemoteProtocolError("a WebSocket begins with GET")
    return event


def _handshake(request: h11.Request, address: Address, grant: str) -> bytes:
    told: Headers = [
        (b"host", str(address).encode()),
        (b"connection", b"Upgrade"),
        (b"upgrade", b"websocket"),
        (b"authorization", b"Grant " + grant.encode("latin-1")),
        *((name, value) for name, value in request.headers if name in PASSED),
        *((name.encode(), value.encode()) for name, value in trace.headers().items()),
    ]
    protocols = offered(list(request.headers))
    if protocols:
        told.append((b"sec-websocket-protocol", protocols))
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in told)
    return b"GET " + request.target + b" HTTP/1.1\r\n" + lines + b"\r\n"


PHRASES: Mapping[int, str] = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    502: "Bad Gateway", 503: "Service Unavailable",
}  # fmt: skip


def _phrase(status: int) -> str:
    return PHRASES.get(status, "Refused")
