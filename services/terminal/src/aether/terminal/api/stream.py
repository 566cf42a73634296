"""`/stream/terminal/{id}`: a person or an onlooker at a session."""

import asyncio
import json
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from aether.contracts.ids import TerminalId
from aether.contracts.problem import NotFound, Refusal
from aether.contracts.terminal import Columns, Rows
from aether.kit.grants import Grant
from aether.terminal.api.socket import WebSocket
from aether.terminal.deps import messages
from aether.terminal.deps.session import UNSENT_BYTES, Session
from aether.terminal.deps.terminals import Terminals
from aether.terminal.deps.viewer import Viewer
from aether.terminal.errors import NotYourRight

CODES = {403: messages.NO_RIGHT, 404: messages.GONE, 410: messages.GONE}


class Resize(BaseModel):
    model_config = ConfigDict(extra="ignore")

    cols: Columns
    rows: Rows


class TerminalTalk:
    """One viewer's conversation; see the protocol in the service's README."""

    def __init__(self, terminals: Terminals, terminal_id: UUID, query: dict[str, str], grant: Grant) -> None:
        self._terminals = terminals
        self._id = TerminalId(terminal_id)
        self._query = query
        self._grant = grant
        self._session: Session | None = None
        self._viewer: Viewer
        self._joining: asyncio.Task[None] | None = None
        self._early = bytearray()  # typed before the session was found
        self._socket: WebSocket

    def opened(self, socket: WebSocket) -> None:
        self._socket = socket
        self._viewer = Viewer(socket, self._grant)
        self._joining = asyncio.create_task(self._join())

    def bytes_received(self, data: bytes) -> None:
        if not self._viewer.may_type:
            return
        if self._session is not None:
            self._session.typed(data)
        elif len(self._early) + len(data) <= UNSENT_BYTES:
            self._early += data

    def text_received(self, text: str) -> None:
        try:
            message = json.loads(text)
            kind = message["type"]
        except (ValueError, TypeError, KeyError):
            return
        if kind == "ping":
            self._socket.tell({"type": "pong", "t": message.get("t")})
        elif self._session is not None:
            self._control(self._session, kind, message)

    def drained(self) -> None:
        if self._session is not None:
            self._session.drained(self._viewer)

    def closed(self) -> None:
        if self._joining is not None:
            self._joining.cancel()
        if self._session is not None:
            self._session.leave(self._viewer)

    def _control(self, session: Session, kind: Any, message: dict[str, Any]) -> None:
        if kind == "ack" and isinstance(message.get("offset"), int):
            session.acknowledged(self._viewer, message["offset"])
        elif kind == "resize" and self._viewer.may_type and (size := _size(message)):
            session.resize(size.cols, size.rows)

    async def _join(self) -> None:
        try:
            self._check_right()
            session = await self._terminals.session(self._id, self._grant.account_id)
            if session.terminal.project_id != self._grant.project_id:
                raise NotFound("There is no such terminal.")
            self._session = session
            if self._early:
                session.typed(bytes(self._early))
            if self._viewer.may_type and (size := _size(self._query)):
                session.resize(size.cols, size.rows)
            await session.join(self._viewer, _number(self._query, "offset"), _number(self._query, "epoch"))
        except Refusal as refusal:
            self._refuse(refusal)

    def _check_right(self) -> None:
        if self._grant.right not in ("input", "watch") or self._grant.resource != str(self._id):
            raise NotYourRight("This grant is not for this terminal.")

    def _refuse(self, refusal: Refusal) -> None:
        problem = refusal.problem()
        self._socket.tell(messages.problem(problem))
        code = CODES.get(problem.status, messages.TRY_LATER)
        self._socket.close(code, problem.title)


def _size(values: dict[str, Any]) -> Resize | None:
    try:
        return Resize.model_validate(values)
    except ValidationError:
        return None


def _number(query: dict[str, str], name: str) -> int | None:
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
