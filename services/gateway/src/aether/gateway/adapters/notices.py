"""Hears Postgres's NOTIFY on a connection of its own, for as long as the process lives."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import asyncpg
import structlog

from aether.kit.postgres import AWAY

CHECK_SECONDS = 5.0
RETRY_SECONDS = 0.5
TIMEOUT_SECONDS = 2.5

log = structlog.get_logger()


class Notices:
    """`hears` is true while nothing can have been missed; `on_anew` is called each time it was not."""

    def __init__(
        self, url: str, channels: Mapping[str, Callable[[str], None]], on_anew: Callable[[], None]
    ) -> None:
        self._url = url
        self._channels = channels
        self._on_anew = on_anew
        self.hears = False

    async def run(self) -> None:
        """Until cancelled; connects again whenever the server was away."""
        while True:
            try:
                await self._listen()
            except AWAY as error:
                log.warning("notices.away", error=repr(error))
            finally:
                self.hears = False
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        connection = await asyncpg.connect(self._url, timeout=TIMEOUT_SECONDS, command_timeout=TIMEOUT_SECONDS)
        ended = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: self._ended(ended))
            for channel in self._channels:
                await connection.add_listener(channel, self._received)
            self.hears = True
            self._on_anew()
            await self._stay(connection, ended)
        finally:
            connection.terminate()

    async def _stay(self, connection: "asyncpg.Connection[asyncpg.Record]", ended: asyncio.Event) -> None:
        """Return when the connection has ended. A frozen server sends no end, so it is asked now and then."""
        while not ended.is_set():
            try:
                await asyncio.wait_for(ended.wait(), CHECK_SECONDS)
            except TimeoutError:
                await connection.fetchval("SELECT true")

    def _ended(self, ended: asyncio.Event) -> None:
        self.hears = False
        ended.set()

    def _received(self, _connection: Any, _pid: int, channel: str, payload: object) -> None:
        self._channels[channel](str(payload))
