"""Answers of the program as values of the port. A machine may answer anything, so each is looked at."""

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, get_args

from aether.files.adapters.hand.frames import Garbled
from aether.files.deps.ports import (
    Blame,
    BlameLine,
    Changed,
    Condition,
    Entry,
    FolderChange,
    GitChange,
    GitEntry,
    GitStatus,
    How,
    Kind,
    Link,
    LinkKind,
    Match,
    Names,
    Search,
    SearchEnd,
)

T = TypeVar("T")
ETAG = re.compile(r"[0-9a-f]{32,64}\Z")
KINDS, LINK_KINDS = frozenset(get_args(Kind)), frozenset(get_args(LinkKind))
CHANGES, HOWS = frozenset(get_args(GitChange)), frozenset(get_args(How))
ENGINES = frozenset({"ripgrep", "walk"})


def read_as(reader: Callable[[Any], T], said: Any) -> T:
    """What `reader` makes of an answer. Raises Garbled for whatever it cannot be made of."""
    try:
        return reader(said)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError):
        raise Garbled from None


def _text(value: Any) -> str:
    """Text that can be turned into the bytes it came from."""
    if not isinstance(value, str):
        raise Garbled
    if not value.isascii():
        os.fsencode(value)  # a UnicodeEncodeError is a ValueError
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int):
        raise Garbled
    return value


def _one_of(value: Any, known: frozenset[Any]) -> Any:
    if value not in known:
        raise Garbled
    return value


def _maybe(value: Any, reader: Callable[[Any], T]) -> T | None:
    return None if value is None else reader(value)


def etag_of(value: Any) -> str | None:
    """An etag goes into headers, so nothing else may be in it."""
    if value is None:
        return None
    if not isinstance(value, str) or not ETAG.match(value):
        raise Garbled
    return value


def entry(row: Any, path: str) -> Entry:
    """The entry of a path that we know; its name is what we asked for, too."""
    _, kind, size, mtime, mode, link, etag = row
    return Entry(
        path.rpartition("/")[2],
        path,
        _one_of(kind, KINDS),
        _number(size),
        _number(mtime),
        _number(mode),
        None if link is None else Link(_text(link[0]), _one_of(link[1], LINK_KINDS)),
        etag_of(etag),
    )


def entries(rows: Any, folder: str) -> list[Entry]:
    prefix = folder.rstrip("/") + "/"
    return [entry(row, prefix + _name(row[0])) for row in rows]


def _name(value: Any) -> str:
    name = _text(value)
    if not name or "/" in name:
        raise Garbled
    return name


def names(said: Any) -> Names:
    return Names(["/" + _text(path) for path in said["items"]], bool(said["truncated"]))


def matches(rows: Any) -> list[Match]:
    return [
        Match(_text(path), _number(line), _number(column), _number(length), _text(text))
        for path, line, column, length, text in rows
    ]


def search_end(said: Any) -> SearchEnd:
    return SearchEnd(
        files=_number(said["files"]),
        matches=_number(said["matches"]),
        truncated=bool(said["truncated"]),
        engine=_one_of(said["engine"], ENGINES),
        seconds=float(said["seconds"]),
    )


def git_status(said: Any) -> GitStatus:
    return GitStatus(
        repository=bool(said["repository"]),
        branch=_maybe(said.get("branch"), _text),
        head=_maybe(said.get("head"), _text),
        ahead=_maybe(said.get("ahead"), _number),
        behind=_maybe(said.get("behind"), _number),
        items=tuple(_git_entry(row) for row in said.get("items", ())),
        truncated=bool(said.get("truncated")),
    )


def _git_entry(row: Any) -> GitEntry:
    path, change, staged, was, added, removed = row
    return GitEntry(
        "/" + _text(path),
        _one_of(change, CHANGES),
        bool(staged),
        None if was is None else "/" + _text(was),
        _maybe(added, _number),
        _maybe(removed, _number),
    )


def blame(said: Any) -> Blame:
    return Blame([_blame_line(row) for row in said["lines"]], bool(said["truncated"]))


def _blame_line(row: Any) -> BlameLine:
    commit, author, seconds, summary, line = row
    at = None if seconds is None else datetime.fromtimestamp(_number(seconds), UTC)
    return BlameLine(_maybe(commit, _text), _text(author), at, _text(summary), _number(line))


def changed(said: Any) -> Changed:
    folders = tuple(
        FolderChange(_text(path), tuple(_text(name) for name in names)) for path, names in said["folders"]
    )
    return Changed(folders, tuple(_text(path) for path in said["files"]))


def how(said: Any) -> How:
    return _one_of(said, HOWS)  # type: ignore[no-any-return] # it is one of How's own words


def size(said: Any) -> int | None:
    return _maybe(said, _number)


def condition(asked: Condition) -> dict[str, Any]:
    """As the program is told."""
    etags = None if asked.etags is None else list(asked.etags)
    return {"etags": etags, "present": asked.present, "refuse": asked.exists_is_refused}


def search(asked: Search) -> dict[str, Any]:
    return {
        "query": asked.query,
        "regex": asked.regex,
        "case": asked.case,
        "word": asked.word,
        "glob": asked.glob,
        "limit": asked.limit,
    }
