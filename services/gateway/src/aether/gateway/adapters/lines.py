"""Connections to services, and through the tunnel to ports of machines, some of them kept for the next request."""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Callable, Hashable

from pydantic import ValidationError

from aether.contracts.problem import Problem, RefusedElsewhere, Unavailable
from aether.gateway.adapters.exchange import Exchange
from aether.gateway.adapters.wire import Wire, open_wire
from aether.gateway.deps.ports import Address, Broken, Door
from aether.gateway.deps.ports import Exchange as AnyExchange
from aether.kit import trace

CONNECT_SECONDS = 3.0
TUNNEL_SECONDS = 10.0  # the machine's SSH connection may have to be made first
IDLE_SECONDS = (
    3.0  # shorter than servers keep a connection that nobody uses, so that it seldom ends as it is taken
)
IDLE_MOST = 8
REFUSAL_MOST = 16 * 1024


class Lines:
    """All connections of this process. A kept one is given out for requests that may be repeated only."""

    def __init__(self) -> None:
        self._idle: dict[Hashable, list[AnyExchange]] = defaultdict(list)

    async def to_service(self, address: Address, *, fresh: bool) -> AnyExchange:
        """Raises Unavailable."""
        return self._kept(address, fresh) or Exchange(await self._connect(address))

    async def to_port(self, tunnel: Address, door: Door, sign: Callable[[], str], *, fresh: bool) -> AnyExchange:
        """To a port in a machine. Raises Unavailable, or what the tunnel refuses."""
        return self._kept(door, fresh) or Exchange(await self._tunnel(tunnel, door, sign()))

    def _kept(self, key: Hashable, fresh: bool) -> AnyExchange | None:
        idle = self._idle.get(key)
        while idle and not fresh:
            exchange = idle.pop()
            if exchange.is_idle:
                return exchange
            exchange.abort()
        return None

    def keep(self, key: Hashable, exchange: AnyExchange) -> None:
        """Whatever was made of it: keep the connection if it can carry another request, else end it."""
        if not exchange.renewed() or len(self._idle[key]) >= IDLE_MOST:
            exchange.abort()
            return
        self._idle[key].append(exchange)
        asyncio.get_running_loop().call_later(IDLE_SECONDS, self._forget, key, exchange)

    def _forget(self, key: Hashable, exchange: AnyExchange) -> None:
        idle = self._idle.get(key, [])
        if exchange in idle:
            idle.remove(exchange)
            exchange.abort()
        if not idle:
            self._idle.pop(key, None)

    def close(self) -> None:
        """End those that wait."""
        for idle in self._idle.values():
            for exchange in idle:
                exchange.abort()
        self._idle.clear()

    async def _connect(self, address: Address) -> Wire:
        try:
            return await open_wire(address.host, address.port, CONNECT_SECONDS)
        except (OSError, TimeoutError) as error:
            raise Unavailable("A part of aether does not answer. Try again in a moment.") from error

    async def _tunnel(self, tunnel: Address, door: Door, grant: str) -> Wire:
        wire = await self._connect(tunnel)
        try:
            async with asyncio.timeout(TUNNEL_SECONDS):
                return await _connected(Exchange(wire), door.port, grant)
        except (Broken, TimeoutError) as error:
            wire.abort()
            raise Unavailable("The way to the machine does not answer. Try again in a moment.") from error
        except BaseException:
            wire.abort()
            raise


async def _connected(exchange: Exchange, port: int, grant: str) -> Wire:
    place = f"127.0.0.1:{port}".encode()
    headers = [(b"host", place), (b"authorization", f"Grant {grant}".encode())]
    headers += [(name.encode(), value.encode()) for name, value in trace.headers().items()]
    await exchange.ask(b"CONNECT", place, headers)
    await exchange.end()
    head = await exchange.answer()
    if head.status == 200:
        return exchange.switched()
    said = b""
    async with contextlib.aclosing(exchange.pieces()) as pieces:
        async for piece in pieces:
            said += piece
            if len(said) > REFUSAL_MOST:
                break
    raise RefusedElsewhere(_problem(said, head.status))


def _problem(said: bytes, status: int) -> Problem:
    try:
        return Problem.model_validate(json.loads(said))
    except (ValueError, ValidationError):
        return Problem(type="unavailable", title="The machine cannot be reached", status=max(status, 400))
