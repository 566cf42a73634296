"""`/stream/files/watch/{project}`: a page that follows what changes in the machine while somebody looks at it."""

import asyncio
import json
from collections import deque
from typing import Annotated, Any

import structlog
from pydantic import Field, ValidationError
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from aether.contracts.problem import Invalid, NotFound, Refusal
from aether.files.api.asked import Body
from aether.files.api.door import Door
from aether.files.api.views import text
from aether.files.deps.files import Files
from aether.files.deps.ports import Changed, How, Watch
from aether.files.deps.visits import Reason
from aether.files.domain.paths import path_of
from aether.kit.grants import SUBPROTOCOL, Grant
from aether.kit.http import problem_response

REVOKED, NO_RIGHT, GONE, TRY_LATER = 4001, 4003, 4004, 1013
CODES = {401: REVOKED, 403: NO_RIGHT, 404: GONE}
MOST_FOLDERS, MOST_FILES = 500, 500
# A page that does not read is told, when it does, to fetch everything again.
MOST_WAITING = 200

Message = dict[str, Any]

log = structlog.get_logger()


class Look(Body):
    """Replaces what was looked at before."""

    folders: Annotated[list[str], Field(max_length=MOST_FOLDERS)] = []
    files: Annotated[list[str], Field(max_length=MOST_FILES)] = []


def watch_route(files: Files, door: Door) -> WebSocketRoute:
    async def watch(socket: WebSocket) -> None:
        try:
            headers = list(socket.scope["headers"])
            grant = await door.admit(headers, socket.path_params["project_id"], writes=False)
            watcher = Watcher(socket, files, grant)
            with files.watchers.under_way(grant, watcher.cut), files.journal.watched(grant.project_id):
                await socket.accept(SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None)
                await watcher.run()
        except Refusal as refusal:
            await socket.send_denial_response(_denial(refusal))
        except WebSocketDisconnect:
            return

    return WebSocketRoute("/stream/files/watch/{project_id:uuid}", watch)


def _denial(refusal: Refusal) -> Response:
    return problem_response(refusal.problem())


class Watcher:
    """One page, and the listener of its watch. Once accepted, a refusal is a message and a close."""

    def __init__(self, socket: WebSocket, files: Files, grant: Grant) -> None:
        self._socket = socket
        self._files = files
        self._grant = grant
        self._watch: Watch | None = None
        self._waiting: deque[Message] = deque()
        self._wake = asyncio.Event()
        self._end: tuple[int, str] | None = None

    async def run(self) -> None:
        """Until the page goes, or is closed."""
        sides = {asyncio.create_task(self._write()), asyncio.create_task(self._read())}
        try:
            done, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            for side in done:
                side.result()
        finally:
            for side in sides:
                side.cancel()
            await asyncio.wait(sides)
            if self._watch is not None:
                self._watch.close()

    def cut(self, reason: Reason) -> None:
        if reason == "revoked":
            self._close(REVOKED, "signed out or revoked")
        else:
            self._refuse(NotFound("There is no such project."))

    # The watch.

    def looking(self, how: How) -> None:
        self._tell({"type": "looking", "how": how})

    def changed(self, changed: Changed) -> None:
        folders = [{"path": text(f.path), "names": [text(name) for name in f.names]} for f in changed.folders]
        files = [text(path) for path in changed.files]
        self._tell({"type": "changed", "folders": folders, "files": files})
        self._files.journal.noticed(self._grant, _paths(folders, files))

    def lost(self) -> None:
        self._tell({"type": "lost"})

    def ended(self, refusal: Refusal) -> None:
        self._refuse(refusal)

    # The page.

    async def _read(self) -> None:
        """Until the page goes. After a refusal it is the other side that ends, when it has said why."""
        try:
            self._watch = await self._files.hand.watch(self._grant.project_id, self)
            while True:
                self._heard(self._watch, await self._socket.receive_text())
        except KeyError:
            self._refuse(Invalid("A message is not text."))
        except Refusal as refusal:
            self._refuse(refusal)
        await asyncio.Event().wait()

    def _heard(self, watch: Watch, message: str) -> None:
        content = _understood(message)
        if content["type"] == "ping":
            self._tell({"type": "pong", "t": content.get("t")})
        elif content["type"] == "look":
            look = _look(content)
            watch.look({path_of(p, None) for p in look.folders}, {path_of(p, None) for p in look.files})

    async def _write(self) -> None:
        while True:
            while self._waiting:
                await self._socket.send_json(self._waiting.popleft())
            if self._end is not None:
                await self._socket.close(*self._end)
                return  # the other side waits for nothing but this
            self._wake.clear()
            await self._wake.wait()

    def _tell(self, message: Message) -> None:
        if self._end is not None:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.clear()
            message = {"type": "lost"}
        self._waiting.append(message)
        self._wake.set()

    def _refuse(self, refusal: Refusal) -> None:
        problem = refusal.problem()
        self._tell({"type": "problem", "problem": problem.model_dump(mode="json", exclude_none=True)})
        self._close(CODES.get(problem.status, TRY_LATER), problem.title)

    def _close(self, code: int, reason: str) -> None:
        if self._end is None:
            self._end = (code, reason)
            self._wake.set()


def _understood(message: str) -> Message:
    try:
        content = json.loads(message)
    except ValueError:
        content = None
    if not isinstance(content, dict) or "type" not in content:
        raise Invalid("A message is JSON with a type.")
    return content


def _look(content: Message) -> Look:
    try:
        return Look.model_validate(content)
    except ValidationError:
        raise Invalid(
            f"Look at no more than {MOST_FOLDERS} folders and {MOST_FILES} files, by their paths."
        ) from None


def _paths(folders: list[Message], files: list[str]) -> list[str]:
    """What has changed, each once. What git keeps for itself is no news."""
    inside = [f"{f['path'].rstrip('/')}/{name}" for f in folders for name in f["names"]]
    return [path for path in dict.fromkeys([*inside, *files]) if "/.git/" not in f"{path}/"]
