"""Programs of the machine that work for a request: git, ripgrep, and this one again."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

from aether.files.adapters.hand.program.confined import Root
from aether.files.adapters.hand.program.frames import frame

PIECE = 64 * 1024


class Task:
    """What a request may have running; cancelled, it ends, and nothing new begins."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._children: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        with self._lock:
            self._cancelled.set()
            for child in self._children:
                child.kill()

    @contextmanager
    def child(
        self,
        words: list[str],
        root: Root,
        *,
        seconds: float,
        env: Mapping[str, str] | None = None,
        feed: bool = False,
    ) -> Iterator[Child]:
        """A program in the project's folder, whose output is read; killed on leaving, or when its time is up."""
        process = subprocess.Popen(
            words,
            # Whoever replaces the folder now does not change where this begins.
            cwd=f"/proc/self/fd/{root.fd}",
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if feed else subprocess.PIPE,
        )
        child = Child(process, seconds)
        with self._lock:
            self._children.add(process)
            if self.cancelled():
                process.kill()
        try:
            yield child
        finally:
            with self._lock:
                self._children.discard(process)
            child.end()


class Child:
    """A running program. `late` says that it was killed because its time was up."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.late = False
        self._process = process
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()
        self._complaint = b""
        self._listener: threading.Thread | None = None
        if process.stderr is not None:
            self._listener = threading.Thread(target=self._listen, args=(process.stderr,), daemon=True)
            self._listener.start()

    def feed(self, data: bytes) -> None:
        """All that it is told. If it has ended already, its output tells why."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(data)
            self._process.stdin.close()

    @property
    def stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def pieces(self) -> Iterator[bytes]:
        """What it prints, as it comes."""
        while True:
            piece = os.read(self.stdout.fileno(), PIECE)
            if not piece:
                return
            yield piece

    def split(self, separator: bytes) -> Iterator[bytes]:
        """What it prints, cut at a separator of one byte."""
        rest = b""
        for piece in self.pieces():
            *whole, rest = (rest + piece).split(separator)
            yield from whole
        if rest:
            yield rest

    def read(self) -> bytes:
        return self.stdout.read()

    def wait(self) -> int:
        return self._process.wait()

    def complaint(self) -> str:
        """The beginning of what it said on its standard error."""
        if self._listener is not None:
            self._listener.join()
        return self._complaint.decode("utf-8", "replace")

    def end(self) -> None:
        self._timer.cancel()
        self._process.kill()
        self._process.wait()
        if self._listener is not None:
            self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def _expire(self) -> None:
        self.late = True
        self._process.kill()

    def _listen(self, pipe: IO[bytes]) -> None:
        while True:
            piece = pipe.read(PIECE)
            if not piece:
                return
            self._complaint = (self._complaint + piece)[:PIECE]


class Again:
    """This program once more: the words it was started with, and what it was sent before its first frame."""

    def __init__(self, payload: bytes) -> None:
        with open("/proc/self/cmdline", "rb") as words:
            self.words = [os.fsdecode(word) for word in words.read().split(b"\0")[:-1]]
        self._payload = payload

    def start(self, config: dict[str, Any]) -> bytes:
        """What it reads to begin with another configuration."""
        return b"%d\n" % len(self._payload) + self._payload + frame(config)


def program(name: str) -> str | None:
    return shutil.which(name)
