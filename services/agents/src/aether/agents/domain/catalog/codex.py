"""Codex: hooks in Claude Code's format, and its state by OSC 7501, which alone tells of a turn broken off."""

import hashlib
import json
from datetime import datetime
from typing import Any

from aether.agents.domain import osc
from aether.agents.domain.catalog import hooks, npm, words
from aether.agents.domain.launch import Agent, Launch, Plan
from aether.agents.domain.report import Asked, Option, Report

FOLDER = "codex"
EVENTS = {
    "SessionStart": "session_start",
    "UserPromptSubmit": "user_prompt_submit",
    "PreToolUse": "pre_tool_use",
    "PermissionRequest": "permission_request",
    "PostToolUse": "post_tool_use",
    "Stop": "stop",
}
ESCAPE = "\x1b"
# Options on the command line are a layer of its configuration with this name.
_LAYER = "/<session-flags>/config.toml"


def plan(launch: Launch) -> Plan:
    """All by options: the person's own configuration stays as it is. The key is in the environment only."""
    prompt, files = words.prompt(launch)
    broker = launch.brokers.get("openai")
    options = [f"-c {words.command(f'{name}={value}')}" for name, value in _options(launch).items()]
    start = (
        npm.path(FOLDER),
        f"set -- {' '.join(options)}",
        f'if [ -n "$OPENAI_API_KEY" ]; then set -- "$@" {_provider(broker)}; fi',
        _run(launch, prompt),
    )
    return Plan("\n".join(start), {"OPENAI_API_KEY": launch.secret} if broker else {}, files)


def _run(launch: Launch, prompt: str) -> str:
    end = words.command("--", *([prompt] if prompt else []))
    if not launch.resuming:
        return f'exec codex "$@" {end if prompt else ""}'
    if launch.session:
        return f'exec codex resume "$@" {words.command("--", launch.session, *([prompt] if prompt else []))}'
    return f'exec codex resume --last "$@" {end if prompt else ""}'


def _provider(broker: str | None) -> str:
    """A key in the environment is used by a provider that is not built in."""
    base = f"{broker or 'https://api.openai.com'}/v1"
    fields = {"name": "OpenAI", "base_url": base, "env_key": "OPENAI_API_KEY", "wire_api": "responses"}
    options = {"model_providers.aether": _table(fields), "model_provider": json.dumps("aether")}
    return " ".join(f"-c {words.command(f'{name}={value}')}" for name, value in options.items())


def _options(launch: Launch) -> dict[str, str]:
    """Name → TOML. Names with dots in them cannot be part of a path, so the tables above them are given."""
    commands = {event: hooks.command(launch, event) for event in EVENTS}
    trusted = {key: {"trusted_hash": trusted_hash(key, commands[event])} for event, key in EVENTS.items()}
    return {
        "check_for_update_on_startup": "false",
        "features.daemon_auto_start": "false",
        "projects": _table({launch.workspace: {"trust_level": "trusted"}}),
        **{f"hooks.{event}": f"[{_table({'hooks': [_hook(each)]})}]" for event, each in commands.items()},
        "hooks.state": _table({f"{_LAYER}:{key}:0:0": each for key, each in trusted.items()}),
    }


def _hook(command: str, seconds: int = hooks.SECONDS) -> dict[str, Any]:
    return {"type": "command", "command": command, "timeout": seconds}


def trusted_hash(key: str, command: str, seconds: int = hooks.SECONDS) -> str:
    """As codex computes itself what a person has agreed to. With another hash it asks at the start."""
    identity = {"event_name": key, "hooks": [{**_hook(command, seconds), "async": False}]}
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _table(value: Any) -> str:
    """A value in TOML, tables inline."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}={_table(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_table(each) for each in value) + "]"
    return json.dumps(value)


def asked(payload: Any) -> Asked:
    """Its dialog takes letters; whether it offers to ask no more depends on the command."""
    options = (Option("yes", "Yes", keys="y"), Option("no", "No", keys=ESCAPE))
    return hooks.permission(payload, options, before=ESCAPE)


def read(event: str, payload: Any, at: datetime) -> list[Report]:
    if event == "osc7501":
        return _state(payload, at) if isinstance(payload, str) else []
    if event == "PreToolUse" and words.text(payload, "tool_name") == "request_user_input":
        asks = hooks.question(words.field(payload, "tool_input", "questions"), dismiss=ESCAPE)
        return [Report("hook", at, "waiting", asked=asks)]
    return hooks.read(event, payload, at, asked)


def _state(text: str, at: datetime) -> list[Report]:
    """`state=blocked:app=codex:kind=permission`. Its hooks come first and say more, but not idle."""
    match osc.pairs(text).get("state"):
        case "blocked":
            return [Report("hook", at, "waiting")]
        case "idle" | "done":
            return [Report("hook", at, "done")]
    return [Report("hook", at)]


AGENT = Agent(
    name="codex",
    title="Codex",
    summary="OpenAI's coding agent.",
    homepage="https://github.com/openai/codex",
    vendors=("openai",),
    detect=npm.detect(FOLDER, "codex"),
    install=npm.install(FOLDER, "@openai/codex@0.169"),
    plan=plan,
    read=read,
    resumes=True,
    has_hooks=True,
    moves=True,
    seen_version="0.169.0",
    asks=(r"^\s*› 1\. ", r"Press enter to confirm"),
    above=(r"^\s*Would you like to .*$",),
)
