"""The shell command on a terminal of its own: raw, resized, resumed, detached."""

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

from aether.cli.remote.terminal import Chord
from aether.testkit.eventually import eventually


def test_the_chord_detaches_and_everything_else_passes() -> None:
    assert Chord().feed(b"ls\x1d") == (b"ls", False)
    assert Chord().feed(b"ls\x1dd never sent") == (b"ls", True)
    assert Chord().feed(b"\x1d\x1dx\x1dy") == (b"\x1dx\x1dy", False)
    chord = Chord()
    assert chord.feed(b"\x1d") == (b"", False)
    assert chord.feed(b"d") == (b"", True)


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
        self.told: list[dict[str, Any]] = []
        self.connection: ServerConnection | None = None

    async def __call__(self, connection: ServerConnection) -> None:
        self.connection = connection
        assert connection.request is not None
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


async def started(person: Any) -> Shell:
    await person.run("projects", "create", "demo", "--start")
    shell = Shell()
    person.stand.streams.behave = shell
    return shell


async def test_a_shell_shows_types_resizes_and_ends_with_the_programs_code(signed_in: Any) -> None:
    shell = await started(signed_in)
    async with terminal(signed_in, "shell", "demo") as tty:
        await tty.until(b"Ctrl-] d detaches")
        await tty.until(b"welcome")
        tty.type(b"echo \x03\x1a")
        await tty.until(b"echo \x03\x1a")
        tty.resize(100, 40)
        await eventually(lambda: {"type": "resize", "cols": 100, "rows": 40} in shell.told)
        tty.type(b"exit\r")
        assert await tty.end() == 3


async def test_a_shell_whose_connection_dies_goes_on_where_it_was(signed_in: Any) -> None:
    shell = await started(signed_in)
    async with terminal(signed_in, "shell", "demo") as tty:
        await tty.until(b"welcome")
        tty.type(b"one ")
        await tty.until(b"one ")
        assert shell.connection is not None
        shell.connection.transport.abort()
        shell.stream += b"said meanwhile "
        await tty.until(b"said meanwhile ")
        tty.type(b"two ")
        await tty.until(b"two ")
        assert shell.joins[1]["epoch"] == "5"
        assert shell.joins[1]["offset"] == str(len(b"welcome\r\none "))
        assert tty.seen.count(b"welcome") == tty.seen.count(b"said meanwhile ") == 1
        tty.type(b"\x1dd")
        assert await tty.end() == 0
        await tty.until(b"--attach")


async def test_a_shell_is_left_and_come_back_to(signed_in: Any) -> None:
    await started(signed_in)
    async with terminal(signed_in, "shell", "demo") as tty:
        await tty.until(b"welcome")
        tty.type(b"kept ")
        await tty.until(b"kept ")
        tty.type(b"\x1dd")
        await tty.until(b"--attach ")
        assert await tty.end() == 0
        attach = tty.seen.split(b"--attach ")[1].split()[0].decode()
    async with terminal(signed_in, "shell", "demo", "--attach", attach) as tty:
        await tty.until(b"welcome\r\nkept ")
        assert len(signed_in.stand.terminals.terminals) == 1


async def test_a_shell_ends_with_a_sentence_when_its_token_is_revoked(signed_in: Any) -> None:
    shell = await started(signed_in)
    async with terminal(signed_in, "shell", "demo") as tty:
        await tty.until(b"welcome")
        assert shell.connection is not None
        await shell.connection.close(4001, "signed out")
        await tty.until(b"Your sign-in has ended. Run: aether login")
        assert await tty.end() == 3


async def test_this_terminal_is_as_it_was_afterwards(signed_in: Any) -> None:
    await started(signed_in)
    async with terminal(signed_in, "shell", "demo") as tty:
        before = termios.tcgetattr(tty.side)
        await tty.until(b"welcome")
        assert termios.tcgetattr(tty.side) != before
        tty.type(b"\x1dd")
        await tty.until(b"--attach")
        assert termios.tcgetattr(tty.side) == before
