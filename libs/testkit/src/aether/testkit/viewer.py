"""A viewer of a terminal as the web app is one: counts its offset, acknowledges, and comes back by itself."""

import asyncio
import contextlib
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from aether.testkit.eventually import eventually


class Viewer:
    """One viewer. `received` is the stream of the present epoch, in order, each byte once."""

    def __init__(self, url: str, terminal: str, headers: dict[str, str]) -> None:
        self._url = url.replace("http", "ws", 1) + f"/stream/terminal/{terminal}"
        self._headers = headers
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self.received = bytearray()
        self.messages: list[dict[str, Any]] = []
        self.epochs: list[str] = []
        self.offset = 0
        self.connections = 0
        self.close_code: int | None = None

    async def __aenter__(self) -> "Viewer":
        self._task = asyncio.create_task(self._keep_looking())
        await eventually(lambda: self._socket is not None, within=15)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _keep_looking(self) -> None:
        while True:
            with contextlib.suppress(OSError, InvalidHandshake, ConnectionClosed, TimeoutError):
                await self._look()
            self._socket = None
            if self.close_code is not None and 4001 <= self.close_code <= 4004:
                return
            await asyncio.sleep(0.2)

    async def _look(self) -> None:
        known = f"?offset={self.offset}&epoch={self.epochs[-1]}" if self.epochs else "?offset=0"
        async with connect(
            # A Subprotocol is a str by another name.
            self._url + known, additional_headers=self._headers, subprotocols=["aether.v1"],  # type: ignore[list-item]
            compression=None, max_size=None, open_timeout=3, ping_interval=2, ping_timeout=4,
        ) as socket:  # fmt: skip
            self.connections += 1
            self._socket = socket
            try:
                async for frame in socket:
                    await self._take(socket, frame)
            finally:
                self.close_code = socket.close_code

    async def _take(self, socket: ClientConnection, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self.received += frame
            self.offset += len(frame)
            await socket.send(json.dumps({"type": "ack", "offset": self.offset}))
            return
        message = json.loads(frame)
        self.messages.append(message)
        if message["type"] in ("hello", "epoch"):
            self._begin(message)

    def _begin(self, message: dict[str, Any]) -> None:
        fresh = not self.epochs or self.epochs[-1] != message["epoch"] or message["type"] == "epoch"
        if fresh:
            self.epochs.append(message["epoch"])
            self.received.clear()
        self.offset = message["offset"]

    async def type(self, text: str | bytes) -> None:
        """Send input, waiting for a connection if there is none."""
        await eventually(lambda: self._socket is not None, within=15)
        assert self._socket is not None
        await self._socket.send(text if isinstance(text, bytes) else text.encode())

    async def until(self, mark: bytes, within: float = 20) -> None:
        await eventually(lambda: mark in self.received, within=within)
