"""What git says of the project against HEAD. Nothing of the repository is changed, not even its index.

Only a repository that lies in the project's folder is asked, and only of files in it: a `.git` that is a file or a
link, and a work tree that its configuration places elsewhere, could show what is outside.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from aether.files.adapters.hand.program.children import Task, program
from aether.files.adapters.hand.program.confined import Refused, Root, look, opened, parts
from aether.files.adapters.hand.program.reading import SMALL, copy_out, small_content
from aether.files.adapters.hand.program.staging import Staging

STATUS_SECONDS = 10.0
DIFF_SECONDS = 120.0
MOST_ITEMS = 5000
MOST_LINES = 50_000
# How many untracked files have their lines counted: each is read for it.
MOST_COUNTED = 300
OPTIONS = [
    "git",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "safe.directory=*",
    "-c",
    "core.quotePath=false",
    "-c",
    "color.ui=false",
]
ENVIRONMENT = {
    "GIT_DIR": ".git",
    "GIT_WORK_TREE": ".",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "LC_ALL": "C.UTF-8",
}
PLAIN_DIFF = ["--no-ext-diff", "--no-textconv", "--no-color"]
CHANGES = {"M": "modified", "A": "added", "D": "deleted", "R": "renamed", "C": "added", "T": "type_changed"}


def is_repository(root: Root) -> bool:
    found = look(root.fd, ".git")
    return found is not None and stat.S_ISDIR(found.st_mode) and program("git") is not None


def required(root: Root) -> None:
    if not is_repository(root):
        raise Refused("not-a-repository", "The project's folder is no git repository, or the machine has no git.")


def _asked(root: Root, task: Task, *words: str, seconds: float = STATUS_SECONDS) -> bytes | None:
    """All that a git command prints; None if it fails."""
    with task.child([*OPTIONS, *words], root, seconds=seconds, env=ENVIRONMENT) as child:
        printed = child.read()
        return printed if child.wait() == 0 else None


def _base(root: Root, task: Task) -> str:
    """HEAD or, before the first commit, the tree that holds nothing."""
    if _asked(root, task, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") is not None:
        return "HEAD"
    empty = _asked(root, task, "hash-object", "-t", "tree", "/dev/null")
    return (empty or b"").decode().strip()


def _pathspec(path: str) -> str:
    return "/".join([".", *parts(path)])


# Status.


def status(root: Root, task: Task) -> dict[str, Any]:
    """See ports.GitStatus. An item: [path, change, staged, was, added, removed]."""
    if not is_repository(root):
        return {"repository": False}
    said: dict[str, Any] = {"repository": True, "items": [], "truncated": False}
    words = ["status", "--porcelain=v2", "-z", "--branch", "--untracked-files=all", "--", "."]
    with task.child([*OPTIONS, *words], root, seconds=STATUS_SECONDS, env=ENVIRONMENT) as child:
        records = child.split(b"\0")
        for record in records:
            _note(said, os.fsdecode(record), records)
            if len(said["items"]) >= MOST_ITEMS:
                said["truncated"] = True
                break
        else:
            said["truncated"] = child.late
            if child.wait() and not child.late:
                raise Refused("machine-failed", "git said: " + child.complaint().strip()[:300])
    _count_lines(root, task, said["items"])
    return said


def _note(said: dict[str, Any], record: str, records: Iterator[bytes]) -> None:
    kind, _, rest = record.partition(" ")
    if kind == "#":
        _note_branch(said, rest)
    elif kind == "?":
        said["items"].append([rest, "untracked", False, None, None, None])
    elif kind == "u":
        said["items"].append([rest.split(" ", 9)[9], "conflicted", False, None, None, None])
    elif kind == "1":
        letters, path = rest[:2], rest.split(" ", 7)[7]
        said["items"].append([path, _change(letters), letters[0] != ".", None, None, None])
    elif kind == "2":
        was = os.fsdecode(next(records, b""))
        letters, path = rest[:2], rest.split(" ", 8)[8]
        change = _change(letters)
        said["items"].append([path, change, letters[0] != ".", was if change == "renamed" else None, None, None])


def _note_branch(said: dict[str, Any], rest: str) -> None:
    name, _, value = rest.partition(" ")
    if name == "branch.oid":
        said["head"] = None if value == "(initial)" else value
    elif name == "branch.head":
        said["branch"] = None if value == "(detached)" else value
    elif name == "branch.ab":
        ahead, behind = value.split(" ")
        said["ahead"], said["behind"] = int(ahead), -int(behind)


def _change(letters: str) -> str:
    """What HEAD and the work tree differ in, from what either differs from the index in."""
    index, tree = letters[0], letters[1]
    if tree == "D":
        return "deleted"
    if index in "RCA":
        return CHANGES[index]
    return CHANGES.get(tree if tree != "." else index, "modified")


def _count_lines(root: Root, task: Task, items: list[list[Any]]) -> None:
    counts = _numstat(root, task)
    counted = 0
    for item in items:
        if item[1] == "untracked" and counted < MOST_COUNTED:
            counted += 1
            item[4:] = _lines_of(root, item[0]), 0
        elif item[0] in counts:
            item[4:] = counts[item[0]]


def _numstat(root: Root, task: Task) -> dict[str, tuple[int | None, int | None]]:
    counts: dict[str, tuple[int | None, int | None]] = {}
    words = ["diff", "--numstat", "-z", "-M", *PLAIN_DIFF, _base(root, task), "--", "."]
    with task.child([*OPTIONS, *words], root, seconds=STATUS_SECONDS, env=ENVIRONMENT) as child:
        records = child.split(b"\0")
        for record in records:
            added, removed, path = os.fsdecode(record).split("\t", 2)
            if not path:  # renamed: the two paths follow
                next(records, b"")
                path = os.fsdecode(next(records, b""))
            counts[path] = (_number(added), _number(removed))
            if len(counts) >= 2 * MOST_ITEMS:
                break
    return counts


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _lines_of(root: Root, path: str) -> int | None:
    try:
        with root.walked(path, follow=False) as (trail, name), opened(trail.folder, name) as (fd, found):
            content = small_content(fd, found)
    except (Refused, OSError):
        return None
    if content is None or b"\0" in content[:8192]:
        return None
    return content.count(b"\n") + (not content.endswith(b"\n") and bool(content))


# Contents.


def diff(root: Root, path: str, staging: Staging, task: Task, pour: Callable[[bytes], None]) -> bool:
    """Pour the patch of the work tree against HEAD; False if it is not all of it.

    What is untracked is added to a copy of the index, and there only as meant to be added, so that no object is
    made of it; git notes the empty one.
    """
    with staging.beside() as (index, place):
        env = {**ENVIRONMENT, "GIT_INDEX_FILE": place}
        _copy_index(root, index)
        add = [*OPTIONS, "add", "--intent-to-add", "--ignore-errors", "--", _pathspec(path)]
        with task.child(add, root, seconds=DIFF_SECONDS, env=env) as child:
            child.read()
        base = _base(root, task)
        paths = [_pathspec(path), *_former(root, path, base, task)]
        words = [*OPTIONS, "diff", "-M", *PLAIN_DIFF, base, "--", *paths]
        with task.child(words, root, seconds=DIFF_SECONDS, env=env) as child:
            for piece in child.pieces():
                pour(piece)
            return child.wait() == 0


def _former(root: Root, path: str, base: str, task: Task) -> list[str]:
    """Where a renamed file was. Without that path beside its own, git would take all of it for new."""
    words = ["diff", "--name-status", "-z", "-M", "--diff-filter=R", *PLAIN_DIFF, base]
    told = os.fsdecode(_asked(root, task, *words) or b"").split("\0")
    renames = zip(told[1::3], told[2::3])
    return [_pathspec(f"/{old}") for old, new in renames if new == "/".join(parts(path))]


def _copy_index(root: Root, copy: int) -> None:
    """An index that is not there stays a file of no bytes, which git takes for an empty one."""
    with suppress(FileNotFoundError), root.entered_itself(".git") as git, opened(git.folder, "index") as (fd, now):
        copy_out(fd, copy, 0, now.st_size)
        # By its age git tells which entries are too young to trust: written in the moment the index was.
        os.utime(copy, ns=(now.st_atime_ns, now.st_mtime_ns))


def blob(root: Root, path: str, task: Task) -> tuple[list[Any], bytes | None]:
    """A file in HEAD: its entry, and what is in it if it is small. The etag is the blob's id."""
    required(root)
    if not parts(path):
        raise Refused("is-a-folder")
    listed = _asked(root, task, "ls-tree", "-z", "-l", "--full-tree", "HEAD", "--", "/".join(parts(path)))
    if not listed:
        raise Refused("not-in-head")
    head, _, _ = listed.partition(b"\t")
    mode, kind, name, size = head.decode().split()
    if kind != "blob":
        raise Refused("is-a-folder" if kind == "tree" else "not-a-file")
    entry = [parts(path)[-1], "file", int(size), 0, int(mode, 8) & 0o777, None, name]
    content = _asked(root, task, "cat-file", "blob", name) if int(size) <= SMALL else None
    return entry, content


