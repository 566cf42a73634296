"""Everyone who looks at one session, and the numbered stream that they share."""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from aether.terminal.deps.viewer import Farewell, Viewer, hurry
from aether.terminal.domain.pace import PATIENCE, holds_back
from aether.terminal.domain.ring import Ring

RING = 1024 * 1024
FIRST_OFFSET = 2**32  # so that a snapshot, which is counted backwards from here, never begins below zero
EPOCHS = 64

GATHER_SECONDS = 0.004
LIGHT_BYTES = 4096  # what may come in GATHER_SECONDS and is still sent at once
HEAVY_BYTES = 64 * 1024


class Audience:
    """Hands the stream out. `sent` is called after each sending, for then the shell may have to wait."""

    def __init__(self, sent: Callable[[], None]) -> None:
        self.viewers: list[Viewer] = []
        self.ring = Ring(RING, FIRST_OFFSET)
        self._sent = sent
        self._epochs: OrderedDict[int, int] = OrderedDict()  # to where each one's own numbering ends
        self._timer: asyncio.TimerHandle | None = None
        self._window_start = 0.0
        self._window_bytes = 0
        self._pending_bytes = 0

    def append(self, data: bytes, now: float) -> None:
        """Send at once, but under load gather for a moment: each sending costs the same whatever its size."""
        self.ring.append(data)
        if now - self._window_start > GATHER_SECONDS:
            self._window_start, self._window_bytes = now, 0
        self._window_bytes += len(data)
        self._pending_bytes += len(data)
        light = self._window_bytes <= LIGHT_BYTES and self._timer is None
        if light or self._pending_bytes >= HEAVY_BYTES:
            self._flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._flush)

    def _flush(self) -> None:
        self.stop()
        self._pending_bytes = 0
        now = time.monotonic()
        for viewer in self.viewers:
            viewer.pump(self.ring, now)
        self._sent()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def forget(self) -> None:
        """What is held came before a gap, so it is of no use to anybody."""
        self.ring.forget()
        self._epochs.clear()

    def new_epoch(self, floor: int) -> int:
        """A numbering of one viewer's own until `floor`, and the shared one from there."""
        epoch = secrets.randbits(48)
        self._epochs[epoch] = floor
        while len(self._epochs) > EPOCHS:
            self._epochs.popitem(last=False)
        return epoch

    def has_missed_part(self, offset: int, epoch: int) -> bool:
        """Whether the ring has all that a viewer with this offset has missed."""
        floor = self._epochs.get(epoch)
        return floor is not None and offset >= floor and self.ring.holds(offset)

    def holds_back(self, *, held: bool) -> bool:
        paces = [viewer.pace for viewer in self.viewers if viewer.started]
        return holds_back(paces, self.ring.end, time.monotonic(), held=held)

    def tell(self, message: dict[str, Any]) -> None:
        for viewer in self.viewers:
            viewer.tell(message)

    def tell_presence(self) -> None:
        present = [{"id": v.id, "name": v.grant.person_name, "right": v.grant.right} for v in self.viewers]
        for viewer in self.viewers:
            viewer.tell({"type": "presence", "you": viewer.id, "viewers": present})

    def bid_farewell(self, farewell: Farewell) -> None:
        """Everyone gets what is left of the stream, then the last word; who takes too long, only that."""
        leaving, now = list(self.viewers), time.monotonic()
        for viewer in leaving:
            viewer.bid_farewell(farewell)
            viewer.pump(self.ring, now)
        asyncio.get_running_loop().call_later(PATIENCE, hurry, leaving)
