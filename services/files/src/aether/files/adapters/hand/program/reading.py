"""Folders listed, files looked at and read."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import Any

from aether.files.adapters.hand.program.confined import Refused, Root, Trail, listed, look, opened
from aether.files.adapters.hand.program.frames import body

SMALL = 1024 * 1024
PIECE = 256 * 1024
MOST_ENTRIES = 200_000


def kind_of(found: os.stat_result) -> str:
    mode = found.st_mode
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"


def entry(name: str, found: os.stat_result, link: list[str] | None = None, etag: str | None = None) -> list[Any]:
    """As it is sent: name, kind, size, mtime in ns, mode, [target, its kind], etag."""
    return [name, kind_of(found), found.st_size, found.st_mtime_ns, stat.S_IMODE(found.st_mode), link, etag]


def small_content(fd: int, found: os.stat_result) -> bytes | None:
    """All of a file that is small; None if it is not, or no longer."""
    if found.st_size > SMALL:
        return None
    content = b""
    while len(content) <= SMALL:
        piece = os.pread(fd, SMALL + 1 - len(content), len(content))
        if not piece:
            return content
        content += piece
    return None


def etag_of(fd: int, found: os.stat_result) -> tuple[str, bytes | None]:
    """The file's etag, and its content if that is what the etag was made of."""
    content = small_content(fd, found)
    if content is not None:
        return digest(content), content
    found = os.fstat(fd)
    state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return digest(repr(state).encode()), None


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def listing(root: Root, path: str) -> list[list[Any]]:
    """The entries of a folder: folders first, then by name in any case of letters."""
    entries: list[list[Any]] = []
    with root.entered(path) as trail, listed(trail.folder) as fd, os.scandir(fd) as names:
        for each in names:
            try:
                found = each.stat(follow_symlinks=False)
                size, link = _link(trail, each.name) if stat.S_ISLNK(found.st_mode) else (None, None)
            except FileNotFoundError:
                continue  # it went away since
            row = entry(each.name, found, link)
            row[2] = row[2] if size is None else size
            entries.append(row)
            if len(entries) > MOST_ENTRIES:
                raise Refused("too-large", f"The folder has more than {MOST_ENTRIES} entries.")
    entries.sort(key=lambda row: (not _like_folder(row), row[0].lower(), row[0]))
    return entries


def _like_folder(row: list[Any]) -> bool:
    return row[1] == "folder" or (row[5] is not None and row[5][1] == "folder")


def _link(trail: Trail, name: str) -> tuple[int | None, list[str]]:
    """What a link says and leads to, and that file's size."""
    try:
        target = os.readlink(name, dir_fd=trail.folder)
    except OSError:
        return None, ["", "missing"]  # it is a link no longer
    found = _behind(trail, name)
    if isinstance(found, str):
        return None, [target, found]
    kind = kind_of(found)
    return (found.st_size if kind == "file" else None), [target, kind]


def _behind(base: Trail, name: str) -> os.stat_result | str:
    trail = base.branch()
    try:
        end = trail.walk(name, follow=True)
        found = look(trail.folder, end)
    except (Refused, OSError) as error:
        return "outside" if isinstance(error, Refused) and error.kind == "outside" else "missing"
    finally:
        trail.close()
    return "missing" if found is None else found


def described(root: Root, path: str) -> list[Any]:
    """The entry at the path itself, with an etag if it is a file or leads to one."""
    with root.walked(path, follow=False) as (trail, name):
        found = look(trail.folder, name)
        if found is None:
            raise Refused("not-found")
        kind = kind_of(found)
        if kind == "link":
            size, link = _link(trail, name)
            row = entry(name, found, link, _etag_behind(root, path) if link[1] == "file" else None)
            row[2] = row[2] if size is None else size
            return row
        if kind != "file":
            return entry(name, found)
        with opened(trail.folder, name) as (fd, now):
            return entry(name, now, etag=etag_of(fd, now)[0])


def _etag_behind(root: Root, path: str) -> str | None:
    try:
        with root.walked(path) as (trail, name), opened(trail.folder, name) as (fd, found):
            return etag_of(fd, found)[0]
    except (Refused, OSError):
        return None


def content(root: Root, path: str) -> tuple[list[Any], bytes | None]:
    """A file's entry, and what is in it if it is small."""
    with root.walked(path) as (trail, name), opened(trail.folder, name) as (fd, found):
        etag, data = etag_of(fd, found)
        row = entry(name, os.fstat(fd), etag=etag)
        row[2] = row[2] if data is None else len(data)
        return row, data


def pour_out(fd: int, out: int, start: int, length: int) -> bool:
    """Send a part of a file as pieces of a body; False if it has become shorter."""
    end = start + length
    for at in range(start, end, PIECE):
        piece = min(PIECE, end - at)
        write_all(out, body(piece))
        if not copy_out(fd, out, at, piece):
            return False
    return True


def copy_out(fd: int, out: int, start: int, length: int) -> bool:
    """Copy a part of a file; False if it has become shorter."""
    end = start + length
    while start < end:
        try:
            sent = os.sendfile(out, fd, start, end - start)
        except OSError:
            sent = _copied(fd, out, start, min(end - start, PIECE))
        if sent == 0:
            return False
        start += sent
    return True


def _copied(fd: int, out: int, start: int, length: int) -> int:
    """For systems that cannot send this file to this kind of descriptor."""
    piece = os.pread(fd, length, start)
    write_all(out, piece)
    return len(piece)


def write_all(fd: int, data: bytes | memoryview) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]
