"""Hooks in the format of Claude Code, which codex has taken over: what is asked of an agent, and what it says."""

import hashlib
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Literal

from aether.agents.domain import dialog
from aether.agents.domain.catalog.words import field, session, text
from aether.agents.domain.launch import Launch
from aether.agents.domain.report import Asked, Option, Report
from aether.agents.domain.text import line, message

SECONDS = 15  # an agent waits no longer for a hook
Asks = Callable[[Any], Asked]

# What a tool is given that tells best what it does.
_TELLING = ("command", "file_path", "filePath", "notebook_path", "path", "pattern", "url", "query", "description")
_ASKED = ("command", "plan", "content", "new_string")
_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$", re.MULTILINE)
_FAILURES: Mapping[str, Literal["limited", "key_refused"]] = {
    "rate_limit": "limited",
    "authentication_failed": "key_refused",
}


def command(launch: Launch, event: str) -> str:
    """A hook's line of sh. What it prints would be read as an order to the agent, and so would its status."""
    return f"{shlex.quote(launch.program)} hook {event} >/dev/null 2>&1 || true"


def doing(tool: str, given: Any) -> str:
    """A use of a tool on one line."""
    what = next((found for name in _TELLING if (found := text(given, name))), "")
    if tool == "apply_patch":
        what = ", ".join(_PATCHED.findall(what))
    if tool in {"Bash", "bash"}:
        return line(f"$ {what}")
    if what.startswith("/"):
        what = PurePosixPath(what).name
    return line(f"{tool} {what}")


def question(questions: Any, *, dismiss: str) -> Asked:
    """Questions with choices, which are shown as a numbered list that ends with one for words of one's own.

    Several at once, or with several answers each, are answered in words, after they have been dismissed.
    """
    given = [each for each in questions if isinstance(each, dict)] if isinstance(questions, list) else []
    said = "\n\n".join(message(text(each, "question")) for each in given)
    shown = dialog.marks(*(text(each, "question") for each in given))
    if len(given) != 1 or given[0].get("multiSelect") or given[0].get("multiple"):
        return Asked("question", said or "It has a question.", before=dismiss, shown=shown)
    labels = [line(text(each, "label")) for each in field(given[0], "options") or [] if isinstance(each, dict)]
    options = tuple(Option(str(n), label, keys=str(n)) for n, label in enumerate(labels, 1) if n <= 8)
    before = str(len(labels) + 1) if len(labels) < 9 else dismiss
    return Asked("question", said, options, before=before, shown=shown)


def permission(payload: Any, options: Sequence[Option], *, before: str) -> Asked:
    """What it wants to do, as much of it as a person needs to decide."""
    given = field(payload, "tool_input")
    tool, reason = text(payload, "tool_name"), text(given, "description")
    what = next((found for name in _ASKED if (found := text(given, name))), "")
    where = text(given, "file_path") or text(given, "notebook_path") or text(given, "url")
    parts = (line(f"{tool} {where}"), message(what, 2000), line(reason))
    said = "\n".join(part for part in parts if part)
    return Asked("permission", said, tuple(options), before=before, shown=_shown(tool, where, what))


def _shown(tool: str, where: str, what: str) -> tuple[str, ...]:
    """A dialog names a file as seen from its folder. Of what is not known it shows the tool's name at least."""
    files = (where, *_PATCHED.findall(what))
    names = (each if "://" in each else PurePosixPath(each).name for each in files)
    return dialog.marks(*names) or dialog.marks(what) or dialog.marks(tool.rpartition("__")[2])


def use(payload: Any) -> str:
    """Names a use of a tool by what tells best what it does: some of the rest is known only afterwards."""
    tool, given = text(payload, "tool_name"), field(payload, "tool_input")
    what = next((found for name in _TELLING if (found := text(given, name))), "")
    return hashlib.sha256(f"{tool}\0{what}".encode()).hexdigest()[:32] if tool else ""


def read(event: str, payload: Any, at: datetime, asks: Asks) -> list[Report]:
    """Reports of one hook. `asks` makes a question of a PermissionRequest."""
    said = _said(event, payload, asks)
    return [] if said is None else [Report("hook", at, session=session(payload, "session_id"), **said)]


def _said(event: str, payload: Any, asks: Asks) -> dict[str, Any] | None:
    """A report's fields."""
    said: dict[str, Any] | None = None
    match event:
        case "SessionStart":
            said = {}
        case "UserPromptSubmit":
            said = {"state": "working", "doing": "Thinking"}
        case "PreToolUse":
            tool = doing(text(payload, "tool_name"), field(payload, "tool_input"))
            said = {"state": "working", "doing": tool, "about": use(payload)}
        case "PostToolUse" | "PostToolUseFailure":
            said = {"state": "working", "about": use(payload)}
        case "PermissionRequest":
            said = {"state": "waiting", "asked": replace(asks(payload), about=use(payload))}
        case "Stop":
            said = {"state": "done", "last_message": message(text(payload, "last_assistant_message"))}
        case "StopFailure":
            said = {"state": "failed", **_failure(payload)}
    return said


def _failure(payload: Any) -> dict[str, Any]:
    said = line(text(payload, "last_assistant_message")) or "The model did not answer."
    reason = _FAILURES.get(text(payload, "error"), "")
    return {"reason": reason, "detail": said, "last_message": said}
