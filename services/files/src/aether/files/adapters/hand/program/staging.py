"""The staging folder: where files grow before anybody sees them, on the same volume as the project.

Whoever writes a file here holds a lock on it, which ends with the process, however it ends. So what is not locked
was left behind: drafts are removed at once, uploads after a day.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aether.files.adapters.hand.program.confined import FOLDER, LISTED, Refused, look

PLACE = (".aether", "staging")
DRAFT, UPLOAD = "draft-", "upload-"
BESIDE = ".index"
# What stands in the project itself for a moment, where it is on another volume.
HIDDEN = ".aether-draft-"
UPLOAD_ID = re.compile(r"[0-9a-f-]{36}\Z")
UPLOAD_SECONDS = 24 * 3600
BUSY_SECONDS = 5.0
DRAFTS = 100
MINE = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Staging:
    """The folder, held open, for this user alone."""

    def __init__(self, home: str) -> None:
        folder = os.open(home, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        for name in PLACE:
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=folder)
            try:
                inner = os.open(name, FOLDER, dir_fd=folder)
            except NotADirectoryError:
                raise Refused("machine-failed", "~/{} is in the way; remove it.".format("/".join(PLACE))) from None
            finally:
                os.close(folder)
            folder = inner
        try:
            self.fd = os.open(".", LISTED, dir_fd=folder)
        finally:
            os.close(folder)
        if os.fstat(self.fd).st_mode & 0o077:
            os.fchmod(self.fd, 0o700)

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    @contextmanager
    def drafted(self) -> Iterator[tuple[str, int]]:
        """A new file, its name here and its descriptor. Removed on leaving, unless it has been moved away."""
        self.sweep()
        name, fd = self._draft()
        try:
            yield name, fd
        finally:
            _removed(name, self.fd)
            os.close(fd)

    def _draft(self) -> tuple[str, int]:
        """A new file that is locked. Others who sweep may have seen it before it was; then there is another."""
        for _ in range(DRAFTS):
            name = DRAFT + os.urandom(12).hex()
            fd = os.open(name, MINE | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=self.fd)
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink:
                return name, fd
            os.close(fd)
        raise Refused("machine-failed", "Too much is being written at once. Try again.")

    @contextmanager
    def beside(self) -> Iterator[tuple[int, str]]:
        """An empty file for another program to replace: its descriptor and its path. It goes as a draft does."""
        with self.drafted() as (draft, _):
            name = draft + BESIDE
            fd = os.open(name, MINE | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=self.fd)
            try:
                yield fd, os.path.join(os.readlink(f"/proc/self/fd/{self.fd}"), name)
            finally:
                os.close(fd)
                _removed(name, self.fd)

    @contextmanager
    def uploading(self, upload: str, *, make: bool = False) -> Iterator[tuple[str, int]]:
        """An upload's file, for this process alone. Raises Refused: not-found, upload-busy."""
        name = self._upload(upload)
        fd = os.open(name, MINE | (os.O_CREAT if make else 0), 0o600, dir_fd=self.fd)
        try:
            _locked(fd)
            if os.fstat(fd).st_nlink == 0:
                raise Refused("not-found", "This upload has just been finished or removed.")
            yield name, fd
        finally:
            os.close(fd)

    def uploaded(self, upload: str) -> int | None:
        try:
            return os.stat(self._upload(upload), dir_fd=self.fd, follow_symlinks=False).st_size
        except FileNotFoundError:
            return None

    def discard(self, upload: str) -> None:
        _removed(self._upload(upload), self.fd)

    def _upload(self, upload: str) -> str:
        if not UPLOAD_ID.match(upload):
            raise Refused("invalid", "This is no id of an upload.")
        return UPLOAD + upload

    def sweep(self) -> None:
        """Remove what others left behind."""
        expired = time.time() - UPLOAD_SECONDS
        with os.scandir(self.fd) as names:
            left = sorted(each.name for each in names if _is_left(each, expired))
        for name in left:
            draft, dot, _ = name.partition(".")
            if not dot:
                _swept(name, self.fd)
            elif look(self.fd, draft) is None:
                _removed(name, self.fd)

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """Between the look at what a write replaces and the replacing, no other write of ours comes in."""
        lock = os.open(".", LISTED, dir_fd=self.fd)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _is_left(each: os.DirEntry[str], expired: float) -> bool:
    if each.name.startswith(DRAFT):
        return True
    try:
        return each.name.startswith(UPLOAD) and each.stat(follow_symlinks=False).st_mtime < expired
    except FileNotFoundError:
        return False


def _swept(name: str, folder: int) -> None:
    try:
        fd = os.open(name, MINE, dir_fd=folder)
    except OSError:
        return
    try:
        if _got(fd):  # else it is being written
            _removed(name, folder)
    finally:
        os.close(fd)


def _locked(fd: int) -> None:
    """Lock it within a few seconds: who sent before may not have noticed yet that its connection is gone."""
    end = time.monotonic() + BUSY_SECONDS
    while not _got(fd):
        if time.monotonic() > end:
            raise Refused("upload-busy", "Its bytes are being sent by somebody else right now.")
        # flock() waits for ever or not at all; in between there is only asking again.
        time.sleep(0.05)


def _got(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _removed(name: str, folder: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
