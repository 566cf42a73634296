"""A folder as a zip, written while it is read."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable
from typing import IO, TYPE_CHECKING

from aether.files.adapters.hand.program.confined import Refused, Root, Trail, listed, opened
from aether.files.adapters.hand.program.reading import PIECE

if TYPE_CHECKING:
    import zipfile

LEFT_OUT = "aether-left-out.txt"
# A zip's own limit of 2 GiB, and room for what compression may add.
LARGE = 1 << 30
EARLIEST, LATEST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)
_NOT_UTF8 = re.compile("[\ud800-\udfff]")


class Out:
    """Where the zip goes: it can only go forward, so that sizes are written after each file."""

    def __init__(self, pour: Callable[[bytes], None]) -> None:
        self._pour = pour
        self._waiting = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> int:
        self._waiting += data
        if len(self._waiting) >= PIECE:
            self.send()
        return len(data)

    def send(self) -> None:
        self._pour(bytes(self._waiting))
        self._waiting.clear()

    def flush(self) -> None:
        """Nothing is gained by small pieces."""

    def close(self) -> None:
        """There is nothing to close."""


def archive(root: Root, path: str, pour: Callable[[bytes], None]) -> None:
    """Everything in a folder but pipes, sockets and devices. What may not be read is named in one more file."""
    import zipfile  # noqa: PLC0415 # it takes longer to import than most requests take to answer

    left_out: list[str] = []
    out = Out(pour)
    with root.entered(path) as trail, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        _pack_folder(packed, trail, "", left_out)
        if left_out:
            packed.writestr(LEFT_OUT, "".join(name + "\n" for name in left_out))
    out.send()


def _pack_folder(packed: zipfile.ZipFile, trail: Trail, prefix: str, left_out: list[str]) -> None:
    with listed(trail.folder) as fd:
        names = sorted(os.listdir(fd))
    for name in names:
        shown = prefix + _shown(name)
        try:
            _pack(packed, trail, name, shown, left_out)
        except PermissionError:
            left_out.append(shown)
        except FileNotFoundError:
            continue  # it went away since
        except Refused:
            left_out.append(shown)  # too deep, or something else took its place


def _pack(packed: zipfile.ZipFile, trail: Trail, name: str, shown: str, left_out: list[str]) -> None:
    found = os.stat(name, dir_fd=trail.folder, follow_symlinks=False)
    if stat.S_ISDIR(found.st_mode):
        inner = trail.branch()
        try:
            inner.enter(name)
            packed.writestr(_header(packed, shown + "/", found), b"")
            _pack_folder(packed, inner, shown + "/", left_out)
        finally:
            inner.close()
    elif stat.S_ISLNK(found.st_mode):
        target = os.readlink(name, dir_fd=trail.folder)
        packed.writestr(_header(packed, shown, found), os.fsencode(target))
    elif stat.S_ISREG(found.st_mode):
        with opened(trail.folder, name) as (fd, now):
            _pack_file(packed, fd, _header(packed, shown, now), now.st_size)


def _pack_file(packed: zipfile.ZipFile, fd: int, header: zipfile.ZipInfo, size: int) -> None:
    """As many bytes as it had when it was opened: a file that grows would outgrow its header."""
    at = 0
    with packed.open(header, "w", force_zip64=size > LARGE) as member:
        while at < size:
            piece = os.pread(fd, min(PIECE, size - at), at)
            if not piece:
                break
            _give(member, piece)
            at += len(piece)


def _give(member: IO[bytes], piece: bytes) -> None:
    member.write(piece)


def _header(packed: zipfile.ZipFile, shown: str, found: os.stat_result) -> zipfile.ZipInfo:
    from zipfile import ZipInfo  # noqa: PLC0415 # as above

    when = time.localtime(found.st_mtime)[:6]
    header = ZipInfo(shown, min(max(when, EARLIEST), LATEST))
    header.compress_type = packed.compression
    header.create_system = 3  # Unix, whose modes these are
    header.external_attr = (found.st_mode & 0xFFFF) << 16
    return header


def _shown(name: str) -> str:
    """A zip has only Unicode names: other bytes are written as %FF."""
    return _NOT_UTF8.sub(lambda found: f"%{ord(found.group()) & 0xFF:02X}", name)
