"""Starting a process that cannot outlive its supervisor, and finding those of a supervisor that was killed."""

import ctypes
import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

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
        return float(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    except (FileNotFoundError, ProcessLookupError):
        return None


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
    ended = []
    for record in _read(path):
        if record.alive():
            kill_group(record.pid)
            ended.append(record.name)
    psutil.wait_procs([psutil.Process(r.pid) for r in _read(path) if r.alive()], timeout=5)
    path.unlink(missing_ok=True)
    return ended


def _read(path: Path) -> list[ProcessRecord]:
    if not path.exists():
        return []
    return [ProcessRecord(**entry) for entry in json.loads(path.read_text())]


def kill_group(pid: int) -> None:
    """Kill -9 a process and the group it leads."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
