"""Paths that cannot lead out of the project's folder, whatever is renamed while they are walked.

Every step opens one name in a folder that is held open and follows no link. What a link says is expanded here,
name by name, and ".." goes back to the folder held before: what was opened decides, never a path resolved again.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

LINKS = 40  # as the kernel's own limit
DEPTH = 256
FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
LISTED = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe that has nobody at its other end would wait, and a terminal would become ours.
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

KINDS = {
    errno.ENOENT: "not-found",
    errno.ELOOP: "not-found",  # it became a link after it was looked at
    errno.ENOTDIR: "not-a-folder",
    errno.EISDIR: "is-a-folder",
    errno.EEXIST: "exists",
    errno.ENOTEMPTY: "not-empty",
    errno.EACCES: "not-permitted",
    errno.EPERM: "not-permitted",
    errno.EROFS: "not-permitted",
    errno.EXDEV: "not-permitted",
    errno.ETXTBSY: "not-permitted",
    errno.EBUSY: "not-permitted",
    errno.ENAMETOOLONG: "invalid",
    errno.EINVAL: "invalid",
    errno.EILSEQ: "invalid",
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "disk-full",
    errno.EFBIG: "too-large",
}


class Refused(Exception):
    """An answer of this kind, with a sentence; `more` is what else the kind says."""

    def __init__(self, kind: str, detail: str = "", **more: Any) -> None:
        super().__init__(kind)
        self.kind, self.detail, self.more = kind, detail, more


def refused(error: OSError) -> Refused:
    """What the kernel said, as an answer."""
    number = error.errno or 0
    if number in KINDS:
        return Refused(KINDS[number])
    return Refused("machine-failed", f"The machine's system said: {os.strerror(number)}.")


def parts(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in {"", "."}]


class Other:
    """What is neither a folder nor a link."""


class Trail:
    """The folders from the root to where the walk is, each held open; `folder` is the last of them.

    The descriptors of a `base` are borrowed from another trail.
    """

    def __init__(self, root: Root, base: list[int] | None = None) -> None:
        self._root = root
        self._folders = base or [root.fd]
        self._own: set[int] = set()

    @property
    def folder(self) -> int:
        return self._folders[-1]

    def branch(self) -> Trail:
        """Another walk that begins here and leaves this one where it is."""
        return Trail(self._root, self._folders[:])

    def close(self) -> None:
        for fd in self._own:
            os.close(fd)
        self._own.clear()

    def walk(self, path: str, *, follow: bool, make: bool = False) -> str:
        """Go to the folder that holds what the path names, and return its name there; "" is the folder itself.

        The last name need not exist. `follow`: if it is a link, go on to what it leads to. `make`: folders that
        are missing on the way are made. Raises Refused: outside, not-found, not-a-folder, invalid.
        """
        left, links = parts(path)[::-1], 0
        while left:
            name = left.pop()
            if name == "..":
                self._up()
                continue
            found = self._step(name, make=make and bool(left))
            if isinstance(found, str) and (left or follow):
                links += 1
                if links > LINKS:
                    raise Refused("not-found", "The links on this path go round in circles.")
                left += self._expanded(found)
            elif not left:
                if isinstance(found, int):
                    os.close(found)
                return name
            elif isinstance(found, int):
                self._down(found)
            else:
                raise Refused("not-found" if found is None else "not-a-folder")
        return ""

    def enter(self, name: str) -> None:
        """Into the folder that a walk has named. Raises Refused for whatever else is there by now."""
        if name:
            try:
                self._down(os.open(name, FOLDER, dir_fd=self.folder))
            except NotADirectoryError:
                raise Refused("not-a-folder") from None

    def _down(self, fd: int) -> None:
        self._own.add(fd)
        self._folders.append(fd)
        if len(self._folders) > DEPTH:
            raise Refused("invalid", f"The path has more than {DEPTH} folders.")

    def _up(self) -> None:
        if len(self._folders) == 1:
            raise Refused("outside")
        self._let_go(self._folders.pop())

    def _let_go(self, fd: int) -> None:
        if fd in self._own:
            self._own.remove(fd)
            os.close(fd)

    def _step(self, name: str, *, make: bool) -> int | str | Other | None:
        """A folder as its descriptor, a link as what it says, None for nothing."""
        try:
            return os.open(name, FOLDER, dir_fd=self.folder)
        except FileNotFoundError:
            if not make:
                return None
            _made(name, self.folder)
            return self._step(name, make=False)
        except OSError as error:
            if error.errno not in {errno.ENOTDIR, errno.ELOOP}:
                raise
        try:
            return os.readlink(name, dir_fd=self.folder)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return Other()

    def _expanded(self, target: str) -> list[str]:
        """The names that a link stands for, the first one last. An absolute one begins at the root anew."""
        if target.startswith("/"):
            target = self._root.within(target)
            while len(self._folders) > 1:
                self._up()
        return parts(target)[::-1]


class Root:
    """The project's folder, held open for one request: it may have been made anew since the last."""

    def __init__(self, path: str) -> None:
        self.path = os.path.normpath(path)
        self._real = os.path.realpath(path)
        try:
            self.fd = os.open(path, FOLDER)
        except NotADirectoryError:
            raise Refused("outside", "The project's folder has been replaced by something else.") from None
        except FileNotFoundError:
            raise Refused("not-found", "The project's folder is not there.") from None

    def __enter__(self) -> Root:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    def within(self, target: str) -> str:
        """The rest of an absolute path that begins with the root's. Raises Refused for any other."""
        for start in (self._real, self.path):
            if target == start or target.startswith(start + "/"):
                return target[len(start) :]
        raise Refused("outside")

    @contextmanager
    def walked(self, path: str, *, follow: bool = True, make: bool = False) -> Iterator[tuple[Trail, str]]:
        """The trail to the folder that holds the path's last name, and that name; see Trail.walk."""
        trail = Trail(self)
        try:
            yield trail, trail.walk(path, follow=follow, make=make)
        finally:
            trail.close()

    @contextmanager
    def entered(self, path: str) -> Iterator[Trail]:
        """The trail to a folder. Raises Refused if it is none."""
        with self.walked(path) as (trail, name):
            trail.enter(name)
            yield trail

    @contextmanager
    def entered_itself(self, path: str) -> Iterator[Trail]:
        """The trail to a folder that no link leads to. Raises Refused if there is a link on the way."""
        trail = Trail(self)
        try:
            for name in parts(path):
                if name == "..":
                    raise Refused("outside")
                trail.enter(name)
            yield trail
        finally:
            trail.close()


def _made(name: str, folder: int) -> None:
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder)


def look(folder: int, name: str) -> os.stat_result | None:
    """What is at a name itself; None if nothing is."""
    try:
        return os.stat(name or ".", dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


@contextmanager
def opened(folder: int, name: str) -> Iterator[tuple[int, os.stat_result]]:
    """A regular file to be read. Raises Refused for anything else, which is not opened."""
    _regular(os.stat(name or ".", dir_fd=folder, follow_symlinks=False))
    fd = os.open(name, READ, dir_fd=folder)
    try:
        # Another thing may have taken the name since.
        found = os.fstat(fd)
        _regular(found)
        yield fd, found
    finally:
        os.close(fd)


def _regular(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise Refused("is-a-folder")
    if not stat.S_ISREG(found.st_mode):
        raise Refused("not-a-file", "It is a pipe, a socket, a device or has just become a link.")


@contextmanager
def listed(folder: int, name: str = ".") -> Iterator[int]:
    """A folder in a folder, opened to be listed. Raises NotADirectoryError also for a link."""
    fd = os.open(name, LISTED, dir_fd=folder)
    try:
        yield fd
    finally:
        os.close(fd)
