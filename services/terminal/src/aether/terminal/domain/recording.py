"""Recordings: what a terminal showed and when, packed for keeping and written out as asciicast v2.

A chunk is zlib over entries of `>IcI` (milliseconds since the session was made, kind, length) and that many
bytes. Kinds: o output, r size as "80x24", m a mark in words, such as that something is missing here.
"""

import codecs
import json
import struct
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime

HEAD = struct.Struct(">IcI")
OUTPUT, RESIZE, MARK = b"o", b"r", b"m"
LATEST = 2**32 - 1  # 49 days; what comes later is written as then

Entry = tuple[int, bytes, bytes]


def pack(entries: Iterable[Entry]) -> bytes:
    """Entries as a chunk; output of the same moment becomes one entry."""
    parts: list[bytes] = []
    for moment, kind, data in _merged(entries):
        parts += (HEAD.pack(min(moment, LATEST), kind, len(data)), data)
    # Level 1 costs a third of level 6 and keeps terminal output within a fifth of its size.
    return zlib.compress(b"".join(parts), 1)


def _merged(entries: Iterable[Entry]) -> Iterator[Entry]:
    waiting: list[bytes] = []
    since = 0
    for moment, kind, data in entries:
        if waiting and (kind != OUTPUT or moment != since):
            yield since, OUTPUT, b"".join(waiting)
            waiting = []
        if kind == OUTPUT:
            since = moment
            waiting.append(data)
        else:
            yield moment, kind, data
    if waiting:
        yield since, OUTPUT, b"".join(waiting)


def unpack(chunk: bytes) -> Iterator[Entry]:
    data = zlib.decompress(chunk)
    position = 0
    while position < len(data):
        moment, kind, length = HEAD.unpack_from(data, position)
        position += HEAD.size
        yield moment, kind, data[position : position + length]
        position += length


async def asciicast(
    chunks: AsyncIterator[bytes], *, cols: int, rows: int, created_at: datetime, title: str
) -> AsyncIterator[bytes]:
    """asciicast v2, a piece for each chunk. What is not UTF-8 becomes U+FFFD, also across pieces."""
    header = {
        "version": 2,
        "width": cols,
        "height": rows,
        "timestamp": int(created_at.timestamp()),
        "title": title,
    }
    yield _line(header)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    async for chunk in chunks:
        yield b"".join(_line(event) for entry in unpack(chunk) if (event := _event(entry, decoder))[2])


def _event(entry: Entry, decoder: codecs.IncrementalDecoder) -> tuple[float, str, str]:
    moment, kind, data = entry
    text = decoder.decode(data) if kind == OUTPUT else data.decode()
    return moment / 1000, kind.decode(), text


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
