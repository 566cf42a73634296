"""Questions that a program asks of its terminal and tmux answers itself.

A viewer's emulator must not see them, or the program gets its answer twice, and once for each viewer. They
are taken out of the output. Where one is split over two pieces, its beginning is gone already: a CAN takes
the place of its end, which every emulator takes as "forget the sequence".
"""

import re

CANCEL = b"\x18"
_QUERY = re.compile(rb"\x1b\[(?:[>=]?0?c|[56]n|>0?q)")
_BEGUN = re.compile(rb"\x1b(?:\[(?:[>=]?0?|[56])?)?\Z")
_LONGEST = 5


class QueryFilter:
    """Takes the questions out of a stream that comes in pieces."""

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun = b""

    def pass_on(self, data: bytes) -> bytes:
        if self._begun:
            data = self._finish(data)
        if b"\x1b" not in data:
            return data
        if b"\x1b[" in data:
            data = _QUERY.sub(b"", data)
        begun = _BEGUN.search(data, max(0, len(data) - _LONGEST))
        self._begun = begun.group() if begun else b""
        return data

    def _finish(self, data: bytes) -> bytes:
        begun, self._begun = self._begun, b""
        match = _QUERY.match(begun + data[:_LONGEST])
        if match is not None and match.end() > len(begun):
            return CANCEL + data[match.end() - len(begun) :]
        if len(data) < _LONGEST and (more := _BEGUN.match(begun + data)):
            self._begun = more.group()
        return data
