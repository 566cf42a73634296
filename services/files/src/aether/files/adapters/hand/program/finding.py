"""Files found by their names and by what is in them.

ripgrep or git may say where to look, and neither holds folders open as `confined` does. So what they say is only
believed after it has been found again at the same place without a link on the way.
"""

from __future__ import annotations

import binascii
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from aether.files.adapters.hand.program.children import Again, Task, program
from aether.files.adapters.hand.program.confined import Refused, Root, listed, look, opened
from aether.files.adapters.hand.program.git import ENVIRONMENT, OPTIONS, is_repository
from aether.files.adapters.hand.program.reading import kind_of

NAMES_SECONDS = 5.0
SEARCH_SECONDS = 20.0
MOST_NAMES = 200_000
MOST_SHOWN = 500
RG = ["--no-config", "--no-messages", "--no-require-git", "--no-ignore-parent"]
# After the others, because the last one that fits decides.
NOT_GIT = ["--glob", "!.git"]


# By name.


def names(root: Root, query: str, limit: int, *, hidden: bool, task: Task) -> tuple[list[str], bool]:
    """Paths of files, best first, and whether there are more."""
    found: list[str] = []
    late = False
    for path in all_names(root, task, program("rg"), hidden=hidden):
        if path is None:
            late = True
            break
        found.append(path)
        if len(found) >= MOST_NAMES:
            late = True
            break
    found = list(dict.fromkeys(found))
    ranked = _ranked(found, query) if query else sorted(found)
    there = Verified(root)
    kept = [path for path in ranked[: limit + 1] if there.is_file(path)]
    return kept[:limit], late or len(ranked) > limit


