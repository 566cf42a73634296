"""opencode: a plugin of ours hands on its events."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

from aether.agents.domain import dialog
from aether.agents.domain.catalog import hooks, npm, words
from aether.agents.domain.launch import Agent, File, Launch, Plan
from aether.agents.domain.report import Asked, Option, Report
from aether.agents.domain.text import line, message

FOLDER = "opencode"
# What opencode calls a vendor, and where below the broker's address it looks for the interface.
PROVIDERS = {"anthropic": "/v1", "openai": "/v1", "google": "/v1beta", "openrouter": "/v1"}
RIGHT, ESCAPE, ENTER = "\x1b[C", "\x1b", "\r"
_PLUGIN = resources.files(__package__).joinpath("opencode.js").read_text()


def plan(launch: Launch) -> Plan:
    prompt, files = words.prompt(launch)
    config = f"{launch.place}/opencode.json"
    resumed = prompt if launch.resuming else ""
    arguments = [f"--prompt={prompt}"] if prompt and not launch.resuming else []
    if launch.resuming:
        arguments = ["--session", launch.session] if launch.session else ["--continue"]
    told = {"program": launch.program, "session": launch.session, "prompt": resumed}
    files += [
        File(config, words.document(_config(launch))),
        File(f"{launch.place}/opencode-aether.js", _PLUGIN),
        File(f"{launch.place}/opencode-aether.json", words.document(told)),
        *([File(f"{launch.place}/opencode-prompt", "")] if resumed else []),
    ]
    start = f"{npm.path(FOLDER)}\nexec {words.command('opencode', *arguments)}"
    return Plan(start, {"OPENCODE_CONFIG": config}, files)


def _config(launch: Launch) -> dict[str, Any]:
    """Beside the person's own and the project's, which go before it. The run's secret comes from the environment.

    Where there is a key, the vendor's own free models are not what it falls back to: they are a third party.
    """
    ways = {name: launch.brokers[name] + path for name, path in PROVIDERS.items() if name in launch.brokers}
    config: dict[str, Any] = {
        "$schema": "https://opencode.ai/config.json",
        "autoupdate": False,
        "share": "disabled",
        "plugin": [f"file://{launch.place}/opencode-aether.js"],
    }
    if ways:
        config["disabled_providers"] = ["opencode"]
        config["provider"] = {
            name: {"options": {"baseURL": way, "apiKey": "{env:AETHER_RUN_SECRET}"}} for name, way in ways.items()
        }
    return config


def asked(payload: Any) -> Asked:
    """A permission: three words beside each other, the first of them chosen."""
    given, kind = words.field(payload, "metadata"), words.text(payload, "permission")
    patterns = words.field(payload, "patterns")
    named = ", ".join(each for each in patterns if isinstance(each, str)) if isinstance(patterns, list) else ""
    what = words.text(given, "command") or words.text(given, "diff") or words.text(given, "url")
    where = "" if words.text(given, "command") else line(f"{kind} {named}")
    parts = (where or line(kind), message(what, 2000))
    options = (
        Option("once", "Yes", keys=ENTER),
        Option("always", "Yes, and don't ask again", keys=RIGHT + ENTER + ENTER),
        Option("no", "No", keys=RIGHT + RIGHT + ENTER),
    )
    key = words.text(payload, "id")[:200]
    return Asked(
        "permission",
        "\n".join(p for p in parts if p),
        options,
        key=key,
        before=options[2].keys,
        about=key,
        shown=_shown(kind, named.split(", "), words.text(given, "command") or words.text(given, "url")),
    )


def _shown(kind: str, patterns: Sequence[str], what: str) -> tuple[str, ...]:
    """Of files it shows the path from its folder on; of what it has no words for, only the kind."""
    names = [PurePosixPath(each.rstrip("/*")).name for each in patterns]
    return dialog.marks(what) or dialog.marks(*names) or dialog.marks(kind)


def _question(payload: Any) -> Asked:
    found = hooks.question(words.field(payload, "questions"), dismiss=ESCAPE)
    key = words.text(payload, "id")[:200]
    return replace(found, key=key, about=key)


def read(event: str, payload: Any, at: datetime) -> list[Report]:
    said = _said(event, payload)
    return [] if said is None else [Report("hook", at, session=words.session(payload, "sessionID"), **said)]


def _said(event: str, payload: Any) -> dict[str, Any] | None:
    """A report's fields."""
    said: dict[str, Any] | None = None
    match event:
        case "session.status":
            is_busy = words.text(payload, "status", "type") in {"busy", "retry"}
            said = {"state": "working"} if is_busy else None
        case "ready":
            said = {}
        case "tool":
            said = {"doing": hooks.doing(words.text(payload, "tool"), words.field(payload, "input"))}
        case "permission.asked":
            said = {"state": "waiting", "asked": asked(payload)}
        case "question.asked":
            said = {"state": "waiting", "asked": _question(payload)}
        case "permission.replied" | "question.replied" | "question.rejected":
            said = {"state": "working", "about": words.text(payload, "requestID")[:200]}
        case "session.idle":
            said = {"state": "done", "last_message": message(words.text(payload, "text"))}
        case "session.error":
            said = _failed(payload) if _is_failure(payload) else None
    return said


def _is_failure(payload: Any) -> bool:
    """A turn that its person has broken off is none."""
    return words.text(payload, "error", "name") not in {"", "MessageAbortedError"}


def _failed(payload: Any) -> dict[str, Any]:
    said = line(words.text(payload, "error", "data", "message")) or "The model did not answer."
    status = words.field(payload, "error", "data", "statusCode")
    reason = {401: "key_refused", 403: "key_refused", 429: "limited"}.get(status, "") if status else ""
    return {"state": "failed", "reason": reason, "detail": said, "last_message": said}


AGENT = Agent(
    name="opencode",
    title="opencode",
    summary="An open coding agent for models of many vendors.",
    homepage="https://opencode.ai",
    vendors=tuple(PROVIDERS),
    detect=npm.detect(FOLDER, "opencode"),
    install=npm.install(FOLDER, "opencode-ai@1.18", "opencode-ai/postinstall.mjs"),
    plan=plan,
    read=read,
    resumes=True,
    has_hooks=True,
    moves=True,
    seen_version="1.18.33",
    asks=(r"Permission required", r"esc dismiss"),
    above=(r"^.*Permission required.*$",),
)
