"""One WebSocket, straight on the transport: nothing stands between a piece of output and its frame.

ASGI would cost a queue, a task switch and a dictionary for each frame, and would hide how much of what was
written still waits. uvicorn speaks HTTP and hands the connection over when a request asks for an upgrade.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol, cast

import structlog
from opentelemetry.trace import SpanKind
from websockets.datastructures import Headers
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from aether.contracts.problem import Problem, Refusal
from aether.kit import trace
from aether.kit.grants import SUBPROTOCOL
from aether.kit.http import PROBLEM_TYPE

HIGH_WATER, LOW_WATER = 256 * 1024, 64 * 1024
LARGEST_MESSAGE = 4 * 1024 * 1024
PING_SECONDS = 20.0
CLOSE_SECONDS = 10.0

log = structlog.get_logger()
# websockets logs each frame at DEBUG; terminals hold secrets, so nothing of them may reach a log.
_silent = logging.getLogger("aether.terminal.frames")
_silent.disabled = True


class Talk(Protocol):
    """What goes on over one socket, from when it is open."""

    def opened(self, socket: "WebSocket") -> None: ...
    def bytes_received(self, data: bytes) -> None: ...
    def text_received(self, text: str) -> None: ...
    def drained(self) -> None: ...
    def closed(self) -> None: ...


class Door(Protocol):
    """Decides about a request before it becomes a socket. A Refusal is its answer over HTTP."""

    async def admit(self, path: str, headers: list[tuple[bytes, bytes]]) -> Talk: ...


def select_subprotocol(_protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Our own name if it is offered. A grant that came as a subprotocol is never sent back."""
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None


class WebSocket(asyncio.Protocol):
    """The asyncio protocol that uvicorn hands the connection to, and the port Socket."""

    def __init__(self, door: Door, connections: set[Any]) -> None:
        self._door = door
        self._connections = connections
        self._talk: Talk | None = None
        self.transport: asyncio.Transport
        self._frames = ServerProtocol(
            select_subprotocol=select_subprotocol, max_size=LARGEST_MESSAGE, logger=_silent
        )
        self._parts: list[bytes] = []
        self._parts_text = False
        self._admission: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._heard = True
        self._paused = False
        self.writable = True

    # The port.

    def send(self, data: bytes) -> None:
        """One binary frame, header and payload written as they are: a server does not mask."""
        if self._frames.state is State.OPEN:
            self.transport.writelines((_header(0x82, len(data)), data))

    def tell(self, message: Mapping[str, Any]) -> None:
        """One text frame of JSON."""
        if self._frames.state is State.OPEN:
            data = json.dumps(message, separators=(",", ":"), default=str).encode()
            self.transport.writelines((_header(0x81, len(data)), data))

    def close(self, code: int, reason: str = "") -> None:
        if self._frames.state is State.OPEN:
            self._frames.send_close(code, reason)
            self._write_out()
            self._arm(CLOSE_SECONDS, self.transport.abort)

    def pause_reading(self) -> None:
        if not self._paused and not self.transport.is_closing():
            self._paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self._paused and not self.transport.is_closing():
            self._paused = False
            self.transport.resume_reading()

    # asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no asyncio.Transport by class, only by what they do.
        self.transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        self._frames.receive_data(data)
        for event in self._frames.events_received():
            if isinstance(event, Request):
                self._admission = asyncio.create_task(self._admit(event))
            elif isinstance(event, Frame):
                self._frame(event)
        self._write_out()

    def eof_received(self) -> None:
        self._frames.receive_eof()
        self._write_out()

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        if self._talk is not None:
            self._talk.drained()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self.writable = False
        if self._timer is not None:
            self._timer.cancel()
        if self._admission is not None:
            self._admission.cancel()
        if self._talk is not None:
            self._talk.closed()

    def shutdown(self) -> None:
        """uvicorn asks every connection to end; whoever is still here is told to come back."""
        self.close(CloseCode.SERVICE_RESTART, "service restarting")

    # Its own.

    async def _admit(self, request: Request) -> None:
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in request.headers.raw_items()]
        carrier = {
            name: request.headers[name] for name in ("traceparent", "tracestate") if name in request.headers
        }
        with trace.continued("open stream", carrier, SpanKind.SERVER):
            try:
                talk = await self._door.admit(request.path, headers)
            except Refusal as refusal:
                self._answer(_refused(refusal.problem()))
                return
            except Exception as error:
                log.error("stream.failed", exc_info=error)
                self._answer(_refused(Problem(type="internal", title="Something went wrong", status=500)))
                return
            response = self._frames.accept(request)
            self._answer(response)
            if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
                self._open(talk)

    def _open(self, talk: Talk) -> None:
        self._talk = talk
        self.transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        self._arm(PING_SECONDS, self._ping)
        talk.opened(self)

    def _answer(self, response: Response) -> None:
        self._frames.send_response(response)
        self._write_out()

    def _frame(self, frame: Frame) -> None:
        if self._talk is None:
            return
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._parts_text = frame.opcode is Opcode.TEXT
            self._parts = []
        elif frame.opcode is not Opcode.CONT:
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            data = b"".join(self._parts)
            self._parts = []
            self._message(data)

    def _message(self, data: bytes) -> None:
        assert self._talk is not None
        if not self._parts_text:
            self._talk.bytes_received(data)
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self.close(CloseCode.INVALID_DATA)
        else:
            self._talk.text_received(text)

    def _ping(self) -> None:
        if not self._heard:
            self.transport.abort()  # neither an answer nor anything else: the network is dead
            return
        self._heard = False
        if self._frames.state is State.OPEN:
            self._frames.send_ping(b"")
            self._write_out()
        self._arm(PING_SECONDS, self._ping)

    def _arm(self, seconds: float, call: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, call)

    def _write_out(self) -> None:
        for data in self._frames.data_to_send():
            if data:
                self.transport.write(data)
            else:
                self.transport.close()


def _header(first: int, length: int) -> bytes:
    if length < 126:
        return bytes((first, length))
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")


def _refused(problem: Problem) -> Response:
    body = problem.model_dump_json(exclude_none=True).encode()
    headers = Headers({"Content-Type": PROBLEM_TYPE, "Content-Length": str(len(body)), "Connection": "close"})
    return Response(problem.status, HTTPStatus(problem.status).phrase, headers, body)