def pour_blob(root: Root, name: str, start: int, length: int, task: Task) -> Iterator[bytes]:
    """A part of a blob, or less if there is less."""
    with task.child([*OPTIONS, "cat-file", "blob", name], root, seconds=3600, env=ENVIRONMENT) as child:
        end, at = start + length, 0
        for piece in child.pieces():
            yield piece[max(start - at, 0) : max(end - at, 0)]
            at += len(piece)
            if at >= end:
                return


def blame(root: Root, path: str, task: Task) -> dict[str, Any]:
    """See ports.Blame. A line: [commit, author, seconds, summary, line]."""
    required(root)
    words = [*OPTIONS, "blame", "--no-textconv", "--porcelain", "--", _pathspec(path)]
    with task.child(words, root, seconds=STATUS_SECONDS, env=ENVIRONMENT) as child:
        lines = Blamed()
        for line in child.split(b"\n"):
            if not lines.take(line.decode("utf-8", "replace")):
                return {"lines": lines.rows, "truncated": True}
        if child.wait() and not child.late:
            raise Refused("not-in-head", "git does not know this file.")
        return {"lines": lines.rows, "truncated": child.late}


class Blamed:
    """git's porcelain read line by line: a commit is described where it comes first."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self._commits: dict[str, dict[str, str]] = {}
        self._commit, self._line = "", 0

    def take(self, line: str) -> bool:
        """False when there are enough lines."""
        if line.startswith("\t"):
            self._row()
        elif not self._commit:
            self._commit, _, rest = line.partition(" ")
            self._line = int(rest.split(" ")[1])
            self._commits.setdefault(self._commit, {})
        else:
            name, _, value = line.partition(" ")
            self._commits[self._commit][name] = value
        return len(self.rows) < MOST_LINES

    def _row(self) -> None:
        said = self._commits[self._commit]
        committed = self._commit.strip("0") != ""
        row = [self._commit, said.get("author", ""), int(said.get("author-time", "0")), said.get("summary", "")]
        self.rows.append([*(row if committed else [None, "", None, ""]), self._line])
        self._commit = ""
