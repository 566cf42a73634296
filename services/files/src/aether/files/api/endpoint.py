"""Around every request: who may, how many, and how it ends early.

A request ends when its credential is revoked, its project deleted, or its client gone; whatever it had going on
in the machine ends with it. One that changes something is not ended by its client's going, once it has been read.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from aether.contracts.problem import NotFound, Refusal
from aether.files.api.asked import Asked
from aether.files.api.door import Door
from aether.files.deps.files import Files
from aether.files.deps.visits import Visit
from aether.files.errors import UploadBusy
from aether.kit.grants import GrantRefused

SAFE = ("GET", "HEAD")

Act = Callable[[Asked], Awaitable[Response]]

log = structlog.get_logger()


class Tail(NamedTuple):
    """What follows `/stream/files/{project}/`, and what is done there."""

    methods: Sequence[str]
    path: str
    act: Act


def routes(tails: Sequence[Tail], door: Door, files: Files) -> list[Route]:
    return [
        Route(f"/stream/files/{{project_id:uuid}}/{t.path}", Endpoint(door, files, t.act), methods=list(t.methods))
        for t in tails
    ]


class Endpoint:
    """One route, as an ASGI application: what it answers may take hours, and belongs to the request."""

    def __init__(self, door: Door, files: Files, act: Act) -> None:
        self._door = door
        self._files = files
        self._act = act

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        safe = request.method in SAFE
        grant = await self._door.admit(list(scope["headers"]), request.path_params["project_id"], writes=not safe)
        visit = Visit(grant)
        with self._files.requests.under_way(grant, visit.cut):
            answer = Answer(send)
            if safe:
                answer.listen(receive, visit)
            try:
                response = await self._act(Asked(request, visit, self._files))
                await response(scope, receive, answer.send)
            except asyncio.CancelledError:
                _explain(visit, answer)
            except ClientDisconnect:
                return
            except Refusal as refusal:
                if not answer.started:
                    raise
                # The client sees that it is not all: the connection ends before the body does.
                log.warning("files.broken_off", path=request.url.path, why=refusal.type)
            finally:
                answer.stop_listening()


def _explain(visit: Visit, answer: "Answer") -> None:
    """The request was cut: if its answer has not begun, why is the answer."""
    if visit.reason is None:
        raise  # noqa: PLE0704 - the one that is being handled: the process ends
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()
    log.info("files.cut", project_id=str(visit.grant.project_id), why=visit.reason)
    if not answer.started:
        match visit.reason:
            case "revoked":
                raise GrantRefused from None
            case "gone":
                raise NotFound("There is no such project.") from None
            case "superseded":
                raise UploadBusy("This piece was sent again, and the newer one counts.") from None


class Answer:
    """Knows how far the answer is, and whether anyone still waits for it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._listener: asyncio.Task[None] | None = None
        self.started = False

    async def send(self, message: Message) -> None:
        self.started = True
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.stop_listening()  # from here on nobody's going means anything
        await self._send(message)

    def listen(self, receive: Receive, visit: Visit) -> None:
        self._listener = asyncio.create_task(_until_gone(receive, visit))

    def stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            self._listener = None


async def _until_gone(receive: Receive, visit: Visit) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    visit.cut("left")
