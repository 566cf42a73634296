"""A client as the web app is one: keeps offset and epoch, acknowledges, and collects what it is sent."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

ACK_BYTES = 64 * 1024


class Viewer:
    """`data` is what has come since the last beginning; `stream` all of it since the last hello or epoch."""

    def __init__(self, socket: ClientConnection, *, acks: bool = True) -> None:
        self.socket = socket
        self.data = bytearray()
        self.hello: dict[str, Any] | None = None
        self.messages: list[dict[str, Any]] = []
        self.offset = 0
        self.epoch: int | None = None
        self.acks = acks
        self.reading = asyncio.Event()
        self.reading.set()
        self.closed_with: int | None = None
        self.frames_kept: list[bytes] | None = None
        self._acked = 0
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, url: str, grant: str, *, acks: bool = True, **options: Any) -> "Viewer":
        headers = {"Authorization": f"Grant {grant}"} if grant else {}
        socket = await connect(
            url,
            additional_headers={**headers, **options.pop("headers", {})},
            max_size=None,
            compression=None,
            proxy=None,
            max_queue=4,
            **options,
        )
        return cls(socket, acks=acks)

    async def _read(self) -> None:
        try:
            while True:
                await self.reading.wait()
                message = await self.socket.recv()
                if isinstance(message, bytes):
                    await self._bytes(message)
                else:
                    self._told(json.loads(message))
                self._changed.set()
        except ConnectionClosed as error:
            self.closed_with = error.rcvd.code if error.rcvd else 1006
            self._changed.set()

    async def _bytes(self, data: bytes) -> None:
        if self.frames_kept is not None:
            self.frames_kept.append(data)
        self.data += data
        self.offset += len(data)
        if self.acks and self.offset - self._acked >= ACK_BYTES:
            await self.ack()

    async def ack(self) -> None:
        self._acked = self.offset
        await self.tell(type="ack", offset=self.offset)

    def _told(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        if message["type"] in ("hello", "epoch"):
            self.hello = self.hello or message
            self.epoch, self.offset, self._acked = message["epoch"], message["offset"], message["offset"]
            if message["type"] == "epoch":
                self.data.clear()

    async def type(self, data: bytes | str) -> None:
        await self.socket.send(data.encode() if isinstance(data, str) else data)

    async def tell(self, **message: Any) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self.socket.send(json.dumps(message))

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    @property
    def problem(self) -> dict[str, Any] | None:
        problems = self.told("problem")
        return problems[0]["problem"] if problems else None

    async def until(self, condition: Callable[[], Any], within: float = 15.0) -> None:
        """Wait until something that came makes this true."""
        async with asyncio.timeout(within):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def sees(self, text: bytes | str, within: float = 15.0) -> None:
        wanted = text.encode() if isinstance(text, str) else text
        try:
            await self.until(lambda: wanted in self.data, within)
        except TimeoutError:
            raise AssertionError(f"{wanted!r} was not seen; the end is {bytes(self.data[-500:])!r}") from None

    async def ends(self, within: float = 15.0) -> int:
        """The close code."""
        await self.until(lambda: self.closed_with is not None, within)
        assert self.closed_with is not None
        return self.closed_with

    async def close(self) -> None:
        self._task.cancel()
        await self.socket.close()
