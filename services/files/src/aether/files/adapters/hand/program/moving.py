"""A move that replaces nothing, also if something takes the place at the last moment."""

from __future__ import annotations

import ctypes
import errno
import os
import stat

from aether.files.adapters.hand.program.confined import look

NO_REPLACE = 1
# What says that this system or this volume has no such call, rather than that the move is not possible.
UNKNOWN = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}
_libc = ctypes.CDLL(None, use_errno=True)


def move_into_free(old: int, name: str, new: int, to: str) -> None:
    """Raises FileExistsError if anything is there."""
    code = _renameat2(old, name, new, to)
    if code in UNKNOWN:
        _linked_or_renamed(old, name, new, to)
    elif code:
        raise OSError(code, os.strerror(code))


def _renameat2(old: int, name: str, new: int, to: str) -> int:
    """0, or the error's number."""
    try:
        call = _libc.renameat2
    except AttributeError:
        return errno.ENOSYS
    failed = call(old, os.fsencode(name), new, os.fsencode(to), NO_REPLACE)
    return ctypes.get_errno() if failed else 0


def _linked_or_renamed(old: int, name: str, new: int, to: str) -> None:
    """A second name for a file is refused where one is; a folder can have none, so there the look must do."""
    present = os.stat(name, dir_fd=old, follow_symlinks=False)
    if not stat.S_ISDIR(present.st_mode):
        try:
            os.link(name, to, src_dir_fd=old, dst_dir_fd=new, follow_symlinks=False)
        except OSError as error:
            if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.ENOSYS}:
                raise
        else:
            os.unlink(name, dir_fd=old)
            return
    if look(new, to) is not None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    os.rename(name, to, src_dir_fd=old, dst_dir_fd=new)
