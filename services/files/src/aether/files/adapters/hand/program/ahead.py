"""Having the disk begin while bytes still come, so that the sync before a rename has little left to wait for."""

from __future__ import annotations

import os
import threading
from types import TracebackType

EVERY = 16 * 1024 * 1024


class Ahead:
    """Syncs a file's data behind its writer, one sync at a time.

    A failure to write back is told of once for each open file, so it is kept here and raised, as OSError, to the
    writer: at the next count or at the end.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waiting = 0
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._thread.join()
        if kind is None:
            self._raise()

    def wrote(self, count: int) -> None:
        """So many bytes more."""
        self._waiting += count
        if self._waiting < EVERY or (self._thread is not None and self._thread.is_alive()):
            return
        self._raise()
        self._waiting = 0
        self._thread = threading.Thread(target=self._sync, daemon=True)
        self._thread.start()

    def _sync(self) -> None:
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            self._error = error

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
