"""Files put in place all at once, folders made, things moved and deleted."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from aether.files.adapters.hand.program.ahead import Ahead
from aether.files.adapters.hand.program.confined import FOLDER, Refused, Root, listed, look, opened
from aether.files.adapters.hand.program.moving import move_into_free
from aether.files.adapters.hand.program.reading import PIECE, entry, etag_of, write_all
from aether.files.adapters.hand.program.staging import HIDDEN, Staging

TRIES = 8
# From here on a folder is moved up before it is emptied, because each level holds a descriptor.
DEEP = 128


def _fill(fd: int, pieces: Iterable[bytes]) -> None:
    with Ahead(fd) as ahead:
        for piece in pieces:
            write_all(fd, piece)
            ahead.wrote(len(piece))


def umask() -> int:
    """What new files are not permitted. Asking sets it, so this is done once, before there are threads."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


class Writer:
    """Writes into one project by way of one staging folder.

    A condition is {"etags": [one of these] or None, "present": True, False or None, "refuse": bool}; see
    ports.Condition.
    """

    def __init__(self, root: Root, staging: Staging, mask: int) -> None:
        self._root, self._staging, self._mask = root, staging, mask

    # Files.

    def write(self, path: str, pieces: Iterable[bytes], condition: dict[str, Any]) -> tuple[list[Any], bool]:
        """The new entry, and whether there was none before. Nothing is changed unless all pieces came."""
        self._foresee(path, condition)
        with self._staging.drafted() as (name, fd):
            _fill(fd, pieces)
            return self._put(path, name, fd, condition)

    def append(self, upload: str, offset: int, pieces: Iterable[bytes]) -> int:
        """Add to an upload, and how long it is then. What has come is kept, even if `pieces` raises."""
        if offset == 0:
            self._staging.sweep()
        elif self._staging.uploaded(upload) is None:
            raise Refused("wrong-offset", "Nothing of this upload is there.", offset=0)
        with self._staging.uploading(upload, make=True) as (_, fd):
            size = os.fstat(fd).st_size
            if size != offset:
                raise Refused("wrong-offset", f"The upload goes on at byte {size}.", offset=size)
            os.lseek(fd, 0, os.SEEK_END)
            _fill(fd, pieces)
            return os.fstat(fd).st_size

    def finish(
        self, upload: str, path: str, size: int, condition: dict[str, Any], mtime: int | None
    ) -> tuple[list[Any], bool]:
        """Put an upload in place. Refused, it stays where it is."""
        with self._staging.uploading(upload) as (name, fd):
            there = os.fstat(fd).st_size
            if there != size:
                raise Refused("wrong-offset", f"{there} of {size} bytes are there.", offset=there)
            if mtime is not None:
                os.utime(fd, ns=(mtime, mtime))
            put = self._put(path, name, fd, condition)
            self._staging.discard(upload)
            return put

    def _foresee(self, path: str, condition: dict[str, Any]) -> None:
        """Refuse now what would be refused in the end, before bytes are sent for nothing."""
        try:
            with self._root.walked(path) as (trail, name):
                self._permit(trail.folder, name, condition)
        except FileNotFoundError:
            pass
        except Refused as refusal:
            if refusal.kind != "not-found":
                raise

    def _put(self, path: str, draft: str, fd: int, condition: dict[str, Any]) -> tuple[list[Any], bool]:
        """Give the draft its place, which is found anew: folders may have been moved while bytes were sent."""
        with self._root.walked(path, make=True) as (trail, name):
            if not name:
                raise Refused("is-a-folder")
            self._liken(fd, self._permit(trail.folder, name, condition))
            os.fsync(fd)
            created = self._replace(trail.folder, name, draft, fd, condition)
            _kept(trail.folder)
            with opened(trail.folder, name) as (now, found):
                return entry(name, found, etag=etag_of(now, found)[0]), created

    def _replace(self, folder: int, name: str, draft: str, fd: int, condition: dict[str, Any]) -> bool:
        source = self._staging.fd
        try:
            return self._swap(folder, name, source, draft, condition)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            draft, source = _carried(fd, folder), folder
            return self._swap(folder, name, source, draft, condition)
        finally:
            if source == folder:
                _gone(draft, folder)

    def _swap(self, folder: int, name: str, source: int, draft: str, condition: dict[str, Any]) -> bool:
        """Between the last look and the rename no other write of ours comes in."""
        with self._staging.one_at_a_time():
            old = self._permit(folder, name, condition)
            if old is None and condition.get("present") is False:
                self._move_draft(source, draft, folder, name, condition)
            else:
                os.rename(draft, name, src_dir_fd=source, dst_dir_fd=folder)
            return old is None

    def _move_draft(self, source: int, draft: str, folder: int, name: str, condition: dict[str, Any]) -> None:
        try:
            move_into_free(source, draft, folder, name)
        except FileExistsError:
            self._permit(folder, name, condition)  # refuses what has come since
            raise

    def _permit(self, folder: int, name: str, condition: dict[str, Any]) -> os.stat_result | None:
        """What is there now, if the condition lets it be replaced. Raises Refused."""
        old = look(folder, name)
        if old is not None and not stat.S_ISREG(old.st_mode):
            raise Refused("is-a-folder" if stat.S_ISDIR(old.st_mode) else "not-a-file")
        etags, present = condition.get("etags"), condition.get("present")
        if old is None:
            if etags is not None or present:
                raise Refused("changed-meanwhile", "The file is gone.", etag=None)
            return None
        if present is False or etags is not None:
            with opened(folder, name) as (fd, found):
                etag = etag_of(fd, found)[0]
            if present is False:
                raise Refused("exists") if condition.get("refuse") else _changed(etag)
            if etag not in (etags or ()):
                raise _changed(etag)
        if not os.access(name, os.W_OK, dir_fd=folder):
            raise Refused("not-permitted", "The file is write-protected.")
        return old

    def _liken(self, fd: int, old: os.stat_result | None) -> None:
        """Give the draft the owner and the mode of what it replaces."""
        if old is None:
            os.fchmod(fd, 0o666 & ~self._mask)
            return
        mine = os.fstat(fd)
        if (mine.st_uid, mine.st_gid) != (old.st_uid, old.st_gid):
            try:
                os.fchown(fd, old.st_uid, old.st_gid)
            except PermissionError:
                why = "The file belongs to somebody else, and would not any more."
                raise Refused("not-permitted", why) from None
        os.fchmod(fd, stat.S_IMODE(old.st_mode))

    # Everything else.

    def make_folder(self, path: str) -> tuple[list[Any], bool]:
        with self._root.walked(path, make=True) as (trail, name):
            created = False
            if name:
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=trail.folder)
                    created = True
            trail.enter(name)
            found = os.fstat(trail.folder)
            return entry(name, found), created

    def rename(self, source: str, target: str, *, overwrite: bool) -> list[Any]:
        if (target + "/").startswith(source + "/") and source != target:
            raise Refused("into-itself")
        with self._root.walked(source, follow=False) as (old, name):
            if not name or look(old.folder, name) is None:
                raise Refused("not-found" if name else "invalid")
            with self._root.walked(target, follow=False, make=True) as (new, to):
                if not to:
                    raise Refused("exists", "The project's folder itself cannot be replaced.")
                self._move(old.folder, name, new.folder, to, overwrite=overwrite)
                _kept(new.folder)
                found = look(new.folder, to)
                if found is None:
                    raise Refused("not-found", "It was moved on by somebody else.")
                return entry(to, found)

    def _move(self, old: int, name: str, new: int, to: str, *, overwrite: bool) -> None:
        present, mine = look(new, to), look(old, name)
        if present and mine and (present.st_dev, present.st_ino) == (mine.st_dev, mine.st_ino):
            return  # it is there already
        try:
            if overwrite:
                os.rename(name, to, src_dir_fd=old, dst_dir_fd=new)
            else:
                move_into_free(old, name, new, to)
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise Refused("into-itself") from None
            if error.errno == errno.EXDEV:
                raise Refused("not-permitted", "The two folders are on different disks of the machine.") from None
            raise

    def delete(self, path: str, *, recursive: bool, cancelled: Callable[[], bool]) -> None:
        with self._root.walked(path, follow=False) as (trail, name):
            if not name:
                raise Refused("invalid", "The project's folder itself cannot be deleted.")
            found = os.stat(name, dir_fd=trail.folder, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                os.unlink(name, dir_fd=trail.folder)
            elif recursive:
                _remove_tree(trail.folder, name, cancelled)
            else:
                os.rmdir(name, dir_fd=trail.folder)


def _changed(etag: str) -> Refused:
    return Refused("changed-meanwhile", "The file has another content than you had before you.", etag=etag)


def _carried(fd: int, folder: int) -> str:
    """A copy in the folder itself, for a place on another volume than the staging folder's."""
    name = HIDDEN + os.urandom(12).hex()
    copy = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        found, at = os.fstat(fd), 0
        while True:
            piece = os.pread(fd, PIECE, at)
            if not piece:
                break
            write_all(copy, piece)
            at += len(piece)
        os.fchown(copy, found.st_uid, found.st_gid)
        os.fchmod(copy, stat.S_IMODE(found.st_mode))
        os.utime(copy, ns=(found.st_atime_ns, found.st_mtime_ns))
        os.fsync(copy)
    except BaseException:
        _gone(name, folder)
        raise
    finally:
        os.close(copy)
    return name


def _gone(name: str, folder: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _kept(folder: int) -> None:
    """Have the disk know the names in a folder, as far as its system can say so."""
    with listed(folder) as fd:
        try:
            os.fsync(fd)
        except OSError as error:
            if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.EBADF}:
                raise


def _remove_tree(parent: int, name: str, cancelled: Callable[[], bool]) -> None:
    """Empty a folder and remove it. No link is followed; others may go on putting things into it, for a while."""
    for _ in range(TRIES):
        top = os.open(name, FOLDER, dir_fd=parent)
        try:
            _empty(top, top, 0, cancelled)
        finally:
            os.close(top)
        try:
            os.rmdir(name, dir_fd=parent)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
        else:
            return
    raise Refused("not-empty", "Something goes on making files in it.")


def _empty(folder: int, top: int, depth: int, cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Refused("cancelled")
    with listed(folder) as fd, os.scandir(fd) as names:
        found = [(each.name, each.is_dir(follow_symlinks=False)) for each in names]
    for name, is_folder in found:
        if not is_folder:
            _unlinked(name, folder)
        elif depth > DEEP:
            os.rename(name, HIDDEN + os.urandom(12).hex(), src_dir_fd=folder, dst_dir_fd=top)
        else:
            _remove_folder(name, folder, top, depth, cancelled)


def _remove_folder(name: str, folder: int, top: int, depth: int, cancelled: Callable[[], bool]) -> None:
    try:
        inner = os.open(name, FOLDER, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError):
        _unlinked(name, folder)
        return
    try:
        _empty(inner, top, depth + 1, cancelled)
    finally:
        os.close(inner)
    try:
        os.rmdir(name, dir_fd=folder)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.ENOENT, errno.ENOTDIR}:
            raise


def _unlinked(name: str, folder: int) -> None:
    with suppress(FileNotFoundError, IsADirectoryError):
        os.unlink(name, dir_fd=folder)
