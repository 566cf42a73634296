"""HTTP to addresses that people gave: only to the open internet, judged when the connection is made.

A name is resolved once and the address that was judged is the one that is connected to, so that a second answer of
the name's server changes nothing. No redirects, no proxy of the environment, no cookies, no connection kept.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import httpcore2

from aether.agents.deps.outside import Outcome
from aether.agents.domain.webhooks import is_public

SECONDS = 10.0
PARTS: dict[str, float] = {"connect": 5.0, "read": SECONDS, "write": SECONDS, "pool": SECONDS}
CONNECTIONS = 128

Resolve = Callable[[str, int], Awaitable[list[str]]]


class Forbidden(Exception):
    """The name leads to no address that may be connected to."""


FAILURES = (
    Forbidden,
    OSError,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
)


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


class Guarded(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that `allowed` lets pass, and to nothing else."""

    def __init__(self, allowed: Callable[[str], bool], resolve: Resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError("unknown name") from error
        addresses = [address for address in found if self._allowed(address)]
        if not addresses:
            raise Forbidden
        return await self._first(addresses, port, timeout)

    async def _first(self, addresses: list[str], port: int, timeout: float | None) -> httpcore2.AsyncNetworkStream:
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, timeout=timeout)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(addresses[-1], port, timeout=timeout)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        raise Forbidden

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class Outside:
    """Posts. https goes to public addresses; http to this computer itself, and only if `local` says so."""

    def __init__(
        self,
        *,
        local: bool,
        resolve: Resolve = resolve,
        public: Callable[[str], bool] = is_public,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._https = _pool(public, resolve, trust or ssl.create_default_context())
        self._http = _pool(is_loopback, resolve, None) if local else None

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        """One try, ten seconds at most. Never raises for what the other side does."""
        pool = {"https": self._https, "http": self._http}.get(urlsplit(url).scheme)
        if pool is None:
            return Outcome(error="This address is not one that aether posts to.")
        own = list(headers.items())
        try:
            async with (
                asyncio.timeout(SECONDS),
                pool.stream("POST", url, headers=own, content=body, extensions={"timeout": PARTS}) as response,
            ):
                return _outcome(response.status)
        except FAILURES as error:
            return Outcome(error=_said(error))


def _said(error: BaseException) -> str:
    match error:
        case Forbidden():
            return "The name leads to an address inside a private network."
        case TimeoutError() | httpcore2.TimeoutException():
            return f"No answer within {SECONDS:.0f} s."
        case httpcore2.ConnectError() | ssl.SSLError():
            return "It could not be connected to."
        case _:
            return "The connection ended before an answer."


def is_loopback(address: str) -> bool:
    return address.startswith("127.") or address == "::1"


def _outcome(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(status)
    if 300 <= status < 400:
        return Outcome(status, f"It answered {status}, and redirects are not followed.")
    return Outcome(status, f"It answered {status}.")


def _pool(
    allowed: Callable[[str], bool], resolve: Resolve, trust: ssl.SSLContext | None
) -> httpcore2.AsyncConnectionPool:
    return httpcore2.AsyncConnectionPool(
        ssl_context=trust,
        max_connections=CONNECTIONS,
        max_keepalive_connections=0,
        network_backend=Guarded(allowed, resolve),
    )
