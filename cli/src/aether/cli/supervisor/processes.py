"""Starting a process that cannot outlive its supervisor, and finding those of a supervisor that was killed."""

import ctypes
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1


def dies_with_parent(number: signal.Signals) -> Callable[[], None]:
    """What a child runs before exec so that the kernel sends it `number` when its parent dies.

    It runs after the uid was changed, because changing it would forget the wish.
    """
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def arrange() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # the parent died between fork and here
            os.kill(os.getpid(), signal.SIGKILL)

    return arrange


@dataclass(frozen=True)
class ProcessRecord:
    """A process as the next supervisor may find it; the start time tells it from a pid used again."""

    name: str
    pid: int
    started: float

    @classmethod
    def of(cls, name: str, pid: int) -> "ProcessRecord | None":
        """The record of a process that runs now; None if it has ended already."""
        started = started_at(pid)
        return cls(name, pid, started) if started is not None else None

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return started_at(self.pid) == self.started


def started_at(pid: int) -> float | None:
    """When a process started, on a clock nobody sets; None if it does not run."""
    try:
        # Ticks since boot; psutil adds the wall clock's idea of the boot, which moves when the clock is set.
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # One that ended and that its parent has not yet asked about is as good as gone.
    return None if fields[0] in "ZX" else float(fields[19])


class ProcessBook:
    """The parts that run, in a file the next supervisor reads if this one could not clean up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records: dict[str, ProcessRecord] = {}

    def note(self, name: str, pid: int) -> None:
        """Remember a part's present process."""
        record = ProcessRecord.of(name, pid)
        if record is not None:
            self._records[name] = record
            self._write()

    def clear(self) -> None:
        """Forget all: everything was stopped."""
        self._records.clear()
        self._write()

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps([vars(record) for record in self._records.values()]))
        fresh.rename(self._path)


def end_leftovers(path: Path) -> list[str]:
    """Kill what a supervisor that was killed left running, and say which parts that were.

    Only the holder of the home's lock may call this. A pid that now belongs to another process is spared.
    """
    left = [record for record in _read(path) if record.alive()]
    for record in left:
        kill_group(record.pid)
    end = time.monotonic() + 5
    while any(record.alive() for record in left) and time.monotonic() < end:
        # They are no children of ours, so there is nothing to wait on: their end shows only when looked for.
        time.sleep(0.01)
    path.unlink(missing_ok=True)
    return [record.name for record in left]


def _read(path: Path) -> list[ProcessRecord]:
    if not path.exists():
        return []
    return [ProcessRecord(**entry) for entry in json.loads(path.read_text())]


def kill_group(pid: int) -> None:
    """Kill -9 a process and the group it leads."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
