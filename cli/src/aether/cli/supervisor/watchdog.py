"""Ends the machines if the supervisor is killed and cannot: a shell that waits on a pipe only we hold."""

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

# A line means that all was stopped in order; an end without one means the supervisor is gone.
SCRIPT = 'read _ || exec "$@"'
NAME = "watchdog"


class Watchdog:
    """Runs a command if this process dies without having called `release`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", SCRIPT, "aether-watchdog", *command],
            cwd="/",
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The watchdog's own process, which the next supervisor ends before it starts anything."""
        return self._process.pid

    def release(self) -> None:
        """All was stopped in order: the watchdog ends and does nothing."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(b"\n")
            self._process.stdin.close()
        self._process.wait(timeout=1)
