"""What both ends of a comparison have in common: something to type into and to read from."""

import re
import time
from typing import Protocol

# What a terminal program sends beside text: tmux moves the cursor and sets colours around a character.
STEERING = re.compile(rb"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[()][0-9A-Z]|[=>78])")


class Line(Protocol):
    """A shell behind a socket or behind ssh."""

    def send(self, data: bytes) -> None: ...

    def output(self, timeout: float = 20) -> bytes: ...

    def until(self, mark: bytes, timeout: float = 60) -> int: ...

    def quiet(self, seconds: float = 0.3) -> None: ...


def make_raw_echo(line: Line) -> None:
    """Put `cat` behind a raw pty, so that each byte comes back once and by itself."""
    line.until(b"$")
    line.quiet(0.05)
    line.send(b"stty raw -echo; echo READY; exec cat\r")
    line.until(b"READY\n")
    line.quiet(0.1)


def echo_times(line: Line, rounds: int) -> list[float]:
    """Seconds from writing one byte until it comes back, one after another."""
    times = []
    for turn in range(rounds):
        # Each byte differs from the last, so that a late one is never taken for the next one's echo.
        key = bytes([ord("a") + turn % 26])
        began = time.perf_counter()
        line.send(key)
        while key not in STEERING.sub(b"", line.output()):
            pass
        times.append(time.perf_counter() - began)
    return times


def text_time(line: Line, file: str) -> float:
    """Seconds from asking for a file's text until its last byte has come."""
    line.quiet(0.5)
    began = time.perf_counter()
    # The mark is put together by printf, so that the typed command itself does not hold it.
    line.send(f"cat {file}; printf 'END-%s\\n' OF-TEXT\r".encode())
    line.until(b"END-OF-TEXT", timeout=120)
    return time.perf_counter() - began
