"""The last megabyte of a session's output, as a numbered stream of bytes."""

from collections import deque
from itertools import islice

BLOCK = 16 * 1024


class Ring:
    """Keeps at least the last `limit` bytes once that many have come, in blocks made as they are needed.

    Offsets count bytes of the whole stream, so they only grow; `start` is the oldest that is still here.
    """

    __slots__ = ("_blocks", "_limit", "end", "start")

    def __init__(self, limit: int, start: int = 0) -> None:
        self._limit = limit
        self._blocks: deque[bytearray] = deque()
        self.start = start
        self.end = start

    def append(self, data: bytes) -> None:
        if self._blocks and len(self._blocks[-1]) + len(data) <= BLOCK:
            self._blocks[-1] += data
        else:
            self._blocks.append(bytearray(data))
        self.end += len(data)
        while self.end - self.start - len(self._blocks[0]) >= self._limit:
            self.start += len(self._blocks.popleft())

    def holds(self, offset: int) -> bool:
        """Whether everything from `offset` on is here. The end itself is: nothing is missing then."""
        return self.start <= offset <= self.end

    def read(self, offset: int, most: int) -> bytes:
        """Up to `most` bytes from `offset`, which must be held; empty at the end."""
        index, block_start = self._locate(offset)
        pieces: list[bytes] = []
        wanted = min(most, self.end - offset)
        for block in islice(self._blocks, index, None):
            if wanted <= 0:
                break
            begin = max(0, offset - block_start)
            piece = bytes(memoryview(block)[begin : begin + wanted])
            pieces.append(piece)
            wanted -= len(piece)
            block_start += len(block)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def forget(self, keep: int = 0) -> None:
        """Let go of all but about the last `keep` bytes."""
        while self._blocks and self.end - self.start - len(self._blocks[0]) >= keep:
            self.start += len(self._blocks.popleft())

    def _locate(self, offset: int) -> tuple[int, int]:
        """The block that holds `offset`, and where it starts; looked for from the end, where readers are."""
        index, block_start = len(self._blocks), self.end
        while index > 0 and block_start > offset:
            index -= 1
            block_start -= len(self._blocks[index])
        return index, block_start
