"""What agents' starts have in common: their prompt as an argument, and JSON as a shell word."""

import json
import re
import shlex
from typing import Any

from aether.agents.domain.launch import File, Launch

# Linux takes no argument longer than 128 KiB.
LONGEST = 100_000
# An id becomes an argument, and must not be an option.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def prompt(launch: Launch) -> tuple[str, list[File]]:
    """The prompt as one argument. One that is too long for that is a file to be read."""
    if len(launch.prompt.encode()) <= LONGEST:
        return launch.prompt.replace("\0", ""), []
    path = f"{launch.place}/prompt.md"
    return f"Read the file {path} and do what it says.", [File(path, launch.prompt)]


def command(*arguments: str) -> str:
    """Arguments as a line of sh."""
    return shlex.join(arguments)


def document(value: Any) -> str:
    """A JSON file's text."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def field(payload: Any, *names: str) -> Any:
    """What is found going down a parsed JSON value by names; None where the way ends."""
    for name in names:
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload


def text(payload: Any, *names: str) -> str:
    """As `field`, if it is a string; else empty."""
    found = field(payload, *names)
    return found if isinstance(found, str) else ""


def session(payload: Any, *names: str) -> str:
    """As `text`, if it can be the id of a conversation; else empty."""
    found = text(payload, *names)
    return found if _ID.fullmatch(found) else ""
