"""What lies behind the gateway's streams: the files service, the tunnel into machines, and apps in these."""

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import uvicorn
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from aether.kit.grants import ALGORITHM, from_headers
from aether.testkit.eventually import eventually

METHODS = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"]

Behave = Callable[[Request], Awaitable[Response]]


class QuietServer(uvicorn.Server):
    """uvicorn inside a test, which has signals of its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@contextlib.asynccontextmanager
async def served(app: ASGIApp, at: int | socket.socket = 0, **options: Any) -> AsyncIterator[int]:
    """An app on loopback until the end of the block: at a given port, a socket that listens, or a free port."""
    chosen: dict[str, Any] = {
        "ws": "websockets-sansio",
        "ws_per_message_deflate": False,
        "timeout_graceful_shutdown": 1,
        **options,
    }
    config = uvicorn.Config(app, host="127.0.0.1", log_config=None, access_log=False, lifespan="off", **chosen)
    server = QuietServer(config)
    listening = at if isinstance(at, socket.socket) else socket.create_server(("127.0.0.1", at))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    await eventually(lambda: server.started, every=0.005)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def told(request: Request) -> Response:
    """What came, as JSON, with the length of the body."""
    size = 0
    async for piece in request.stream():
        size += len(piece)
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    shown = {"method": request.method, "path": path, "headers": dict(request.headers), "size": size}
    return JSONResponse(shown)


async def echo(connection: WebSocket) -> None:
    """Accept, and send back what comes."""
    offered = connection.scope["subprotocols"]
    await connection.accept(subprotocol=offered[0] if offered else None)
    with contextlib.suppress(Exception):
        while True:
            await connection.send_text(await connection.receive_text())


class App:
    """A program that listens on a loopback port. `behave` answers requests, `talk` has sockets."""

    def __init__(self) -> None:
        self.port = 0
        self.requests: list[Request] = []
        self.handshakes: list[WebSocket] = []
        self.behave: Behave = told
        self.talk: Callable[[WebSocket], Awaitable[None]] = echo

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["App"]:
        routes = [
            Route("/{path:path}", self._answer, methods=METHODS),
            WebSocketRoute("/{path:path}", self._talk),
        ]
        async with served(Starlette(routes=routes)) as self.port:
            yield self

    async def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        return await self.behave(request)

    async def _talk(self, connection: WebSocket) -> None:
        self.handshakes.append(connection)
        await self.talk(connection)


class FilesService(App):
    """The files service as the gateway knows it: below /stream/files, for a grant, which it notes."""

    def __init__(self, key: OKPKey) -> None:
        super().__init__()
        self.grants: list[dict[str, Any]] = []
        self._key = key

    async def _answer(self, request: Request) -> Response:
        if request.url.path == "/health":
            return JSONResponse({"status": "ok"})
        if not self._admits(request.scope["headers"]):
            problem = {"type": "grant-refused", "title": "This grant is not good here", "status": 401}
            return JSONResponse(problem, 401, media_type="application/problem+json")
        return await super()._answer(request)

    async def _talk(self, connection: WebSocket) -> None:
        if not self._admits(connection.scope["headers"]):
            await connection.close(4003)
            return
        await super()._talk(connection)

    def _admits(self, headers: list[tuple[bytes, bytes]]) -> bool:
        claims = read_grant(self._key, from_headers(headers), "files")
        if claims is not None:
            self.grants.append(claims)
        return claims is not None


def read_grant(key: OKPKey, token: str | None, audience: str) -> dict[str, Any] | None:
    """What a good grant for a service says."""
    try:
        claims = jwt.decode(token or "", key, algorithms=[ALGORITHM]).claims
    except (ValueError, JoseError):
        return None
    found: dict[str, Any] = claims["grant"]
    return found if claims["aud"] == audience else None


class Tunnel:
    """The terminal service's way into machines: CONNECT with a grant, to what a test says listens there."""

    def __init__(self, key: OKPKey) -> None:
        self.port = 0
        self.grants: list[dict[str, Any]] = []
        self.targets: list[str] = []
        self.listeners: dict[tuple[str, int], int] = {}  # project and its port → a port of this computer
        self.refusal: dict[str, Any] | None = None
        self._key = key
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def open_tunnels(self) -> int:
        return len(self._open)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            await self._join(head, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _join(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = head.split(" ")[1]
        self.targets.append(target)
        token = re.search(r"(?im)^authorization: Grant (\S+)\r$", head)
        grant = read_grant(self._key, token[1] if token else None, "terminal")
        port = int(target.rpartition(":")[2])
        if grant is None or (grant["right"], grant["resource"]) != ("connect", str(port)):
            await _refuse(writer, {"type": "grant-refused", "title": "No", "status": 401})
            return
        self.grants.append(grant)
        local = self.listeners.get((grant["project_id"], port))
        if self.refusal is not None or local is None:
            await _refuse(writer, self.refusal or {"type": "nothing-listens", "title": "Nothing", "status": 502})
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", local)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, far_writer))
                group.create_task(_pump(far_reader, writer))
        except* OSError:
            pass
        finally:
            far_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(256 * 1024):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _refuse(writer: asyncio.StreamWriter, problem: dict[str, Any]) -> None:
    body = json.dumps(problem).encode()
    head = f"HTTP/1.1 {problem['status']} No\r\nContent-Type: application/problem+json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
