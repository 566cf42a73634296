"""The tunnel: `CONNECT 127.0.0.1:<port>` with a grant, then bytes both ways to a program in a machine.

The gateway speaks here on behalf of those who look at previews. What it may reach is named by the grant and by
nothing else, and that a program of that very machine listens there is looked at anew for each tunnel.
"""

import asyncio
import re
import socket
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import cast

import h11
import structlog
from opentelemetry.trace import SpanKind

from aether.contracts.problem import Problem, Refusal
from aether.kit import trace
from aether.kit.grants import Grant, GrantRefused, Verifier
from aether.kit.http import PROBLEM_TYPE
from aether.terminal.api.door import granted
from aether.terminal.deps.ports import Way
from aether.terminal.deps.terminals import Terminals
from aether.terminal.domain.listeners import Listener
from aether.terminal.errors import NothingListens, NotYourRight

HEAD_SECONDS = 10.0
HEAD_BYTES = 16 * 1024
ASK_SECONDS = 5.0
BACKLOG = 512
HIGH_WATER = 1024 * 1024  # bytes that wait for a slow reader before the other side is held
JOINED = b"HTTP/1.1 200 OK\r\n\r\n"
TARGET = re.compile(rb"(?:127\.0\.0\.1|localhost):([1-9][0-9]{0,4})\Z")

log = structlog.get_logger()


class NoTunnel(Refusal):
    status = 400
    type = "no-tunnel"
    title = "This is no request for a tunnel"


class TunnelDoor:
    """Decides who may pass, and where to."""

    def __init__(self, terminals: Terminals, verifier: Verifier) -> None:
        self.terminals = terminals
        self._verifier = verifier

    async def admit(self, head: h11.Request) -> tuple[Grant, int]:
        """Spend the grant of a request and answer it with its port.

        Raises NoTunnel for what no grant could allow, GrantRefused, or NotYourRight for another port's grant.
        """
        port = _port_of(head)
        headers = [(bytes(name), bytes(value)) for name, value in head.headers]
        if sum(name == b"authorization" for name, _ in headers) != 1:
            raise GrantRefused
        grant = await granted(self._verifier, headers)
        if self.terminals.revocations.holds(grant):
            raise GrantRefused
        if grant.right != "connect" or grant.resource != str(port):
            raise NotYourRight("This grant is not for this port.")
        return grant, port

    async def listener(self, grant: Grant, port: int) -> Listener:
        """Who listens there at this moment. Raises NothingListens, or why the machine cannot be asked."""
        watchers = self.terminals.ports.watchers
        watchers.look(grant.project_id)
        # Not even a second old: a port that the machine lets go may be the host's a moment later.
        sight = await watchers.sight(grant.project_id, age=0, within=ASK_SECONDS)
        if port not in sight.open:
            raise NothingListens(port)
        return sight.open[port]


def _port_of(head: h11.Request) -> int:
    target = TARGET.match(head.target)
    if head.method != b"CONNECT" or target is None or int(target[1]) > 65535:
        raise NoTunnel("Ask for CONNECT 127.0.0.1:<port>.")
    if any(name in (b"content-length", b"transfer-encoding") for name, _ in head.headers):
        raise NoTunnel("A request for a tunnel has no body.")
    return int(target[1])


