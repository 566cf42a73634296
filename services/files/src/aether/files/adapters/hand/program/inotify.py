"""Changes as the kernel tells them."""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
from collections.abc import Mapping

MODIFY, ATTRIB, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x2, 0x4, 0x40, 0x80, 0x100, 0x200
OVERFLOW, IGNORED, IS_SELF = 0x4000, 0x8000, 0x400 | 0x800
ONLY_FOLDERS, ADD = 0x01000000, 0x20000000
WANTED = MODIFY | ATTRIB | MOVED_FROM | MOVED_TO | CREATE | DELETE | IS_SELF | ONLY_FOLDERS
HEAD = struct.Struct("iIII")
MOST_BYTES = 256 * 1024

_libc = ctypes.CDLL(None, use_errno=True)


class Inotify:
    """One instance. Folders are given open, and are known by device and inode."""

    how = "inotify"

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._numbers: dict[tuple[int, int], int] = {}
        self._keys: dict[int, tuple[int, int]] = {}

    @staticmethod
    def begun() -> Inotify | None:
        """None where the kernel has none, or gives no more."""
        try:
            fd = _libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        except AttributeError:
            return None
        return Inotify(fd) if fd >= 0 else None

    def watch(self, folders: Mapping[tuple[int, int], int]) -> bool:
        """These and no others. False if the kernel refuses one that is there."""
        for key in self._numbers.keys() - folders.keys():
            number = self._numbers.pop(key)
            del self._keys[number]
            _libc.inotify_rm_watch(self.fd, number)
        for key in folders.keys() - self._numbers.keys():
            path = f"/proc/self/fd/{folders[key]}".encode()
            number = _libc.inotify_add_watch(self.fd, path, WANTED)
            if number < 0 and ctypes.get_errno() == errno.EACCES:
                continue  # who may not read a folder cannot list it either
            if number < 0:
                return False
            self._numbers[key], self._keys[number] = number, key
        return True

    def read(self) -> list[tuple[tuple[int, int] | None, str]]:
        """What has happened: the folder and the name in it, "" for the folder itself; None: some was lost."""
        events: list[tuple[tuple[int, int] | None, str]] = []
        while select.select([self.fd], [], [], 0)[0]:
            data = os.read(self.fd, MOST_BYTES)
            at = 0
            while at < len(data):
                number, mask, _, length = HEAD.unpack_from(data, at)
                at += HEAD.size + length
                self._note(events, number, mask, data[at - length : at])
        return events

    def close(self) -> None:
        os.close(self.fd)

    def _note(self, events: list[tuple[tuple[int, int] | None, str]], number: int, mask: int, name: bytes) -> None:
        if mask & OVERFLOW:
            events.append((None, ""))
        elif number in self._keys:
            events.append((self._keys[number], os.fsdecode(name.rstrip(b"\0"))))
            if mask & IGNORED:
                self._numbers.pop(self._keys.pop(number))
