"""OSC 7501: what a program in a terminal says of how far it is, as key=value pairs."""

import re
from datetime import datetime

from aether.agents.domain.report import Asked, Report, State
from aether.agents.domain.text import line, message

_PAIR = re.compile(r"(?:^|[:;\s])([a-z_]+)=([^:;\s]*)")
_STATES: dict[str, State] = {
    "working": "working",
    "busy": "working",
    "blocked": "waiting",
    "waiting": "waiting",
    "idle": "done",
    "done": "done",
    "failed": "failed",
    "error": "failed",
}


def pairs(text: str) -> dict[str, str]:
    return dict(_PAIR.findall(text))


def read(text: str, at: datetime) -> Report | None:
    """A report from any program that speaks so. A permission may be asked for without a word of what it is."""
    said = pairs(text)
    state = _STATES.get(said.get("state", ""))
    if state is None:
        return None
    words = message(text.partition("message=")[2].partition(";")[0])
    if state != "waiting":
        return Report("hook", at, state, detail=line(words) if state == "failed" else "", last_message=words)
    if said.get("kind") == "permission":
        asked = Asked("permission", words or "It asks for permission.", key=said.get("id", ""))
        return Report("hook", at, state, asked=asked)
    return Report("hook", at, state, asked=Asked("question", words, key=said.get("id", "")) if words else None)
