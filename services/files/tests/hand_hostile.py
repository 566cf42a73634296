"""A hostile program in the machine: it swaps folders and files for links that lead outside, all the time.

Run as a process of its own with the project's folder, the outside one and perhaps what to swap as arguments, until
its input ends.
"""

import ctypes
import os
import select
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

EXCHANGE = 2
# What is swapped, and what stands in for it; both in the project, so that each is there at any moment.
PAIRS = {"a": "folder", "a/b": "folder", "a/b/c": "folder", "a/f": "file", "a/b/f": "file", "g": "file"}
TWINS = ".twins"

_libc = ctypes.CDLL(None, use_errno=True)


def twin(name: str) -> str:
    return f"{TWINS}/{name.replace('/', '-')}"


@contextmanager
def parent(root: Path, name: str) -> Iterator[int]:
    """The folder that holds it, reached through no link: what is outside must stay there in spite of us.

    Raises OSError while a link is on the way.
    """
    folder = os.open(root, os.O_PATH | os.O_DIRECTORY)
    try:
        for part in name.split("/")[:-1]:
            inner = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def prepare(root: Path, outside: Path) -> None:
    """The project as it should be, whatever has become of it."""
    (root / TWINS).mkdir(exist_ok=True)
    for name, kind in PAIRS.items():
        repair(root, outside, name, kind)


def exchange(root: Path, name: str) -> bool:
    with suppress(OSError), parent(root, name) as here, parent(root, twin(name)) as there:
        one, other = name.rpartition("/")[2], twin(name).rpartition("/")[2]
        return bool(_libc.renameat2(here, one.encode(), there, other.encode(), EXCHANGE) == 0)
    return False


def repair(root: Path, outside: Path, name: str, kind: str) -> None:
    """One of the two is what the project has, and the other a link that leads outside."""
    # The hand works here at the same time; what fails now is repaired in the next round.
    with suppress(OSError), parent(root, name) as here, parent(root, twin(name)) as there:
        one, other = name.rpartition("/")[2], twin(name).rpartition("/")[2]
        mine, its = kind_of(here, one), kind_of(there, other)
        if mine is None or (mine == "link" and its == "link"):
            remove(here, one)
            _make(here, one, kind)
            mine = kind
        if its is None or (mine != "link" and its != "link"):
            remove(there, other)
            os.symlink(outside / name, other, dir_fd=there)


def kind_of(folder: int, name: str) -> str | None:
    try:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None
    return "link" if stat.S_ISLNK(mode) else "folder" if stat.S_ISDIR(mode) else "file"


def remove(folder: int, name: str) -> None:
    kind = kind_of(folder, name)
    if kind == "folder":
        shutil.rmtree(name, ignore_errors=True, dir_fd=folder)
    elif kind is not None:
        os.unlink(name, dir_fd=folder)


def _make(folder: int, name: str, kind: str) -> None:
    if kind == "file":
        _write(folder, name)
        return
    os.mkdir(name, dir_fd=folder)
    inner = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    for each in ("f", "other"):
        _write(inner, each)
    os.close(inner)


def _write(folder: int, name: str) -> None:
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644, dir_fd=folder)
    os.write(fd, b"inside")
    os.close(fd)


def main() -> None:
    root, outside = Path(sys.argv[1]), Path(sys.argv[2])
    pairs = {name: kind for name, kind in PAIRS.items() if name in sys.argv[3:] or len(sys.argv) == 3}
    rounds = 0
    while rounds % 10 or not select.select([sys.stdin], [], [], 0)[0]:
        for name, kind in pairs.items():
            if not exchange(root, name):
                repair(root, outside, name, kind)
        rounds += 1
        if rounds % 50 == 0:
            prepare(root, outside)


if __name__ == "__main__":
    main()
