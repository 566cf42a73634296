"""Sitting at a terminal: one of a person's own with the command in it, and a session of a machine for it."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection

from aether.testkit.eventually import eventually


class Tty:
    """A terminal with the command in it."""

    def __init__(self, process: "subprocess.Popen[bytes]", side: int) -> None:
        self.process = process
        self.side = side
        self.seen = b""

    def look(self) -> None:
        with contextlib.suppress(OSError):
            self.seen += os.read(self.side, 65536)

    async def until(self, text: bytes) -> None:
        await eventually(lambda: text in self.seen, within=20)

    def type(self, data: bytes) -> None:
        os.write(self.side, data)

    def resize(self, cols: int, rows: int) -> None:
        fcntl.ioctl(self.side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    async def end(self) -> int:
        return await asyncio.to_thread(self.process.wait, 20)


@contextlib.asynccontextmanager
async def terminal(person: Any, *arguments: str) -> AsyncIterator[Tty]:
    ours, theirs = pty.openpty()
    environ = {n: v for n, v in person.environment().items() if n not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(  # noqa: ASYNC220 - asyncio's own cannot give it a controlling terminal
        person.command(*arguments),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no thread holds a lock here
    )
    os.close(theirs)
    tty = Tty(process, ours)
    asyncio.get_running_loop().add_reader(ours, tty.look)
    try:
        yield tty
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        process.kill()
        process.wait()
        os.close(ours)


class Shell:
    """A session that numbers its bytes, echoes, and may be told to lose its viewer."""

    def __init__(self) -> None:
        self.stream = b"welcome\r\n"
        self.joins: list[dict[str, str]] = []
        self.joined = ""  # the path of the last
        self.told: list[dict[str, Any]] = []
        self.connection: ServerConnection | None = None

    async def __call__(self, connection: ServerConnection) -> None:
        self.connection = connection
        assert connection.request is not None
        self.joined = urlsplit(connection.request.path).path
        asked = {n: v[0] for n, v in parse_qs(urlsplit(connection.request.path).query).items()}
        self.joins.append(asked)
        offset = int(asked["offset"]) if asked.get("epoch") == "5" else 0
        await connection.send(json.dumps({"type": "hello", "epoch": 5, "offset": offset, "right": "input"}))
        await connection.send(self.stream[offset:])
        async for message in connection:
            if isinstance(message, str):
                self.told.append(json.loads(message))
            elif message == b"exit\r":
                await connection.send(json.dumps({"type": "exit", "code": 3}))
            else:
                self.stream += message
                await connection.send(message)
