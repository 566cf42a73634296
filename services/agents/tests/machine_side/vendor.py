"""A vendor for tests: it answers as it is told, and notes what came."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from aether.testkit.upstreams import METHODS, served


@dataclass
class Came:
    """A request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Vendor:
    """`status`, `headers` and `pieces` are the answer; `gate` is waited for after each piece, if it is set."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    pieces: list[bytes] = field(default_factory=lambda: [b"{}"])
    gate: asyncio.Semaphore | None = None
    came: list[Came] = field(default_factory=list)
    given_up: int = 0
    url: str = ""

    def says(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        self.status, self.pieces = status, [body]
        self.headers = {"content-type": "application/json", **{n.replace("_", "-"): v for n, v in headers.items()}}

    def streams(self, *events: str) -> None:
        self.status, self.headers = 200, {"content-type": "text/event-stream"}
        self.pieces = [f"data: {event}\n\n".encode() for event in events]

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Vendor"]:
        route: Any = Route("/{path:path}", self._answer, methods=METHODS)
        async with served(Starlette(routes=[route])) as port:
            self.url = f"http://127.0.0.1:{port}"
            yield self

    async def _answer(self, request: Request) -> Response:
        raw = bytes(request.scope["raw_path"]).decode()
        with contextlib.suppress(ClientDisconnect):
            self.came.append(
                Came(request.method, raw, request.url.query, dict(request.headers), await request.body())
            )
        return StreamingResponse(self._pieces(), self.status, self.headers)

    async def _pieces(self) -> AsyncIterator[bytes]:
        try:
            for piece in self.pieces:
                if self.gate is not None:
                    await self.gate.acquire()
                yield piece
        except (asyncio.CancelledError, GeneratorExit):
            self.given_up += 1
            raise
