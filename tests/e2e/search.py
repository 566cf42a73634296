"""Where a secret lies in plain: in which files of an aether and of its machines, and with which processes."""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from aether.testkit.stack import Stack

# What a machine without walls has in the host's /tmp; tests and measurements have folders beside it.
OF_A_MACHINE = re.compile(r"aether-[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")


def files_holding(stack: Stack, secret: str) -> list[Path]:
    """In all of its home, with logs, traces, volumes and machines' /tmp, and in what machines have elsewhere."""
    places = [stack.home, *outside_of_home()]
    return [path for place in places for path in files_below(place) if holds(path, secret.encode())]


def processes_with(secret: str) -> list[psutil.Process]:
    """Those of this computer that have it in their arguments or their environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(secret in said for said in (*process.cmdline(), *process.environ().values())):
                found.append(process)
    return found


def outside_of_home() -> list[Path]:
    """The folders of machines in memory, and in the host's /tmp; each once, though many processes show it."""
    found = {}
    for folder in _outside_of_home():
        with contextlib.suppress(OSError):
            place = folder.stat()
            found[place.st_dev, place.st_ino] = folder
    return list(found.values())


def _outside_of_home() -> Iterator[Path]:
    """A machine with walls has a tmpfs of its own, which is seen through its processes."""
    for place in (Path(tempfile.gettempdir()), Path("/tmp")):
        yield from (path for path in place.glob("aether-*") if OF_A_MACHINE.fullmatch(path.name))
    yield from Path("/dev/shm").glob("aether-*")
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if "AETHER_MACHINE_ID" in process.environ():
                yield from Path("/proc", str(process.pid), "root", "dev", "shm").glob("aether-*")


def files_below(place: Path) -> Iterator[Path]:
    """Folders may vanish meanwhile, which this walk bears and rglob() does not."""
    for folder, _, names in os.walk(place):
        yield from (Path(folder, name) for name in names)


def holds(path: Path, secret: bytes) -> bool:
    try:
        return path.is_file() and not path.is_symlink() and secret in path.read_bytes()
    except OSError:
        return False  # it is gone meanwhile
