"""What can be asked for, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from aether.files.adapters.hand.program.archive import archive
from aether.files.adapters.hand.program.children import Again, Task
from aether.files.adapters.hand.program.confined import Refused, Root, opened, parts
from aether.files.adapters.hand.program.finding import names, search
from aether.files.adapters.hand.program.frames import body
from aether.files.adapters.hand.program.git import blame, blob, diff, pour_blob, required, status
from aether.files.adapters.hand.program.reading import (
    content,
    described,
    etag_of,
    listing,
    pour_out,
    write_all,
)
from aether.files.adapters.hand.program.staging import Staging
from aether.files.adapters.hand.program.writing import Writer


class Desk(NamedTuple):
    """What every request may use."""

    root: str
    home: str
    mask: int
    again: Again


class Request(NamedTuple):
    """One request: `asked` is its header, `pieces` its bytes; `tell` sends a part of the answer ahead of it."""

    desk: Desk
    asked: dict[str, Any]
    pieces: Iterable[bytes]
    task: Task
    tell: Callable[[Any], None]

    def path(self, name: str = "path") -> str:
        path = str(self.asked[name])
        if "\0" in path or ".." in parts(path):
            raise Refused("invalid", "This is no path.")
        return "/" + "/".join(parts(path))


def answer(request: Request) -> tuple[Any, bytes]:
    """Do what is asked. Raises Refused, OSError."""
    operation = OPERATIONS.get(request.asked["do"])
    if operation is None:
        raise Refused("machine-failed", "The machine runs another version of this program.")
    with Root(request.desk.root) as root:
        said, data = operation(request, root)
        return said, data


def _list(request: Request, root: Root) -> tuple[Any, bytes]:
    return listing(root, request.path()), b""


def _stat(request: Request, root: Root) -> tuple[Any, bytes]:
    return described(root, request.path()), b""


def _open(request: Request, root: Root) -> tuple[Any, bytes]:
    entry, data = content(root, request.path())
    return {"entry": entry, "whole": data is not None}, data or b""


def _written(request: Request, root: Root) -> tuple[Any, bytes]:
    with Staging(request.desk.home) as staging:
        writer = Writer(root, staging, request.desk.mask)
        return writer.write(request.path(), request.pieces, request.asked["condition"]), b""


def _make_folder(request: Request, root: Root) -> tuple[Any, bytes]:
    with Staging(request.desk.home) as staging:
        return Writer(root, staging, request.desk.mask).make_folder(request.path()), b""


def _rename(request: Request, root: Root) -> tuple[Any, bytes]:
    with Staging(request.desk.home) as staging:
        writer = Writer(root, staging, request.desk.mask)
        source, target = request.path("source"), request.path("target")
        return writer.rename(source, target, overwrite=bool(request.asked["overwrite"])), b""


def _delete(request: Request, root: Root) -> tuple[Any, bytes]:
    with Staging(request.desk.home) as staging:
        writer = Writer(root, staging, request.desk.mask)
        recursive = bool(request.asked["recursive"])
        writer.delete(request.path(), recursive=recursive, cancelled=request.task.cancelled)
    return None, b""


def _upload_size(request: Request, root: Root) -> tuple[Any, bytes]:
    with Staging(request.desk.home) as staging:
        return staging.uploaded(request.asked["upload"]), b""


def _upload_append(request: Request, root: Root) -> tuple[Any, bytes]:
    with Staging(request.desk.home) as staging:
        writer = Writer(root, staging, request.desk.mask)
        return writer.append(request.asked["upload"], int(request.asked["offset"]), request.pieces), b""


def _upload_finish(request: Request, root: Root) -> tuple[Any, bytes]:
    asked = request.asked
    with Staging(request.desk.home) as staging:
        writer = Writer(root, staging, request.desk.mask)
        size, condition, mtime = int(asked["size"]), asked["condition"], asked["mtime"]
        return writer.finish(asked["upload"], request.path(), size, condition, mtime), b""


def _upload_discard(request: Request, root: Root) -> tuple[Any, bytes]:
    with Staging(request.desk.home) as staging:
        staging.discard(request.asked["upload"])
    return None, b""


def _names(request: Request, root: Root) -> tuple[Any, bytes]:
    asked = request.asked
    limit, hidden = int(asked["limit"]), bool(asked["hidden"])
    items, truncated = names(root, asked["query"], limit, hidden=hidden, task=request.task)
    return {"items": items, "truncated": truncated}, b""


def _search(request: Request, root: Root) -> tuple[Any, bytes]:
    return search(root, request.asked, request.desk.again, request.task, request.tell), b""


def _git_status(request: Request, root: Root) -> tuple[Any, bytes]:
    return status(root, request.task), b""


def _git_open(request: Request, root: Root) -> tuple[Any, bytes]:
    entry, data = blob(root, request.path(), request.task)
    return {"entry": entry, "whole": data is not None}, data or b""


def _git_blame(request: Request, root: Root) -> tuple[Any, bytes]:
    return blame(root, request.path(), request.task), b""


OPERATIONS: dict[str, Callable[[Request, Root], Any]] = {
    "list": _list,
    "stat": _stat,
    "open": _open,
    "write": _written,
    "make_folder": _make_folder,
    "rename": _rename,
    "delete": _delete,
    "upload_size": _upload_size,
    "upload_append": _upload_append,
    "upload_finish": _upload_finish,
    "upload_discard": _upload_discard,
    "names": _names,
    "search": _search,
    "git_status": _git_status,
    "git_open": _git_open,
    "git_blame": _git_blame,
}


# What is answered by bytes without end. The answer goes ahead of them; True means that they are complete.


def stream(request: Request, out: int) -> bool:
    """Send what is asked for. Raises Refused, OSError; if the answer has been told, it is too late for those."""
    with Root(request.desk.root) as root:
        return STREAMS[request.asked["do"]](request, root, out)


def _pour_into(out: int) -> Callable[[bytes], None]:
    def pour(piece: bytes) -> None:
        if piece:  # an empty one would end the body
            write_all(out, body(len(piece)) + piece)

    return pour


def _read(request: Request, root: Root, out: int) -> bool:
    asked = request.asked
    with root.walked(request.path()) as (trail, name), opened(trail.folder, name) as (fd, found):
        etag, _ = etag_of(fd, found)
        if etag != asked["etag"] and not asked.get("moving"):
            raise Refused("changed-meanwhile", "The file was changed while it was read.", etag=etag)
        request.tell(None)
        return pour_out(fd, out, int(asked["start"]), int(asked["length"]))


def _git_read(request: Request, root: Root, out: int) -> bool:
    required(root)
    request.tell(None)
    start, length = int(request.asked["start"]), int(request.asked["length"])
    pour, sent = _pour_into(out), 0
    for piece in pour_blob(root, request.asked["etag"], start, length, request.task):
        pour(piece)
        sent += len(piece)
    return sent == length


def _archive(request: Request, root: Root, out: int) -> bool:
    with root.entered(request.path()):
        request.tell(None)
    archive(root, request.path(), _pour_into(out))
    return True


def _git_diff(request: Request, root: Root, out: int) -> bool:
    required(root)
    pour, told = _pour_into(out), False

    def pour_told(piece: bytes) -> None:
        nonlocal told
        if not told:
            told = True
            request.tell(None)
        pour(piece)

    with Staging(request.desk.home) as staging:
        complete = diff(root, request.path(), staging, request.task, pour_told)
    if not complete and not told:
        raise Refused("machine-failed", "git could not compare the files with HEAD.")
    if not told:
        request.tell(None)
    return complete


STREAMS: dict[str, Callable[[Request, Root, int], bool]] = {
    "read": _read,
    "git_read": _git_read,
    "archive": _archive,
    "git_diff": _git_diff,
}
