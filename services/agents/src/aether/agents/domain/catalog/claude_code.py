"""Claude Code: its hooks tell all that it does, but for a turn that its person has broken off."""

from datetime import datetime
from typing import Any

from aether.agents.domain.catalog import hooks, npm, words
from aether.agents.domain.launch import Agent, File, Launch, Plan
from aether.agents.domain.report import Asked, Option, Report

FOLDER = "claude-code"
EVENTS = (
    "SessionStart",
    "UserPromptSubmit",
    "PreToolUse",
    "PermissionRequest",
    "PostToolUse",
    "PostToolUseFailure",
    "Stop",
    "StopFailure",
)
ESCAPE = "\x1b"
# A key in ANTHROPIC_API_KEY is asked about at every start, one that a helper brings is not.
_KEY = """AETHER_MODEL_KEY="${AETHER_MODEL_KEY:-$ANTHROPIC_API_KEY}"; export AETHER_MODEL_KEY
unset ANTHROPIC_API_KEY"""
_HELPER = 'printf %s "$AETHER_MODEL_KEY"'


def plan(launch: Launch) -> Plan:
    """Without a key, brokered or injected, the person's own login is left to it."""
    prompt, files = words.prompt(launch)
    own, keyed = f"{launch.place}/claude.json", f"{launch.place}/claude-key.json"
    settings = {"hooks": _hooks(launch)}
    files += [
        File(own, words.document(settings)),
        File(keyed, words.document({**settings, "apiKeyHelper": _HELPER})),
        File("~/.claude.json", words.document(_answered(launch)), merge=True),
    ]
    start = (
        npm.path(FOLDER),
        _KEY,
        f"settings={words.command(own)}",
        f'if [ -n "$AETHER_MODEL_KEY" ]; then settings={words.command(keyed)}; fi',
        f'exec claude --settings "$settings" {words.command(*_arguments(launch, prompt))}',
    )
    return Plan("\n".join(start), _env(launch), files)


def _arguments(launch: Launch, prompt: str) -> list[str]:
    resume = (["--resume", launch.session] if launch.session else ["--continue"]) if launch.resuming else []
    return [*resume, *(["--", prompt] if prompt else [])]


def _env(launch: Launch) -> dict[str, str]:
    """Left to itself it looks for a newer version of itself, and installs that."""
    env = {"DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    if broker := launch.brokers.get("anthropic"):
        env |= {"ANTHROPIC_BASE_URL": broker, "AETHER_MODEL_KEY": launch.secret}
    return env


def _hooks(launch: Launch) -> dict[str, Any]:
    return {event: [{"hooks": [_hook(launch, event)]}] for event in EVENTS}


def _hook(launch: Launch, event: str) -> dict[str, Any]:
    return {"type": "command", "command": hooks.command(launch, event), "timeout": hooks.SECONDS}


def _answered(launch: Launch) -> dict[str, Any]:
    """What it asks at its first start in a home and in a folder."""
    trusted = {launch.workspace: {"hasTrustDialogAccepted": True}}
    return {"hasCompletedOnboarding": True, "projects": trusted}


def asked(payload: Any) -> Asked:
    """Its dialogs are lists with numbers. What number says no differs; Escape says it everywhere."""
    if words.text(payload, "tool_name") == "AskUserQuestion":
        return hooks.question(words.field(payload, "tool_input", "questions"), dismiss=ESCAPE)
    no = Option("no", "No", keys=ESCAPE, ends=True)
    if words.text(payload, "tool_name") == "ExitPlanMode":
        return hooks.permission(payload, (no,), before=ESCAPE)
    always = [Option("always", "Yes, and don't ask again", keys="2")]
    suggested = words.field(payload, "permission_suggestions")
    return hooks.permission(
        payload, (Option("yes", "Yes", keys="1"), *(always if suggested else ()), no), before=ESCAPE
    )


def read(event: str, payload: Any, at: datetime) -> list[Report]:
    if event == "PreToolUse" and words.text(payload, "tool_name") == "AskUserQuestion":
        return []  # the request for permission comes at once, and says the same
    return hooks.read(event, payload, at, asked)


AGENT = Agent(
    name="claude-code",
    title="Claude Code",
    summary="Anthropic's coding agent.",
    homepage="https://github.com/anthropics/claude-code",
    vendors=("anthropic",),
    detect=npm.detect(FOLDER, "claude"),
    install=npm.install(FOLDER, "@anthropic-ai/claude-code@2.1", "@anthropic-ai/claude-code/install.cjs"),
    plan=plan,
    read=read,
    resumes=True,
    has_hooks=True,
    moves=True,
    seen_version="2.1.197",
    asks=(r"^\s*❯ 1\. ", r"Esc to cancel"),
    above=(r"^─{20,}$(?!\n\s*\d+\. )",),  # in a dialog of choices there is such a line before the last of them
)
