"""`/stream/terminal/exec/{project}`: one command, its output and errors apart, its exit code."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from aether.contracts.problem import Invalid, Problem, Refusal
from aether.contracts.terminal import Columns, Rows
from aether.kit.grants import Grant
from aether.terminal.api.socket import WebSocket
from aether.terminal.deps import messages
from aether.terminal.deps.ports import Order, Run
from aether.terminal.deps.terminals import Terminals
from aether.terminal.errors import NotYourRight

STDOUT, STDERR = b"\x01", b"\x02"
FRAME = 64 * 1024


class RunMessage(BaseModel):
    """The first message. Either `argv` or `command`, which a shell reads."""

    model_config = ConfigDict(extra="ignore")

    argv: list[str] = Field(default=[], max_length=4096)
    command: str = ""
    cwd: str = ""
    env: dict[str, str] = {}
    pty: bool = False
    cols: Columns = 80
    rows: Rows = 24

    @model_validator(mode="after")
    def one_of_them(self) -> "RunMessage":
        if bool(self.argv) == bool(self.command):
            raise ValueError("give argv or command")
        return self

    def order(self) -> Order:
        return Order(
            argv=tuple(self.argv),
            command=self.command,
            cwd=self.cwd,
            env=self.env,
            pty=self.pty,
            cols=self.cols,
            rows=self.rows,
        )


class ExecTalk:
    """One command's conversation, and the listener of its run."""

    def __init__(self, terminals: Terminals, project_id: UUID, grant: Grant) -> None:
        self._terminals = terminals
        self._project_id = project_id
        self._grant = grant
        self._socket: WebSocket
        self._run: Run | None = None
        self._starting: asyncio.Task[None] | None = None
        self._early: list[Callable[[Run], None]] = []  # what came before the command had started
        self._over = False

    # The socket.

    def opened(self, socket: WebSocket) -> None:
        self._socket = socket
        self._terminals.cuts.add(self._cut)
        if self._grant.right != "exec" or self._grant.project_id != self._project_id:
            self._refuse(NotYourRight("This grant is not for this project."), messages.NO_RIGHT)

    def bytes_received(self, data: bytes) -> None:
        self._do(lambda run: run.write(data))

    def text_received(self, text: str) -> None:
        try:
            message: dict[str, Any] = dict(json.loads(text))
        except (ValueError, TypeError):
            self._refuse(Invalid("A message is not JSON."))
            return
        match message.get("type"):
            case "run" if self._starting is None and not self._over:
                self._starting = asyncio.create_task(self._start(message))
            case "eof":
                self._do(lambda run: run.write_eof())
            case "signal":
                self._do(lambda run: run.signal(str(message.get("name", "")).removeprefix("SIG")))
            case "resize":
                self._resize(message)
            case "ping":
                self._socket.tell({"type": "pong", "t": message.get("t")})

    def drained(self) -> None:
        if self._run is not None:
            self._run.resume()

    def closed(self) -> None:
        self._terminals.cuts.discard(self._cut)
        if self._starting is not None:
            self._starting.cancel()
        if self._run is not None and not self._over:
            self._run.abandon()
        self._over = True

    # The run.

    def output(self, data: bytes, *, error: bool) -> None:
        self._terminals.seen_in(self._grant, "output")
        stream = STDERR if error else STDOUT
        for at in range(0, len(data), FRAME):
            self._socket.send(stream + data[at : at + FRAME])
        if not self._socket.writable and self._run is not None:
            self._run.pause()

    def ended(self, exit_code: int | None) -> None:
        if self._over:
            return
        self._over = True
        if exit_code is None:
            self._socket.tell(messages.problem(LOST))
        else:
            self._socket.tell(messages.exited(exit_code, "exited"))
        self._socket.close(1000)

    def pause_input(self) -> None:
        self._socket.pause_reading()

    def resume_input(self) -> None:
        self._socket.resume_reading()

    # Its own.

    async def _start(self, message: dict[str, Any]) -> None:
        try:
            order = RunMessage.model_validate(message).order()
            self._terminals.seen_in(self._grant, "input")
            run = await self._terminals.runs(self._grant.project_id, order, self)
        except ValidationError:
            self._refuse(Invalid("The run message needs either argv or command, and nothing malformed."))
        except Refusal as refusal:
            self._refuse(refusal)
        else:
            self._begin(run)

    def _begin(self, run: Run) -> None:
        self._run = run
        for act in self._early:
            act(run)
        self._early = []
        self._socket.resume_reading()
        if not self._socket.writable:
            run.pause()

    def _do(self, act: Callable[[Run], None]) -> None:
        if self._run is not None:
            act(self._run)
        elif not self._over:
            self._early.append(act)
            if self._starting is not None:
                self._socket.pause_reading()

    def _resize(self, message: dict[str, Any]) -> None:
        try:
            size = RunMessage.model_validate({**message, "command": "-"})
        except ValidationError:
            return
        self._do(lambda run: run.resize(size.cols, size.rows))

    def _refuse(self, refusal: Refusal, code: int = 1000) -> None:
        if not self._over:
            self._over = True
            self._socket.tell(messages.problem(refusal.problem()))
            self._socket.close(code)

    def _cut(self, condition: Callable[[Grant], bool]) -> None:
        if condition(self._grant):
            self._socket.close(messages.REVOKED, "signed out or revoked")
            if self._run is not None:
                self._run.abandon()
            self._over = True


LOST = Problem(
    type="machine-unreachable",
    title="The machine stopped answering",
    status=503,
    detail="The connection to the machine was lost while the command ran. It may have been stopped.",
)
