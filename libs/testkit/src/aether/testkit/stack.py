"""A whole aether as a person starts it: the supervisor in a process of its own, in a home of its own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aether.cli.embedded.ports import LOOPBACK, any_free_port
from aether.cli.supervisor.composition import answers_ready
from aether.cli.supervisor.logs import notice_in
from aether.cli.supervisor.processes import started_at
from aether.cli.supervisor.watchdog import NAME as WATCHDOG
from aether.testkit.eventually import eventually

COMMAND = (sys.executable, "-m", "aether.cli.main", "up")
SERVERS = ("postgres", "nats")
LAST, COMPLAINT = 5, 400  # lines of each part, characters of each line


class Stack:
    """One aether. Its parts may be killed by name; what it prints is in `output()`.

    `folder` must be one that dropped uids can walk through, such as the fixture `server_folder`.
    """

    def __init__(
        self, folder: Path, *, command: Sequence[str] = COMMAND, environ: Mapping[str, str] | None = None
    ) -> None:
        self.home = folder / "home"
        self._command = command
        self._environ = {**os.environ, **(environ or {}), "AETHER_HOME": str(self.home)}
        self._printed = folder / "printed.txt"
        self._process: subprocess.Popen[Any] | None = None
        self.web_port = any_free_port()

    @property
    def url(self) -> str:
        """Where a browser would go; it stays the same when the stack is stopped and started."""
        return f"http://localhost:{self.ports()['gateway']}"

    @property
    def pid(self) -> int:
        """The supervisor's pid."""
        assert self._process is not None
        return self._process.pid

    def ports(self) -> dict[str, int]:
        """The port of each part by name, and `jump` for ssh -J."""
        ports: dict[str, int] = json.loads((self.home / "ports.json").read_text())
        return ports

    def pids(self) -> dict[str, int]:
        """The present process of each part by name; empty once everything is stopped."""
        path = self.home / "processes.json"
        records = json.loads(path.read_text()) if path.exists() else []
        return {record["name"]: record["pid"] for record in records if record["name"] != WATCHDOG}

    def output(self) -> str:
        """Everything `aether up` printed since the last start, mails included."""
        return self._printed.read_text()

    def complaints(self) -> str:
        """The last of what its parts logged as a warning or worse, and who of them lives."""
        alive = {name: started_at(pid) is not None for name, pid in self.pids().items()}
        lines = [", ".join(f"{name} {'lives' if lives else 'has ended'}" for name, lives in alive.items())]
        for log in sorted((self.home / "logs").glob("*.log")):
            bad = [line for line in log.read_bytes().splitlines() if notice_in(log.stem, line)]
            lines += [f"{log.stem}: {line[:COMPLAINT].decode(errors='replace')}" for line in bad[-LAST:]]
        return "\n".join(lines)

    def begin(self) -> None:
        """Run `aether up` without waiting for it."""
        self._keep_jump_port()
        with self._printed.open("wb") as printed:
            self._process = subprocess.Popen(
                [*self._command, "--port", str(self.web_port)],
                env=self._environ,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _keep_jump_port(self) -> None:
        """Before the first start: of two that start at once, each would find the usual port free, and one fail."""
        book = self.home / "ports.json"
        if not book.exists():
            self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
            book.write_text(json.dumps({"jump": any_free_port()}))

    async def start(self, within: float = 60) -> float:
        """Run `aether up` and wait until it says that it is ready; how many seconds that took."""
        began = time.monotonic()
        self.begin()
        await eventually(self._said_ready, within=within)
        return time.monotonic() - began

    def _said_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"aether up ended by itself and said:\n{self.output()}"
        return "aether is ready at" in self.output()

    def kill(self, part: str) -> int:
        """Kill -9 one part; the pid it had."""
        pid = self.pids()[part]
        os.kill(pid, signal.SIGKILL)
        return pid

    async def kill_and_wait(self, part: str, within: float = 20) -> float:
        """Kill -9 one part and wait until its successor is ready; how many seconds that took."""
        began = time.monotonic()
        killed = self.kill(part)
        await eventually(lambda: self.pids().get(part, killed) != killed, within=within)
        await self.until_ready(part, within=within)
        return time.monotonic() - began

    async def until_ready(self, part: str, within: float = 20) -> None:
        """Wait until a part answers."""
        port = self.ports()[part]
        if part in SERVERS:
            await eventually(lambda: _accepts(port), within=within)
        else:
            await eventually(lambda: answers_ready(port), within=within)

    async def stop(self, number: signal.Signals = signal.SIGINT, within: float = 10) -> float:
        """Send Ctrl-C, as a terminal would, and wait until all is over; how many seconds that took."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(number)
        await asyncio.to_thread(self._process.wait, within)
        return time.monotonic() - began

    def close(self) -> None:
        """End whatever still runs; for the end of a test, however that came."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


@asynccontextmanager
async def standing(folder: Path, environ: Mapping[str, str] | None = None) -> AsyncIterator[Stack]:
    """A whole aether for as long as the block lasts; `folder` is made."""
    folder.mkdir(mode=0o711)
    running = Stack(folder, environ=environ)
    try:
        await running.start(within=150)
        yield running
    finally:
        running.close()


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
