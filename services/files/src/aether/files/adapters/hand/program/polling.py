"""Changes as they are seen by looking again, where the kernel does not tell."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from aether.files.adapters.hand.program.confined import listed

EVERY_SECONDS = 0.4
# Looking takes at most this part of the time, however much there is to look at.
SHARE = 0.2
MOST_ENTRIES = 50_000


class Polling:
    """Remembers inode, size, and times of whatever is in each folder."""

    how = "polling"
    fd = -1

    def __init__(self) -> None:
        self._states: dict[tuple[int, int], dict[str, tuple[int, int, int, int]]] = {}
        self._folders: dict[tuple[int, int], int] = {}
        self._next = 0.0

    def watch(self, folders: Mapping[tuple[int, int], int]) -> bool:
        """These and no others; their descriptors stay open until the next call."""
        self._folders = dict(folders)
        self._states = {key: state for key, state in self._states.items() if key in folders}
        left = MOST_ENTRIES
        for key in folders.keys() - self._states.keys():
            self._states[key] = _state(folders[key], left)
        return True

    def read(self) -> list[tuple[tuple[int, int] | None, str]]:
        """As Inotify.read; nothing if it is not yet time to look."""
        now = time.monotonic()
        if now < self._next:
            return []
        events: list[tuple[tuple[int, int] | None, str]] = []
        left = MOST_ENTRIES
        for key, fd in self._folders.items():
            old, new = self._states.get(key, {}), _state(fd, left)
            left -= len(new)
            self._states[key] = new
            events += [(key, name) for name in old.keys() | new.keys() if old.get(name) != new.get(name)]
        took = time.monotonic() - now
        self._next = now + max(EVERY_SECONDS, took / SHARE)
        return events

    def close(self) -> None:
        self._states.clear()


def _state(folder: int, most: int) -> dict[str, tuple[int, int, int, int]]:
    state: dict[str, tuple[int, int, int, int]] = {}
    try:
        with listed(folder) as fd, os.scandir(fd) as names:
            for each in names:
                if len(state) >= most:
                    break
                try:
                    found = each.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                state[each.name] = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    except OSError:
        pass  # it has gone; the walk of its path tells so
    return state
