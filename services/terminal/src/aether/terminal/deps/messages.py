"""What is told over a socket beside the stream, and the codes with which one is closed."""

from typing import Any

from aether.contracts.problem import Problem
from aether.terminal.deps.viewer import Viewer
from aether.terminal.domain.terminal import Terminal

ENDED, RESTARTING, TRY_LATER = 1000, 1012, 1013
REVOKED, NO_RIGHT, GONE, TOO_SLOW = 4001, 4003, 4004, 4008

Message = dict[str, Any]


def hello(viewer: Viewer, terminal: Terminal, *, epoch: int, offset: int, live: int, kept: bool) -> Message:
    """First of all. Bytes before `live` were written before the viewer came; `kept` says that the machine keeps
    the session, so that it outlives a break of the connection."""
    return {
        "type": "hello",
        "epoch": epoch,
        "offset": offset,
        "live": live,
        "right": viewer.grant.right,
        "cols": terminal.cols,
        "rows": terminal.rows,
        "kept": kept,
    }


def anew(*, epoch: int, offset: int, live: int) -> Message:
    """The stream begins anew with a whole screen."""
    return {"type": "epoch", "epoch": epoch, "offset": offset, "live": live}


def problem(told: Problem) -> Message:
    """Before an orderly close."""
    return {"type": "problem", "problem": told.model_dump(mode="json", exclude_none=True)}


def notice(told: Problem) -> Message:
    """The same in shape, but the socket stays: the service goes on trying."""
    return {**problem(told), "type": "notice"}


def exited(code: int | None, reason: str) -> Message:
    """The session is over."""
    return {"type": "exit", "code": code, "reason": reason}
