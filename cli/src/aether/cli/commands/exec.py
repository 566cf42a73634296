"""aether exec: one command in a project's machine; its streams apart, its exit code ours."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from typing import Annotated, Any

import typer
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from aether.cli.commands.login import AsJson
from aether.cli.commands.projects import Called, tell
from aether.cli.remote.api import Api, signed_in
from aether.cli.remote.refusals import Refused, plainly
from aether.cli.remote.socket import NotNow, open_socket, problem_of

STDOUT, STDERR = 1, 2
PIECE = 64 * 1024
# Passed on to the command instead of ending this one.
SIGNALS = {signal.SIGINT: "INT", signal.SIGTERM: "TERM", signal.SIGHUP: "HUP", signal.SIGQUIT: "QUIT"}


@plainly
def execute(
    called: Called,
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND", help="The command and its arguments.")],
    cwd: Annotated[str, typer.Option(help="The folder to run it in; the workspace if not given.")] = "",
    no_stdin: Annotated[bool, typer.Option("--no-stdin", "-n", help="Give it no standard input.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a command in a project's machine, starting it if need be. Ends with the command's exit code."""
    argv = command[1:] if command[:1] == ["--"] else command
    if not argv:
        raise Refused("Say what to run, such as: aether exec demo -- ls -la", 2)
    with signed_in() as api:
        project = api.until_running(api.project(called), tell)
        run = Run(api, project["id"], {"type": "run", "argv": argv, **({"cwd": cwd} if cwd else {})})
        code = asyncio.run(run.to_its_end(with_stdin=not no_stdin, gather=as_json))
    if as_json:
        print(json.dumps({"exit_code": code, "stdout": run.text(STDOUT), "stderr": run.text(STDERR)}))
    raise typer.Exit(code)


class Run:
    """One command, from its first byte to its exit code."""

    def __init__(self, api: Api, project_id: str, order: dict[str, Any]) -> None:
        self._api = api
        self._path = f"/stream/terminal/exec/{project_id}"
        self._order = order
        self._kept = {STDOUT: bytearray(), STDERR: bytearray()}
        self._gather = False

    def text(self, stream: int) -> str:
        """What was gathered of a stream."""
        return self._kept[stream].decode(errors="replace")

    async def to_its_end(self, *, with_stdin: bool, gather: bool) -> int:
        """The exit code. Raises Refused if the command could not be run or was lost."""
        self._gather = gather
        try:
            socket = await open_socket(self._api, self._path)
        except (NotNow, OSError, TimeoutError) as error:
            raise Refused(
                "The project's machine cannot be reached right now; try again in a moment.", 5
            ) from error
        async with socket:
            self._pass_signals(socket)
            feeding = asyncio.create_task(self._feed(socket, with_stdin=with_stdin))
            try:
                return await self._listen(socket)
            finally:
                feeding.cancel()

    async def _listen(self, socket: ClientConnection) -> int:
        try:
            async for message in socket:
                if isinstance(message, bytes):
                    self._write(message[0], message[1:])
                    continue
                told = json.loads(message)
                if told["type"] == "exit":
                    return int(told["code"])
                if told["type"] == "problem":
                    raise problem_of(told)
        except ConnectionClosed as closed:
            raise Refused("The connection was lost; whether the command still runs is not known.", 5) from closed
        raise Refused("The connection ended before the command did.", 5)

    def _write(self, stream: int, data: bytes) -> None:
        if self._gather:
            self._kept[stream] += data
            return
        target = sys.stdout.buffer if stream == STDOUT else sys.stderr.buffer
        target.write(data)
        target.flush()

    async def _feed(self, socket: ClientConnection, *, with_stdin: bool) -> None:
        """The order, then standard input. That the connection ended is told by who listens to it."""
        with contextlib.suppress(ConnectionClosed):
            await socket.send(json.dumps(self._order))
            if with_stdin:
                await self._feed_stdin(socket)
            await socket.send('{"type":"eof"}')

    async def _feed_stdin(self, socket: ClientConnection) -> None:
        pieces: asyncio.Queue[bytes] = asyncio.Queue(8)
        loop = asyncio.get_running_loop()
        threading.Thread(target=_read_stdin, args=(loop, pieces), daemon=True).start()
        while piece := await pieces.get():
            await socket.send(piece)

    def _pass_signals(self, socket: ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[None]] = set()

        def passed(name: str) -> None:
            task = asyncio.create_task(socket.send(json.dumps({"type": "signal", "name": name})))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        for number, name in SIGNALS.items():
            loop.add_signal_handler(number, passed, name)


def _read_stdin(loop: asyncio.AbstractEventLoop, pieces: "asyncio.Queue[bytes]") -> None:
    """In a thread: a regular file cannot be waited for by the loop, and a read of a pipe would block it."""
    while True:
        try:
            piece = os.read(sys.stdin.fileno(), PIECE)
        except (OSError, ValueError):
            piece = b""
        try:
            # Waits while the queue is full: no more is read than the socket takes.
            asyncio.run_coroutine_threadsafe(pieces.put(piece), loop).result()
        except (RuntimeError, asyncio.CancelledError):
            return
        if not piece:
            return
