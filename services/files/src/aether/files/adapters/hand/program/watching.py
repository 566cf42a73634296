"""Folders and files that are looked at, so that their changes are told within a second.

inotify where the kernel gives it, else looks at intervals. Either way each path is walked anew twice in a second,
because a folder above may have been moved, and neither way tells of that. Nothing is looked at, nothing runs.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aether.files.adapters.hand.program.confined import Refused, Root
from aether.files.adapters.hand.program.inotify import Inotify
from aether.files.adapters.hand.program.polling import Polling
from aether.files.adapters.hand.program.staging import HIDDEN

GATHER_SECONDS = 0.1
CHECK_SECONDS = 0.5
MOST_FOLDERS = 500
# A folder with more changes than that at once is listed anew instead.
MOST_NAMES = 500


class Place:
    """A folder as it was found: which paths are told of it, and which of its names are files looked at."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.folders: set[str] = set()
        self.files: dict[str, set[str]] = {}


class Changes:
    """What is told next. An empty set of names: the whole folder."""

    def __init__(self) -> None:
        self.folders: dict[str, set[str]] = {}
        self.anew: set[str] = set()
        self.files: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self.folders or self.files or self.anew)

    def name(self, place: Place, name: str) -> None:
        if name.startswith(HIDDEN):
            return
        for folder in place.folders:
            self.folders.setdefault(folder, set()).add(name)
        self.files |= place.files.get(name, set())

    def message(self) -> dict[str, Any]:
        folders = {path: sorted(names) for path, names in self.folders.items()}
        for path, names in folders.items():
            if len(names) > MOST_NAMES:
                folders[path] = []
        folders.update((path, []) for path in self.anew)
        return {"folders": sorted(folders.items()), "files": sorted(self.files)}


class Watcher:
    """A thread that watches what was last asked for."""

    def __init__(self, root: str, tell: Callable[[Any], None]) -> None:
        self._root, self._tell = root, tell
        self._asked: dict[str, Any] | None = None
        self._lock = threading.Lock()
        self._woken, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._begun = False
        self._eye: Inotify | Polling | None = None
        self._places: dict[tuple[int, int], Place] = {}
        self._paths: dict[str, Any] = {"folders": [], "files": []}

    def look(self, asked: dict[str, Any]) -> None:
        """From now on these: {"number", "folders", "files"}; the answer names the number."""
        with self._lock:
            self._asked = asked
            if not self._begun:
                self._begun = True
                threading.Thread(target=self._run, daemon=True).start()
        with suppress(BlockingIOError):  # then it is awake as it is
            os.write(self._wake, b"!")

    def _run(self) -> None:
        while True:
            with suppress(OSError):
                self._watch_on()
            # Too many open files, for one; what happened meanwhile is not known.
            self._tell({"lost": True})
            # Whatever refused may go on refusing, and must not be asked without a pause.
            time.sleep(CHECK_SECONDS)

    def _watch_on(self) -> None:
        while True:
            self._round()

    def _round(self) -> None:
        self._rest()
        changes, lost = self._gathered()
        asked = self._taken()
        if asked is not None:
            self._paths = asked
        found = _found(self._root, self._paths)
        self._watch({key: place.fd for key, place in found.items()})
        if asked is None:
            _note_moves(self._places, found, changes)
        _close(self._places)
        self._places = found
        self._say(changes, asked, lost=lost)

    def _say(self, changes: Changes, asked: dict[str, Any] | None, *, lost: bool) -> None:
        if lost:
            self._tell({"lost": True})
        elif changes:
            self._tell({"changed": changes.message()})
        if asked is not None:
            self._tell({"looking": self._eye.how if self._eye else Inotify.how, "number": asked["number"]})

    def _watch(self, folders: dict[tuple[int, int], int]) -> None:
        if self._eye is None and folders:
            self._eye = Inotify.begun() or Polling()
        if self._eye is not None and not self._eye.watch(folders):
            self._eye.close()
            self._eye = Polling()
            self._eye.watch(folders)

    def _rest(self) -> None:
        """Wait for a change, for another wish or for the next look. Nothing is kept while nothing is looked at."""
        busy = bool(self._paths["folders"] or self._paths["files"])
        if not busy and self._eye is not None:
            self._eye.close()
            self._eye = None
        ready = [self._woken] + ([self._eye.fd] if self._eye is not None and self._eye.fd >= 0 else [])
        select.select(ready, [], [], CHECK_SECONDS if busy else None)

    def _taken(self) -> dict[str, Any] | None:
        with suppress(BlockingIOError):
            os.read(self._woken, 4096)
        with self._lock:
            asked, self._asked = self._asked, None
        return asked

    def _gathered(self) -> tuple[Changes, bool]:
        """What has changed, once the first change has been given a moment for others to follow; what was lost."""
        changes, lost = Changes(), False
        if self._eye is None:
            return changes, lost
        events = self._eye.read()
        if events and self._eye.fd >= 0:
            # A save is several events; told apart they would have the page list its folder several times.
            time.sleep(GATHER_SECONDS)
            events += self._eye.read()
        for key, name in events:
            if key is None:
                lost = True
            elif key in self._places and name:
                changes.name(self._places[key], name)
        return changes, lost


def _found(root_path: str, paths: dict[str, Any]) -> dict[tuple[int, int], Place]:
    """The folders to be watched, by what they are: two paths may lead to one."""
    found: dict[tuple[int, int], Place] = {}
    if not paths["folders"] and not paths["files"]:
        return found
    try:
        root = Root(root_path)
    except Refused:
        return found
    with root:
        for path in paths["folders"]:
            _find(root, found, path)
        for path in paths["files"]:
            # The link itself may be replaced, and so may what it leads to.
            _find(root, found, path, file=True, follow=False)
            _find(root, found, path, file=True, follow=True)
    return found


def _find(
    root: Root, found: dict[tuple[int, int], Place], path: str, *, file: bool = False, follow: bool = True
) -> None:
    try:
        with root.walked(path, follow=follow) as (trail, name):
            if not file:
                trail.enter(name)
            state = os.fstat(trail.folder)
            key = (state.st_dev, state.st_ino)
            if key not in found and len(found) >= MOST_FOLDERS:
                return
            place = found[key] if key in found else found.setdefault(key, Place(os.dup(trail.folder)))
    except (Refused, OSError):
        return
    if file:
        place.files.setdefault(name, set()).add(path)
    else:
        place.folders.add(path)


def _note_moves(old: dict[tuple[int, int], Place], new: dict[tuple[int, int], Place], changes: Changes) -> None:
    """A path that leads elsewhere than before, or to nothing, has changed as a whole."""
    was, now = _paths(old), _paths(new)
    for path in was.keys() | now.keys():
        if was.get(path) != now.get(path):
            kind, text = path
            (changes.anew if kind == "folder" else changes.files).add(text)


def _paths(places: dict[tuple[int, int], Place]) -> dict[tuple[str, str], Any]:
    paths: dict[tuple[str, str], Any] = {}
    for key, place in places.items():
        paths.update((("folder", path), key) for path in place.folders)
        for name, files in place.files.items():
            for path in files:
                paths.setdefault(("file", path), set()).add((key, name))
    return paths


def _close(places: dict[tuple[int, int], Place]) -> None:
    for place in places.values():
        os.close(place.fd)
