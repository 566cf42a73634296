"""Frames as they come from a machine, which may send anything."""

import json
from collections.abc import Iterator
from typing import Any

from aether.files.adapters.hand.program.frames import LENGTHS, MARK

# A machine's shell may greet before the program begins; nobody greets with more than this.
GREETING = 64 * 1024
# A folder of 200,000 entries fits.
LONGEST = 64 * 1024 * 1024


class Garbled(Exception):
    """This is no frame, or says what cannot be."""


class Frames:
    """Takes bytes as they come and gives whole frames."""

    def __init__(self) -> None:
        self.begun = False
        self._waiting = bytearray()

    def take(self, data: bytes) -> Iterator[tuple[Any, bytes]]:
        """The headers and payloads that are now complete; a header is None in a body. Raises Garbled."""
        self._waiting += data
        if not self.begun:
            self._find_mark()
        while self.begun:
            frame = self._next()
            if frame is None:
                return
            yield frame

    def _find_mark(self) -> None:
        greeting, mark, rest = self._waiting.partition(MARK)
        if mark:
            self.begun, self._waiting = True, rest
        elif len(greeting) > GREETING:
            raise Garbled

    def _next(self) -> tuple[Any, bytes] | None:
        if len(self._waiting) < LENGTHS.size:
            return None
        header_length, payload_length = LENGTHS.unpack_from(self._waiting)
        middle = LENGTHS.size + header_length
        end = middle + payload_length
        if end > LONGEST:
            raise Garbled
        if len(self._waiting) < end:
            return None
        with memoryview(self._waiting) as view:
            header, payload = bytes(view[LENGTHS.size : middle]), bytes(view[middle:end])
        del self._waiting[:end]
        return (_parsed(header) if header else None), payload


def _parsed(header: bytes) -> Any:
    try:
        return json.loads(header)
    except (ValueError, RecursionError):
        raise Garbled from None
