"""The two ways in which the program works: resident, for many requests at once, or for one with its bytes.

At the end of its standard input whoever sent it has gone: it stops what runs, removes what is unfinished and ends.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from aether.files.adapters.hand.program.children import Again, Task
from aether.files.adapters.hand.program.confined import Refused, refused
from aether.files.adapters.hand.program.frames import MARK, CutOff, body, frame, read_frame
from aether.files.adapters.hand.program.operations import STREAMS, Desk, Request, answer, stream
from aether.files.adapters.hand.program.reading import write_all
from aether.files.adapters.hand.program.staging import Staging
from aether.files.adapters.hand.program.walk import walk
from aether.files.adapters.hand.program.watching import Watcher
from aether.files.adapters.hand.program.writing import umask

OPEN_FILES = 16_384
END_SECONDS = 2.0


def main(stdin: BinaryIO, payload: bytes) -> None:
    """Begin as the first frame says: {"mode": "serve", "once" or "walk", "root", "home"}."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = OPEN_FILES if most == resource.RLIM_INFINITY else min(most, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, most))
    first = read_frame(stdin)
    if first is None:
        return
    config = first[0]
    if config["mode"] == "walk":
        walk(config)
        return
    out = _own_output()
    write_all(out, MARK)
    desk = Desk(config["root"], config["home"], umask(), Again(payload))
    if config["mode"] == "serve":
        Resident(stdin, out, desk).run()
    else:
        sys.exit(0 if once(stdin, out, desk) else 1)


def _own_output() -> int:
    """Standard output for frames alone: nothing that is printed by mistake may get between them."""
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return out


def outcome(failure: Exception) -> dict[str, Any]:
    """What is answered instead."""
    if isinstance(failure, OSError):
        failure = refused(failure)
    if isinstance(failure, ValueError):
        failure = Refused("invalid", "Something in this request is no path and no number.")
    if not isinstance(failure, Refused):
        failure = Refused("machine-failed", f"The program in the machine failed: {type(failure).__name__}.")
    return {"refused": failure.kind, "detail": failure.detail, **failure.more}


class Resident:
    """Answers requests, each in a thread of its own, and tells of changes in between."""

    def __init__(self, stdin: BinaryIO, out: int, desk: Desk) -> None:
        self._stdin, self._out, self._desk = stdin, out, desk
        self._writing = threading.Lock()
        self._running: dict[int, Task] = {}
        self._watcher = Watcher(desk.root, self._send)

    def run(self) -> None:
        with suppress(OSError, Refused), Staging(self._desk.home) as staging:
            staging.sweep()
        with suppress(CutOff):
            for header, payload in iter(lambda: read_frame(self._stdin), None):
                self._take(header, payload)
        for task in list(self._running.values()):
            task.cancel()
        end = time.monotonic() + END_SECONDS
        while self._running and time.monotonic() < end:
            # Tasks leave the table by themselves, in threads that may hang in a system call and are not joined.
            time.sleep(0.01)
        os._exit(0)

    def _take(self, header: dict[str, Any], payload: bytes) -> None:
        if "cancel" in header:
            task = self._running.get(header["cancel"])
            if task is not None:
                task.cancel()
        elif "look" in header:
            self._watcher.look(header["look"])
        else:
            task = self._running[header["id"]] = Task()
            threading.Thread(target=self._answer, args=(header, payload, task), daemon=True).start()

    def _answer(self, header: dict[str, Any], payload: bytes, task: Task) -> None:
        number = header["id"]

        def tell(part: Any) -> None:
            self._send({"id": number, "part": part})

        request = Request(self._desk, header, [payload], task, tell)
        try:
            said, data = answer(request)
            self._send({"id": number, "said": said}, data)
        except Exception as failure:  # noqa: BLE001 # one request that fails must not end the others
            self._send({"id": number, **outcome(failure)})
        finally:
            self._running.pop(number, None)

    def _send(self, header: dict[str, Any], payload: bytes = b"") -> None:
        data = frame(header, payload)
        # Where nobody reads any more, standard input will say so.
        with self._writing, suppress(OSError):
            write_all(self._out, data)


def once(stdin: BinaryIO, out: int, desk: Desk) -> bool:
    """One request. False if its bytes are not complete, or if it was refused."""
    signal.signal(signal.SIGTERM, _ended)
    signal.signal(signal.SIGHUP, _ended)
    first = read_frame(stdin)
    if first is None:
        return False
    told: list[bool] = []

    def tell(part: Any) -> None:
        told.append(True)
        write_all(out, frame({"said": part}))

    request = Request(desk, first[0], _body(stdin), Task(), tell)
    try:
        if first[0]["do"] in STREAMS:
            return stream(request, out) and _ended_well(stdin, out)
        tell(answer(request)[0])
    except CutOff:
        return False
    except Exception as failure:  # noqa: BLE001 # whatever it is, it is answered
        if not told:
            with suppress(OSError):
                write_all(out, frame(outcome(failure)))
        return False
    return True


def _ended_well(stdin: BinaryIO, out: int) -> bool:
    """Say that the body is complete, and wait until it has been taken: an end might overtake it."""
    write_all(out, body(0))
    stdin.read()
    return True


def _ended(number: int, _: object) -> None:
    sys.exit(128 + number)


def _body(stdin: BinaryIO) -> Iterator[bytes]:
    """The pieces of a body. Raises CutOff if it ends without having been ended."""
    while True:
        next_frame = read_frame(stdin)
        if next_frame is None:
            raise CutOff
        if not next_frame[1]:
            return
        yield next_frame[1]
