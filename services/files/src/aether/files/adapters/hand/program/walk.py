"""What does ripgrep's work where a machine has none: a walk, bounded, in a process of its own.

A pattern may keep Python busy for ever, and no thread of it can be told to stop. A process can be killed.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import sys
from typing import Any

from aether.files.adapters.hand.program.children import Task
from aether.files.adapters.hand.program.confined import Refused, Root, opened
from aether.files.adapters.hand.program.finding import all_names

MOST_BYTES = 4 * 1024 * 1024
LONGEST_LINE = 10_000


def walk(asked: dict[str, Any]) -> None:
    """Look for what is asked, and print as `rg --json` does."""
    try:
        pattern = compiled(asked)
    except re.error as error:
        _say("problem", str(error))
        sys.exit(2)
    with Root(asked["root"]) as root:
        for path in all_names(root, Task(), None, hidden=True):
            if path is not None and _wanted(path, asked["glob"]):
                _search_file(root, path, pattern)


def compiled(asked: dict[str, Any]) -> re.Pattern[bytes]:
    query = asked["query"].encode("utf-8", "surrogateescape")
    body = b"(?:" + query + b")" if asked["regex"] else re.escape(query)
    body = rb"\b" + body + rb"\b" if asked["word"] else body
    return re.compile(body, 0 if asked["case"] else re.IGNORECASE)


def _wanted(path: str, glob: str) -> bool:
    """As ripgrep's --glob: without a slash it is the name that counts, and "!" turns it round."""
    if not glob:
        return True
    refuse, glob = glob.startswith("!"), glob.lstrip("!")
    return _fits(path, glob) is not refuse


def _fits(path: str, glob: str) -> bool:
    glob = glob.rstrip("/")
    if "/" not in glob.lstrip("/") and not glob.startswith("/"):
        return any(fnmatch.fnmatchcase(name, glob) for name in path.split("/"))
    return fnmatch.fnmatchcase(path, glob.lstrip("/")) or fnmatch.fnmatchcase(path, glob.lstrip("/") + "/*")


def _search_file(root: Root, path: str, pattern: re.Pattern[bytes]) -> None:
    folder, _, name = path.rpartition("/")
    try:
        with root.entered_itself(folder) as trail, opened(trail.folder, name) as (fd, found):
            content = os.pread(fd, MOST_BYTES, 0) if found.st_size <= MOST_BYTES else b""
    except (Refused, OSError):
        return
    if b"\0" in content[:8192]:
        return
    offset = 0
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        _search_line(path, number, offset, line, pattern)
        offset += len(line)


def _search_line(path: str, number: int, offset: int, line: bytes, pattern: re.Pattern[bytes]) -> None:
    spans = [found.span() for found in pattern.finditer(line.rstrip(b"\r\n")[:LONGEST_LINE])]
    spans = [(start, end) for start, end in spans if end > start]
    if not spans:
        return
    data = {
        "path": {"text": path},
        "lines": {"text": os.fsdecode(line)},
        "line_number": number,
        "absolute_offset": offset,
        "submatches": [{"start": start, "end": end} for start, end in spans],
    }
    _say("match", data)


def _say(kind: str, data: Any) -> None:
    sys.stdout.write(json.dumps({"type": kind, "data": data}) + "\n")
    sys.stdout.flush()
