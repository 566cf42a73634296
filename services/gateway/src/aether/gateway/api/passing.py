"""A request passed on to whoever answers it, and the answer passed back: both stream, and are never gathered."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Protocol

from starlette.types import Message, Receive, Scope, Send

from aether.contracts.ids import CredentialId, PersonId
from aether.gateway.deps.ports import Broken, Exchange, Head, Headers

UNFRAMED = (204, 304)  # such an answer has no body, whatever length it names

Open = Callable[[bool], Awaitable[Exchange]]


class Keeps(Protocol):
    """Where connections go that may serve once more."""

    def keep(self, key: Hashable, exchange: Exchange) -> None: ...


@dataclass(frozen=True)
class Asked:
    """What is sent on. `body` None means that it streams in from the client, if there is one."""

    method: str
    target: bytes
    headers: Headers
    body: bytes | None = None

    @property
    def has_body(self) -> bool:
        return any(name in (b"content-length", b"transfer-encoding") for name, _ in self.headers)

    @property
    def may_repeat(self) -> bool:
        """Whether a connection may be tried that the other side may be about to close."""
        return self.method in ("GET", "HEAD", "OPTIONS") and not self.has_body


class Passing:
    """One request on its way. In the register of what is open, so that it ends with its credential."""

    def __init__(self, lines: Keeps, key: Hashable, open_: Open, asked: Asked) -> None:
        self._lines = lines
        self._key = key
        self._open = open_
        self._asked = asked
        self._exchange: Exchange | None = None
        self._giving: asyncio.Task[None] | None = None
        self._over = False
        self._left = False
        self._ended = False
        self.was_started = False
        self.person_id: PersonId | None = None
        self.credential_id: CredentialId | None = None

    def revoke(self) -> None:
        """End it: the client sees an answer that breaks off."""
        self._ended = True
        if self._exchange is not None and not self._over:
            self._exchange.abort()

    def stop(self) -> None:
        self.revoke()

    async def run(self, receive: Receive, send: Send, told: Callable[[Head], Headers]) -> None:
        """Pass it on and the answer back, with the headers that `told` chooses.

        Raises Broken, or what opening raises, as long as the answer has not begun; later the answer breaks off.
        """
        try:
            head = await self._ask(receive)
            self.was_started = True
            await send({"type": "http.response.start", "status": head.status, "headers": _framed(head, told)})
            await self._tell(send)
        except Broken:
            if not self.was_started and not self._left:
                raise
        finally:
            self._finish(clean=False)

    async def _ask(self, receive: Receive) -> Head:
        """Send the request; answer the head of what comes back."""
        exchange = await self._begin(fresh=not self._asked.may_repeat)
        self._giving = asyncio.create_task(self._give(receive))
        try:
            return await exchange.answer()
        except Broken:
            if not exchange.is_used or self._over:
                raise
        # The kept connection ended just as it was taken, so nobody has read the request.
        return await (await self._begin(fresh=True)).answer()

    async def _begin(self, *, fresh: bool) -> Exchange:
        self._exchange = await self._open(fresh)
        if self._ended:
            self._exchange.abort()
        await self._exchange.ask(self._asked.method.encode(), self._asked.target, self._asked.headers)
        if not self._asked.has_body:
            await self._exchange.end()
        return self._exchange

    async def _give(self, receive: Receive) -> None:
        """Send the body on, then wait for the client to leave, which ends the exchange."""
        more = self._asked.has_body
        if more and self._asked.body is not None:
            more = await self._gave(self._asked.body, whole=True)
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self._leave()
                return
            if more:
                more = await self._gave(message.get("body", b""), whole=not message.get("more_body", False))

    async def _gave(self, piece: bytes, *, whole: bool) -> bool:
        """Whether more of the body is wanted. Who answers before it is whole may refuse the rest of it."""
        assert self._exchange is not None
        with contextlib.suppress(Broken):
            if piece:
                await self._exchange.give(piece)
            if whole:
                await self._exchange.end()
            return not whole
        return False

    def _leave(self) -> None:
        self._left = True
        if not self._over and self._exchange is not None:
            self._over = True
            self._exchange.abort()

    async def _tell(self, send: Send) -> None:
        assert self._exchange is not None
        async with contextlib.aclosing(self._exchange.pieces()) as pieces:
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        self._finish(clean=True)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _finish(self, *, clean: bool) -> None:
        if self._giving is not None:
            self._giving.cancel()
        if self._exchange is not None and not self._over:
            self._over = True
            if clean:
                self._lines.keep(self._key, self._exchange)
            else:
                self._exchange.abort()


def _framed(head: Head, told: Callable[[Head], Headers]) -> Headers:
    """The chosen headers, with a length only where the server may say it."""
    chunked = any(name == b"transfer-encoding" for name, _ in head.headers)
    if chunked or head.status in UNFRAMED:
        return [(name, value) for name, value in told(head) if name != b"content-length"]
    return told(head)


def target_of(scope: Scope) -> bytes:
    """The path and query as they came, in characters that may stand in a request."""
    query = scope["query_string"]
    whole = scope["raw_path"] + (b"?" + query if query else b"")
    return b"".join(bytes([byte]) if 0x21 <= byte <= 0x7E else b"%%%02X" % byte for byte in whole)


async def send_whole(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """A small answer at once."""
    start: Message = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