class TunnelProtocol(asyncio.Protocol):
    """One connection: a head, a decision, then the way into the machine. Once it is joined, bytes only."""

    grant: Grant

    def __init__(self, door: TunnelDoor) -> None:
        self._door = door
        self._transport: asyncio.Transport
        self._head: h11.Connection | None = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self._timer: asyncio.TimerHandle
        self._asking: asyncio.Task[None] | None = None
        self._way: Way | None = None
        self._head_size = 0
        self._early = b""  # what came before the way was open
        self._entered = False
        self._gone = False

    # The gateway's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no asyncio.Transport by class, only by what they do.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER)
        raw: socket.socket = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._timer = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._way is not None:
            self._way.write(data)
        elif self._head is not None:
            self._read_head(self._head, data)
        else:
            self._early += data

    def eof_received(self) -> bool:
        if self._way is None:
            return False  # nobody waits for the answer
        self._way.write_eof()
        return not self._transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = True
        self._timer.cancel()
        self._leave()
        if self._way is not None:
            self._way.close() if exc is None else self._way.abort()

    def pause_writing(self) -> None:
        if self._way is not None:
            self._way.pause()

    def resume_writing(self) -> None:
        if self._way is not None:
            self._way.resume()

    # The machine's side.

    def opened(self, way: Way) -> None:
        if self._gone or self._transport.is_closing():
            way.abort()
            return
        self._way = way
        self._transport.write(JOINED)
        if self._early:
            way.write(self._early)
            self._early = b""
        self._transport.resume_reading()

    def received(self, data: bytes) -> None:
        if not self._gone:
            self._transport.write(data)

    def ended(self) -> None:
        if not self._gone and not self._transport.is_closing():
            self._transport.write_eof()

    def lost(self, *, broken: bool) -> None:
        self._way = None
        if broken:
            self._transport.abort()
        else:
            self._transport.close()

    def pause_input(self) -> None:
        if not self._gone:
            self._transport.pause_reading()

    def resume_input(self) -> None:
        if not self._gone:
            self._transport.resume_reading()

    # Those who end it.

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()
        if self._way is not None:
            self._way.abort()

    # Its own.

    def _read_head(self, parser: h11.Connection, data: bytes) -> None:
        self._head_size += len(data)
        try:
            parser.receive_data(data)
            event = parser.next_event()
            self._early = bytes(parser.trailing_data[0])
            if self._head_size - len(self._early) > HEAD_BYTES:  # h11 lets one through that comes in one piece
                raise h11.RemoteProtocolError("The head is too long.")
        except h11.RemoteProtocolError as error:
            self._head = None
            self._refuse(NoTunnel(str(error)).problem())
            return
        if isinstance(event, h11.Request):
            self._head = None
            self._timer.cancel()
            # What comes now is for the program, and waits in the kernel until there is a way to it.
            self._transport.pause_reading()
            self._asking = asyncio.create_task(self._ask(event))

    async def _ask(self, head: h11.Request) -> None:
        with trace.continued("tunnel", _text(head.headers), SpanKind.SERVER):
            try:
                await self._join(head)
            except Refusal as refusal:
                log.info("tunnel.refused", why=refusal.type)
                self._refuse(refusal.problem())
            except Exception:
                log.exception("tunnel.failed")
                self._refuse(Problem(type="internal", title="Something went wrong on our side", status=500))

    async def _join(self, head: h11.Request) -> None:
        self.grant, port = await self._door.admit(head)
        terminals = self._door.terminals
        if self._gone:
            return
        terminals.tunnels.enter(self)
        self._entered = True
        listener = await self._door.listener(self.grant, port)
        if not self._gone:
            await terminals.ways(self.grant.project_id, listener, self)

    def _refuse(self, problem: Problem) -> None:
        self._leave()
        if self._gone or self._transport.is_closing():
            return
        told = problem.model_copy(update={"trace_id": trace.trace_id()})
        body = told.model_dump_json(exclude_none=True).encode()
        status = HTTPStatus(problem.status)
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {PROBLEM_TYPE}\r\n"
        self._transport.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        self._transport.close()

    def _leave(self) -> None:
        if self._entered:
            self._entered = False
            self._door.terminals.tunnels.leave(self)


def _text(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The trace context of a head, as text."""
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in headers
        if name in (b"traceparent", b"tracestate")
    }


async def listen(door: TunnelDoor, host: str, port: int) -> Callable[[], None]:
    """Take tunnels. Answers what ends that; those that are open stay. Raises OSError if the port is taken."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: TunnelProtocol(door), host, port, backlog=BACKLOG)
    return server.close
