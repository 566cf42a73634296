"""One socket that looks at a session: where it is in the stream, and what it is sent next."""

from dataclasses import dataclass
from typing import Any

from aether.contracts.ids import new_id
from aether.kit.grants import Grant
from aether.terminal.deps.ports import Socket
from aether.terminal.domain.pace import RELEASE, WINDOW, Pace
from aether.terminal.domain.ring import Ring

FRAME = 64 * 1024


@dataclass(frozen=True, slots=True)
class Farewell:
    """The last message, and the close code after it."""

    message: dict[str, Any]
    code: int
    word: str


class Viewer:
    """Sends from a snapshot first, if it has one, and then from the ring, only as fast as its socket drains.

    `sent` is the offset after the last byte that was sent.
    """

    def __init__(self, socket: Socket, grant: Grant) -> None:
        self.id = str(new_id())
        self.socket = socket
        self.grant = grant
        self.may_type = grant.right == "input"
        self.pace = Pace(sets_pace=False, floor=0, acked=0, heard_at=0.0)
        self.sent = 0
        self.started = False
        self.behind = False  # what it needs next is no longer in the ring
        self._backlog = memoryview(b"")
        self._farewell: Farewell | None = None

    def start(self, offset: int, snapshot: bytes, now: float) -> None:
        """Begin, or begin anew, so that the stream goes on at `offset` once the snapshot is through."""
        self._backlog = memoryview(snapshot)
        self.sent = offset - len(snapshot)
        self.pace = Pace(sets_pace=self.may_type, floor=offset, acked=self.sent, heard_at=now)
        self.started, self.behind = True, False

    def pump(self, ring: Ring, now: float) -> None:
        """Send what may be sent now."""
        if not self.started or self.behind:
            return
        if self.pace.acked >= self.sent:
            self.pace.heard_at = now  # nothing was owed, so the silence until now says nothing
        while self.socket.writable and self.sent - self.pace.acked < WINDOW:
            frame = self._next(ring)
            if not frame:
                self.part()
                return
            self.socket.send(frame)
            self.sent += len(frame)

    def bid_farewell(self, farewell: "Farewell") -> None:
        """Say this, and close, once everything before it has been sent."""
        self._farewell = farewell
        if not self.started or self.behind:
            self.part()

    def part(self) -> None:
        """Say the farewell, if there is one and it has not been said."""
        if self._farewell is not None:
            self.tell(self._farewell.message)
            self.socket.close(self._farewell.code, self._farewell.word)
            self._farewell = None

    def _next(self, ring: Ring) -> bytes:
        if self._backlog:
            frame = bytes(self._backlog[:FRAME])
            self._backlog = self._backlog[FRAME:]
            return frame
        if not ring.holds(self.sent):
            self.behind = True
            self.pace.sets_pace = False
            return b""
        return ring.read(self.sent, FRAME)

    @property
    def caught_up(self) -> bool:
        """Whether it has taken nearly all it was sent, so that a new beginning reaches it soon."""
        return self.sent - self.pace.acked <= RELEASE

    def tell(self, message: dict[str, Any]) -> None:
        self.socket.tell(message)


def hurry(leaving: list[Viewer]) -> None:
    """They have had their time: whoever has not taken everything is told the last word now."""
    for viewer in leaving:
        viewer.part()
