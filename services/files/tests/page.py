"""A page that follows changes, as the web app does."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed


class Page:
    """`messages` is all that was told; `closed_with` the code when it is over."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.messages: list[dict[str, Any]] = []
        self.closed_with: int | None = None
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, url: str, grant: str, **options: Any) -> "Page":
        headers = {"Authorization": f"Grant {grant}"} if grant else {}
        socket = await connect(
            url,
            additional_headers={**headers, **options.pop("headers", {})},
            compression=None,
            proxy=None,
            **options,
        )
        return cls(socket)

    async def _read(self) -> None:
        try:
            while True:
                self.messages.append(json.loads(await self.socket.recv()))
                self._changed.set()
        except ConnectionClosed as error:
            self.closed_with = error.rcvd.code if error.rcvd else 1006
            self._changed.set()

    async def tell(self, message: dict[str, Any] | str) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self.socket.send(message if isinstance(message, str) else json.dumps(message))

    async def look(self, *folders: str, files: tuple[str, ...] = ()) -> None:
        """Returns when the machine looks at these."""
        before = len(self.told("looking"))
        await self.tell({"type": "look", "folders": list(folders), "files": list(files)})
        await self.until(lambda: len(self.told("looking")) > before or self.closed_with is not None)

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    def names(self, folder: str) -> set[str]:
        """Every name told of in a folder."""
        folders = [f for message in self.told("changed") for f in message["folders"] if f["path"] == folder]
        return {name for f in folders for name in f["names"]}

    def files(self) -> set[str]:
        return {path for message in self.told("changed") for path in message["files"]}

    @property
    def problem(self) -> dict[str, Any] | None:
        problems = self.told("problem")
        return problems[0]["problem"] if problems else None

    async def until(self, condition: Callable[[], Any], within: float = 10.0) -> None:
        """Wait until something that came makes this true."""
        async with asyncio.timeout(within):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def ends(self, within: float = 10.0) -> int:
        """The close code."""
        await self.until(lambda: self.closed_with is not None, within)
        assert self.closed_with is not None
        return self.closed_with

    async def close(self) -> None:
        self._task.cancel()
        await self.socket.close()
