"""A browser's EventSource at /api/events, one connection long."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass
class Heard:
    """One event as a browser has it."""

    id: str | None
    name: str
    data: Any


class EventStream:
    """What comes, one after the other."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self.last_id: str | None = None
        self._lines = answer.aiter_lines()

    async def next(self, within: float = 10) -> Heard:
        """The next event. Raises StopAsyncIteration at the end of the stream."""
        async with asyncio.timeout(within):
            name, data = "message", ""
            while True:
                line = await anext(self._lines)
                field, _, value = line.partition(": ")
                if field == "id":
                    self.last_id = value
                elif field == "event":
                    name = value
                elif field == "data":
                    data = value
                elif not line and data:
                    return Heard(self.last_id, name, json.loads(data))

    async def until_begun(self) -> None:
        """Wait for the first id, from which on nothing is missed."""
        async with asyncio.timeout(10):
            while not (await anext(self._lines)).startswith(("id:", ": resumed")):
                pass


@asynccontextmanager
async def listening(client: httpx2.AsyncClient, last_id: str | None = None) -> AsyncIterator[EventStream]:
    """An open stream from which nothing is missed, from `last_id` on if that is given."""
    headers = {"Last-Event-ID": last_id} if last_id is not None else {}
    async with client.stream("GET", "/api/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = EventStream(answer)
        if last_id is None:
            await stream.until_begun()
        yield stream
