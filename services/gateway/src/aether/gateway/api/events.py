"""Server-sent events: what changes in an account, resumable for a day."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aether.contracts.problem import Unavailable
from aether.gateway.api.guard import Member, TheGateway
from aether.gateway.api.problems import problems
from aether.gateway.deps.gateway import Gateway
from aether.gateway.domain.credentials import Caller
from aether.gateway.errors import TooManyStreams
from aether.gateway.store import feed

router = APIRouter(prefix="/api", tags=["events"])

BEAT_SECONDS = 15.0
PATIENCE_SECONDS = 5.0  # a client that takes nothing for so long is let go; it resumes where it was
BATCH = 100
MOST_STREAMS = 50
EVENT_STREAM = "text/event-stream"

DESCRIPTION = """\
Events are `project.changed` (the whole project), `project.deleted` `{id}`, `terminal.changed` (the whole
terminal), `terminal.signal` `{terminal_id, project_id, kind, text}`, `ports.changed` `{project_id, ports}` (all of
the project's ports), `run.changed` (the whole run), `notice.raised` `{notice, unread}`, `github.changed`
`{login, lost}` (GitHub takes our token no more), `account.revoked` `{}` (the stream ends: sign in again) and
`reset` `{}` (too much was missed: fetch everything anew). Each has an id; a client that comes back with
`Last-Event-ID` gets what it missed within the last 24 hours."""


@router.get(
    "/events",
    response_class=Response,
    responses={
        **problems(401),
        200: {
            "description": "A stream of events that does not end.",
            "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
        },
    },
    summary="What changes, as it changes",
    description=DESCRIPTION,
)
async def listen(
    caller: Member,
    gateway: TheGateway,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=40)] = None,
) -> Response:
    if gateway.live.count(caller.account_id) >= MOST_STREAMS:
        raise TooManyStreams
    return EventStream(gateway, caller, last_event_id)


class EventStream(Response):
    """One open stream. It reads the feed only as fast as its client takes it."""

    def __init__(self, gateway: Gateway, caller: Caller, last_event_id: str | None) -> None:
        super().__init__(media_type=EVENT_STREAM, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._gateway = gateway
        self._account_id = caller.account_id
        self._last_event_id = last_event_id
        self._sign = asyncio.Event()
        self._ended = False
        self._revoked = False
        self.person_id = caller.person_id
        self.credential_id = caller.credential_id

    def revoke(self) -> None:
        self._revoked = True
        self.stop()

    def stop(self) -> None:
        self._ended = True
        self._sign.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        live = self._gateway.live
        with live.waiting(self._account_id, self._sign), self._gateway.metrics.event_streams.track_inprogress():
            live.add(self)
            seq, begin = await self._begin()
            leaving = asyncio.create_task(self._watch(receive))
            try:
                await self._run(send, seq, begin)
            finally:
                leaving.cancel()
                live.remove(self)

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.stop()

    async def _run(self, send: Send, seq: int, begin: str) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        try:
            async for piece in self._pieces(seq, begin):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})
        except TimeoutError:
            return  # an end could not be sent either: the server closes what is left of the connection
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pieces(self, seq: int, begin: str) -> AsyncIterator[str]:
        yield f"retry: 1000\n\n{begin}"
        while not self._ended:
            self._sign.clear()
            try:
                async with self._gateway.database.reading() as reader:
                    entries = await feed.after(reader, self._account_id, seq, BATCH)
            except Unavailable:
                entries = []
            for entry in entries:
                seq = entry.seq
                yield f"id: {seq}\nevent: {entry.name}\ndata: {entry.data}\n\n"
            if len(entries) < BATCH and not await self._wait():
                yield ": still here\n\n"
        if self._revoked:
            yield "event: account.revoked\ndata: {}\n\n"

    async def _begin(self) -> tuple[int, str]:
        """Where to read on from, and what says so to the client; `reset` if that is no longer kept."""
        async with self._gateway.database.reading() as reader:
            head = await feed.head(reader, self._account_id)
            if self._last_event_id is None:
                return head, f"id: {head}\n\n"
            seen = int(self._last_event_id) if self._last_event_id.isdecimal() else -1
            if seen == head:
                return head, f"id: {head}\n\n"
            following = await feed.after(reader, self._account_id, seen, 1) if 0 <= seen < head else []
        if following and following[0].seq == seen + 1:
            return seen, ": resumed\n\n"
        return head, f"id: {head}\nevent: reset\ndata: {{}}\n\n"

    async def _wait(self) -> bool:
        """False when it is time for a sign of life."""
        if self._ended:
            return True
        try:
            await asyncio.wait_for(self._sign.wait(), BEAT_SECONDS)
        except TimeoutError:
            return False
        return True
