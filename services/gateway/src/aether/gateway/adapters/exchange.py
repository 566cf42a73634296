"""HTTP/1.1 over a wire, as a client: one request and its answer, both streamed, then perhaps the next."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import cast

import h11

from aether.gateway.adapters.wire import Wire
from aether.gateway.deps.ports import Broken, Head, Headers

HEAD_LIMIT = 64 * 1024


class Exchange:
    """One connection's present request. What is neither HTTP nor allowed by it raises Broken."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.is_used = False  # for an earlier request
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)

    async def ask(self, method: bytes, target: bytes, headers: Headers) -> None:
        """Send the head of a request; its headers say how long the body is."""
        await self._send(h11.Request(method=method, target=target, headers=headers))

    async def give(self, piece: bytes) -> None:
        """Send a part of the body. Returns when there is room for more."""
        await self._send(h11.Data(data=piece))

    async def end(self) -> None:
        """The request is whole."""
        await self._send(h11.EndOfMessage())

    async def _send(self, event: h11.Request | h11.Data | h11.EndOfMessage) -> None:
        try:
            data = self._http.send(event)
            if data:
                await self.wire.write(data)
        except (h11.LocalProtocolError, ConnectionError) as error:
            raise Broken(str(error)) from error

    async def answer(self) -> Head:
        """The head of the answer; of a switch to another protocol too."""
        while True:
            event = await self._next()
            if isinstance(event, h11.Response) or (
                isinstance(event, h11.InformationalResponse) and event.status_code == 101
            ):
                return Head(event.status_code, list(event.headers))
            if not isinstance(event, h11.InformationalResponse):
                raise Broken("the connection ended before an answer")

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The answer's body, as it comes."""
        while True:
            event = await self._next()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return
            else:
                raise Broken("the connection ended within an answer")

    async def _next(self) -> h11.Event | type[h11.PAUSED]:
        try:
            while True:
                event = self._http.next_event()
                if event is not h11.NEED_DATA:
                    return cast("h11.Event | type[h11.PAUSED]", event)
                self._http.receive_data(await self.wire.read())
        except h11.RemoteProtocolError as error:
            raise Broken(str(error)) from error

    def switched(self) -> Wire:
        """The wire, once the other side has agreed to speak another protocol."""
        self.wire.put_back(self._http.trailing_data[0])
        return self.wire

    def hand_over(self, protocol: asyncio.Protocol) -> tuple[asyncio.Transport, bytes]:
        """As `switched`, for whoever takes the connection as it is."""
        wire = self.switched()
        return wire.transport, wire.hand_over(protocol)

    @property
    def is_idle(self) -> bool:
        """Open, and nothing came that nobody asked for."""
        return self.wire.is_idle

    def renewed(self) -> bool:
        """Make ready for another request. False if the connection cannot carry one."""
        if not self.wire.is_idle or self._http.trailing_data[0]:
            return False
        with suppress(h11.LocalProtocolError):
            self._http.start_next_cycle()
            self.is_used = True
            return True
        return False

    def abort(self) -> None:
        """End the connection now."""
        self.wire.abort()
