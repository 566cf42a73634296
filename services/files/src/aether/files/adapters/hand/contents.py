"""Files on their way out of a machine, and bodies on their way in."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from aether.files.adapters.hand.project import ProjectHand
from aether.files.deps.ports import SMALL, Entry, Stream
from aether.files.errors import MachineFailed

PIECE = 256 * 1024


class FileContent:
    """See ports.Content. Of a small file the bytes have come with the entry."""

    def __init__(self, project: ProjectHand, asked: dict[str, Any], entry: Entry, data: bytes | None) -> None:
        if entry.etag is None or entry.kind != "file" or (data is not None and len(data) != entry.size):
            raise MachineFailed("The machine answered something that is no answer.")
        self.entry = entry
        self._project, self._asked, self._data = project, asked, data

    async def read(self, start: int = 0, length: int | None = None, *, moving: bool = False) -> Stream:
        length = self.entry.size - start if length is None else length
        if self._data is not None:
            return AtHand(self._data[start : start + length])
        asked = {**self._asked, "etag": self.entry.etag, "start": start, "length": length, "moving": moving}
        return await self._project.download(asked)


class AtHand:
    """Bytes that are here already, as a stream."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._data), PIECE):
            yield self._data[at : at + PIECE]

    async def aclose(self) -> None:
        """There is nothing to let go of."""


class Begin(NamedTuple):
    """The beginning of a body; `whole` if that is all, `failed` if it broke off there."""

    data: bytes
    whole: bool
    failed: Exception | None


async def begin_of(body: AsyncIterator[bytes], *, keep: bool) -> Begin:
    """As much as goes with a request, or a little more. With `keep` a body that fails is a beginning, too."""
    data = bytearray()
    try:
        async for piece in body:
            data += piece
            if len(data) > SMALL:
                return Begin(bytes(data), whole=False, failed=None)
    except Exception as failed:
        if not keep:
            raise
        return Begin(bytes(data), whole=False, failed=failed)
    return Begin(bytes(data), whole=True, failed=None)


async def pieces_after(begin: bytes, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A body whose beginning has been taken from it, whole again."""
    yield begin
    async for piece in body:
        yield piece
