"""A hand and the machine it works in, for tests of the hand alone; and the program without SSH around it."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from aether.contracts.ids import ProjectId, new_id
from aether.files.adapters.hand.hand import SshHand
from aether.files.adapters.hand.payload import PAYLOAD, WORDS
from aether.files.adapters.hand.program.frames import MARK, body, frame, read_frame
from aether.files.deps.ports import ANYTHING, Condition, Stream, Written
from aether.kit.ssh import MachineConnections
from aether.testkit.machine import TestMachine

from .conftest import Workspace

ANY = {"etags": None, "present": None, "refuse": False}


async def body_of(content: bytes, piece: int = 64 * 1024) -> AsyncIterator[bytes]:
    for at in range(0, len(content), piece):
        yield content[at : at + piece]


async def all_of(stream: Stream) -> bytes:
    """Everything, and then the stream is closed."""
    pieces = [piece async for piece in stream]
    await stream.aclose()
    return b"".join(pieces)


@dataclass
class Place:
    """One project in one machine."""

    machine: TestMachine
    hand: SshHand
    workspace: Workspace
    connections: MachineConnections
    project: ProjectId = field(default_factory=lambda: ProjectId(new_id()))

    async def read(self, path: str) -> bytes:
        content = await self.hand.open(self.project, path)
        return await all_of(await content.read())

    async def write(self, path: str, content: bytes, condition: Condition = ANYTHING) -> Written:
        return await self.hand.write(self.project, path, body_of(content), condition)

    def left(self) -> list[str]:
        """What is in the staging folder."""
        staging = self.machine.home / ".aether/staging"
        return sorted(path.name for path in staging.iterdir()) if staging.exists() else []

    def hands(self) -> list[int]:
        """The processes of the program in this machine."""
        found = subprocess.run(
            ["pgrep", "-f", "^python3 -IS -X utf8"], capture_output=True, text=True, check=False
        ).stdout
        return [int(line) for line in found.split() if self._is_ours(int(line))]

    def _is_ours(self, pid: int) -> bool:
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False
        return f"HOME={self.machine.home}".encode() in environment.split(b"\0")


@asynccontextmanager
async def placed(machine: TestMachine, *, rest_seconds: float = 60) -> AsyncIterator[Place]:
    connections = MachineConnections(machine.issue)
    hand = SshHand(connections, rest_seconds)
    yield Place(machine, hand, Workspace(machine.home / "workspace"), connections)
    await hand.close()
    await connections.close()


class Direct:
    """The program as a child of the test, with no SSH in between."""

    def __init__(self, home: Path, mode: str, **options: Any) -> None:
        self.home, self.root = home, home / "workspace"
        self.root.mkdir(exist_ok=True)
        self._number = 0
        words = [*options.pop("before", []), options.pop("python", "python3"), *WORDS[1:]]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
        self._out = cast("BinaryIO", self.process.stdout)
        self.send(PAYLOAD + frame({"mode": mode, "root": str(self.root), "home": str(home)}))
        assert self._out.read(len(MARK)) == MARK

    def send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send_piece(self, piece: bytes) -> None:
        self.send(body(len(piece)) + piece)

    def heard(self) -> tuple[Any, bytes]:
        said = read_frame(self._out)
        assert said is not None
        return said

    def ask(self, do: str, payload: bytes = b"", **asked: Any) -> tuple[dict[str, Any], bytes]:
        """The answer, with the parts that came before it."""
        self._number += 1
        self.send(frame({"id": self._number, "do": do, **asked}, payload))
        parts: list[Any] = []
        while True:
            header, data = self.heard()
            assert header.pop("id") == self._number
            if "part" not in header:
                return {**header, "parts": parts}, data
            parts += header["part"]

    def end(self) -> int:
        """Close its input and wait."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(10)
        self._close()
        return code

    def rest(self) -> bytes:
        """Close its input, and read what comes until its output ends."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        return self._out.read()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):  # what was not taken is not missed
                pipe.close()

    def left(self) -> list[str]:
        return sorted(path.name for path in (self.home / ".aether/staging").iterdir())


@contextmanager
def direct(home: Path, mode: str = "serve", **options: Any) -> Iterator[Direct]:
    hand = Direct(home, mode, **options)
    try:
        yield hand
    finally:
        if hand.process.poll() is None:
            hand.end()
        else:
            hand.kill()
