"""Whether somebody is at work over SSH, told from how much they send: what they send is not to be read.

A connection that is merely kept open sends some hundred bytes a minute, and an editor that polls not much more;
one that is opened again and again sends little beyond what opening takes.
"""

OPENING_BYTES = 8 * 1024  # what two sides need to agree, and a proof or two
WINDOW_SECONDS = 30.0
WORK_BYTES = 2 * 1024  # in a window: a few dozen keys pressed, or any file


class Traffic:
    """What one client sends over one connection. Times are monotonic seconds."""

    __slots__ = ("_opening", "_sent", "_since")

    def __init__(self) -> None:
        self._opening = OPENING_BYTES
        self._sent = 0
        self._since = 0.0

    def shows_work(self, size: int, now: float) -> bool:
        """Whether these bytes, with those just before them, are somebody's work."""
        spent = min(size, self._opening)
        self._opening -= spent
        if now - self._since > WINDOW_SECONDS:
            self._since, self._sent = now, 0
        self._sent += size - spent
        return self._sent > WORK_BYTES
