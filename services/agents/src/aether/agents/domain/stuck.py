"""Whether an agent goes round in circles: output flows, nothing in it is new, and no file changes.

What was seen is kept as lines without digits and spinners, since a clock that counts is nothing new.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

KEPT = 400  # different lines that are remembered
SILENT = timedelta(minutes=2)  # without output for so long it is quiet, and not going in circles
_CHANGING = re.compile(r"[\d\u2500-\u25ff\u2800-\u28ff✢✳✶✻✽·*|/\\-]+|\s+")


@dataclass(frozen=True)
class Trail:
    """What has been seen of a run. `since`: from then on nothing was new. `flowed_at`: when output last came."""

    since: datetime
    flowed_at: datetime
    offset: int = 0
    seen: tuple[str, ...] = ()


def looked(trail: Trail | None, lines: Sequence[str], doing: str, offset: int, at: datetime) -> Trail:
    """After another look at its screen. `offset` counts bytes of output, and begins anew with each attachment."""
    shown = marks([*lines, f"doing {doing}"])
    if trail is None:
        return Trail(at, at, offset, shown[-KEPT:])
    flowed = trail.flowed_at if offset == trail.offset else at
    new = [mark for mark in shown if mark not in trail.seen]
    if not new:
        return replace(trail, offset=offset, flowed_at=flowed)
    return Trail(at, flowed, offset, (*trail.seen, *new)[-KEPT:])


def goes_in_circles(trail: Trail, now: datetime, minutes: float) -> bool:
    """Nothing new for so many minutes, while output has flowed. Whether files change has to be looked at then."""
    flows = now - trail.flowed_at < min(SILENT, timedelta(minutes=minutes))
    return flows and now - trail.since >= timedelta(minutes=minutes)


def with_changed_files(trail: Trail, now: datetime) -> Trail:
    """A file has changed: it gets somewhere, whatever its screen shows."""
    return replace(trail, since=now)


def sentence(trail: Trail, now: datetime) -> str:
    minutes = max(1, int((now - trail.since).total_seconds() // 60))
    times = "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"It has repeated itself for {times}, and no file has changed."


def marks(lines: Sequence[str]) -> tuple[str, ...]:
    """The different lines of a screen, without what a clock or a spinner changes in them."""
    plain = (_CHANGING.sub(" ", text).strip() for text in lines)
    return tuple(dict.fromkeys(mark for mark in plain if mark))