def all_names(root: Root, task: Task, rg: str | None, *, hidden: bool) -> Iterator[str | None]:
    """Relative paths; None at the end if the time was up."""
    if rg is not None:
        more = ["--hidden"] if hidden else []
        yield from _printed(root, task, [rg, *RG, "--files", "--null", *more, *NOT_GIT])
    elif is_repository(root):
        words = [*OPTIONS, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        yield from (each for each in _printed(root, task, words) if each is None or hidden or not _is_hidden(each))
    else:
        yield from _walked(root, time.monotonic() + NAMES_SECONDS, task, hidden=hidden)


def _printed(root: Root, task: Task, words: list[str]) -> Iterator[str | None]:
    with task.child(words, root, seconds=NAMES_SECONDS, env=ENVIRONMENT) as child:
        for name in child.split(b"\0"):
            yield os.fsdecode(name)
        if child.late:
            yield None


def _walked(root: Root, end: float, task: Task, *, hidden: bool) -> Iterator[str | None]:
    """Every file but git's own, folder by folder."""
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        if task.cancelled() or time.monotonic() > end:
            yield None
            return
        files, folders = _names_in(root, prefix, hidden=hidden)
        yield from files
        waiting += reversed(folders)


def _names_in(root: Root, prefix: str, *, hidden: bool) -> tuple[list[str], list[str]]:
    files: list[str] = []
    folders: list[str] = []
    with suppress(Refused, OSError), root.entered_itself(prefix) as trail, listed(trail.folder) as fd:
        with os.scandir(fd) as each_name:
            found = [each for each in each_name if each.name != ".git" and (hidden or each.name[0] != ".")]
        folders = [prefix + each.name + "/" for each in found if each.is_dir(follow_symlinks=False)]
        files = [prefix + each.name for each in found if each.is_file(follow_symlinks=False)]
    return sorted(files), sorted(folders)


def _is_hidden(path: str) -> bool:
    return any(name.startswith(".") for name in path.split("/"))


def _ranked(paths: list[str], query: str) -> list[str]:
    """Those that have the query's letters in this order, the likeliest first."""
    letters = query.lower().replace(" ", "")
    pattern = re.compile(".*?".join(re.escape(letter) for letter in letters), re.DOTALL)
    fitting = [(_rank(path.lower(), letters, pattern), path) for path in paths if pattern.search(path.lower())]
    return [path for _, path in sorted(fitting)]


def _rank(path: str, letters: str, pattern: re.Pattern[str]) -> tuple[int, int, int]:
    """Smaller is better: in the name, in one piece, in few letters, in a short path."""
    name = path.rpartition("/")[2]
    if name.startswith(letters):
        kind = 0
    elif letters in name:
        kind = 1
    elif letters in path:
        kind = 2
    else:
        kind = 3 if pattern.search(name) else 4
    spread = pattern.search(name if kind == 3 else path)
    return kind, (spread.end() - spread.start()) if spread and kind > 2 else 0, len(path)


class Verified:
    """Files that were named, looked for again without following any link."""

    def __init__(self, root: Root) -> None:
        self._root = root

    def is_file(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        try:
            with self._root.entered_itself(folder) as trail:
                found = look(trail.folder, name)
        except (Refused, OSError):
            return False
        return found is not None and kind_of(found) in {"file", "link"}

    def has(self, path: str, offset: int, line: bytes) -> bool:
        """Whether the file has this line at this byte."""
        folder, _, name = path.rpartition("/")
        try:
            with self._root.entered_itself(folder) as trail, opened(trail.folder, name) as (fd, _found):
                return os.pread(fd, len(line), offset) == line
        except (Refused, OSError):
            return False


# By content.


def search(
    root: Root, asked: dict[str, Any], again: Again, task: Task, tell: Callable[[Any], None]
) -> dict[str, Any]:
    """Tell matches in lists, as they are found: [path, line, column, length, text]. Returns the end's figures.

    `again` is this very program, which does ripgrep's work where there is none.
    """
    begun = time.monotonic()
    rg = program("rg")
    found = Found(root, int(asked["limit"]), tell)
    words = rg_words(rg, asked) if rg else again.words
    with task.child(words, root, seconds=SEARCH_SECONDS, feed=not rg, env=ENVIRONMENT) as child:
        if not rg:
            child.feed(again.start({"mode": "walk", "root": root.path, **asked}))
        for line in child.split(b"\n"):
            if not found.take(line):
                break
        else:
            why = found.problem or (_why(child.complaint()) if child.wait() == 2 else "")
            if why:
                raise Refused("invalid", why)
        found.send()
    return {
        "files": len(found.files),
        "matches": found.matches,
        "truncated": found.full or child.late,
        "engine": "ripgrep" if rg else "walk",
        "seconds": round(time.monotonic() - begun, 3),
    }


def rg_words(rg: str, asked: dict[str, Any]) -> list[str]:
    words = [rg, *RG, "--json", "--hidden", "--max-filesize", "16M", "--max-count", "1000"]
    words.append("--case-sensitive" if asked["case"] else "--ignore-case")
    words += [] if asked["regex"] else ["--fixed-strings"]
    words += ["--word-regexp"] if asked["word"] else []
    words += ["--glob", asked["glob"]] if asked["glob"] else []
    return [*words, *NOT_GIT, "-e", asked["query"], "--", "."]


class Found:
    """Matches as ripgrep prints them, checked, counted and sent a few at a time."""

    def __init__(self, root: Root, limit: int, tell: Callable[[Any], None]) -> None:
        self.files: set[str] = set()
        self.matches = 0
        self.full = False
        self.problem = ""
        self._limit, self._tell = limit, tell
        self._there = Verified(root)
        self._waiting: list[Any] = []
        self._sent = time.monotonic()

    def take(self, line: bytes) -> bool:
        """One line of output; False when there are enough matches."""
        try:
            message = json.loads(line)
        except ValueError:
            return True  # it was killed in the middle of a line
        if message.get("type") == "problem":
            self.problem = str(message["data"])
        if message.get("type") == "match":
            self._match(message["data"])
        if len(self._waiting) >= 100 or (self._waiting and time.monotonic() - self._sent > 0.1):
            self.send()
        return not self.full

    def send(self) -> None:
        if self._waiting:
            self._tell(self._waiting)
        self._waiting, self._sent = [], time.monotonic()

    def _match(self, data: dict[str, Any]) -> None:
        path = os.fsdecode(_bytes(data["path"]))
        path = path[2:] if path.startswith("./") else path
        line = _bytes(data["lines"])
        if not self._there.has(path, int(data["absolute_offset"]), line):
            return
        text = line.rstrip(b"\r\n").decode("utf-8", "replace")
        for part in data["submatches"]:
            if self.matches >= self._limit:
                self.full = True
                return
            before = line[: part["start"]].decode("utf-8", "replace")
            inside = line[part["start"] : part["end"]].decode("utf-8", "replace")
            self.matches += 1
            self.files.add(path)
            row = ["/" + path, data["line_number"], len(before) + 1, len(inside), text[:MOST_SHOWN]]
            self._waiting.append(row)


def _bytes(value: dict[str, str]) -> bytes:
    """Text or, where it is no UTF-8, base64."""
    if "text" in value:
        return os.fsencode(value["text"])
    return binascii.a2b_base64(value["bytes"])


def _why(complaint: str) -> str:
    """ripgrep's last line says what is wrong with the pattern."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    return (last[7:] if last.startswith("error: ") else last)[:300]
