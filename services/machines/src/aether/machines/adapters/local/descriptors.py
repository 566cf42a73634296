"""Reading and writing non-blocking descriptors, of pipes and terminals, in asyncio.

One call at a time for each descriptor and direction. Close one only after its callers were cancelled.
"""

import asyncio
import os
from collections.abc import Callable

CHUNK = 65536


async def read(handle: int) -> bytes:
    """What there is, at most 64 KiB; empty at the end. A terminal's end is an OSError, EIO."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            return os.read(handle, CHUNK)
        except BlockingIOError:
            await _ready(handle, loop.add_reader, loop.remove_reader)


async def write(handle: int, data: bytes) -> None:
    """All of it, as fast as the other side takes it. OSError if nobody reads any more."""
    loop = asyncio.get_running_loop()
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(handle, rest) :]
        except BlockingIOError:
            await _ready(handle, loop.add_writer, loop.remove_writer)


async def _ready(handle: int, add: Callable[..., object], remove: Callable[[int], object]) -> None:
    event = asyncio.Event()
    add(handle, event.set)
    try:
        await event.wait()
    finally:
        remove(handle)
