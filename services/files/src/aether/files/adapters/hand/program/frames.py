"""What goes between the program and who sent it.

A frame is the lengths of its two parts, four bytes each, a header in JSON and a payload. Text in headers is ASCII,
so that names that are no UTF-8 come through as the lone surrogates that they are in Python.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

LENGTHS = struct.Struct(">II")
# The first bytes that are the program's: what stands before came from the machine's own greeting.
MARK = b"\x1eaether-hand\n"


class CutOff(Exception):
    """The other side went away in the middle."""


def frame(header: Any, payload: bytes = b"") -> bytes:
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    return LENGTHS.pack(len(text), len(payload)) + text + payload


def body(length: int) -> bytes:
    """What stands before a piece of a body: a frame without a header. One that is empty ends the body."""
    return LENGTHS.pack(0, length)


def read_frame(stream: BinaryIO) -> tuple[Any, bytes] | None:
    """The next header, None of a body's frame, and payload; None at the end. Raises CutOff in between."""
    lengths = stream.read(LENGTHS.size)
    if not lengths:
        return None
    if len(lengths) < LENGTHS.size:
        raise CutOff
    header_length, payload_length = LENGTHS.unpack(lengths)
    header, payload = stream.read(header_length), stream.read(payload_length)
    if len(header) < header_length or len(payload) < payload_length:
        raise CutOff
    return (json.loads(header) if header else None), payload
