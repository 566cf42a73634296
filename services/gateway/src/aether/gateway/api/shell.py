"""What is around every HTTP answer: security headers, the trace id, figures, and a bound on what is sent to us."""

import re
import time
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aether.gateway.deps.gateway import Gateway
from aether.gateway.errors import TooLarge
from aether.kit import trace
from aether.kit.http import problem_response

BODY_LIMIT = 1024 * 1024
# What is sent here streams on to the files service, which bounds it by the project's disk.
STREAMED = re.compile(r"/api/projects/[^/]+/files(?:/uploads/[^/]+)?\Z|/stream/files/")
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def security_headers(gateway: Gateway) -> list[tuple[bytes, bytes]]:
    """The same for pages, for JSON and for refused handshakes."""
    own = urlsplit(gateway.settings.public_url)
    same = sorted(origin for origin in gateway.origins if urlsplit(origin).scheme == own.scheme)
    sockets = " ".join(f"ws{origin.removeprefix('http')}" for origin in same)
    # 'wasm-unsafe-eval' lets the player of recordings decode with WebAssembly; JavaScript's eval stays shut.
    policy = (
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' {sockets}; "
        "worker-src 'self' blob:; frame-ancestors 'none'; object-src 'none'; base-uri 'none'; form-action 'self'"
    )
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "permissions-policy": PERMISSIONS,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if gateway.https:
        headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


class Shell:
    """Pure ASGI, so that it neither gathers a stream nor hides a disconnect from it."""

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self._app = app
        self._gateway = gateway
        self._headers = security_headers(gateway)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(message, scope)
                self._count(scope, message["status"], time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive if STREAMED.match(scope["path"]) else _bounded(scope, receive), told)
        except TooLarge as refusal:
            await problem_response(refusal.problem())(scope, receive, told)

    def _complete(self, message: Message, scope: Scope) -> None:
        names = {name for name, _ in message["headers"]}
        # What an answer says itself is stricter, or it would not say it.
        headers = [*message["headers"], *(pair for pair in self._headers if pair[0] not in names)]
        message["headers"] = headers
        trace_id = trace.trace_id()
        if trace_id:
            headers.append((b"x-trace-id", trace_id.encode()))
        if b"cache-control" not in names and scope["path"].startswith("/api"):
            headers.append((b"cache-control", b"no-store"))

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        self._gateway.metrics.requests.labels(route, scope["method"], str(status)).inc()
        self._gateway.metrics.seconds.labels(route).observe(seconds)


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """Raises TooLarge once more has come than a request may have."""
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > BODY_LIMIT:
        raise TooLarge
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > BODY_LIMIT:
            raise TooLarge
        return message

    return bounded
