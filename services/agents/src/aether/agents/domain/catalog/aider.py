"""aider: it says nothing of itself, so its terminal is looked at."""

from datetime import datetime
from typing import Any

from aether.agents.domain.catalog import words
from aether.agents.domain.launch import Agent, File, Launch, Plan
from aether.agents.domain.report import Report

_PATH = 'PATH="$PATH:$HOME/.aether/agents/aider/bin:$HOME/.local/bin"; export PATH'
_DETECT = f"{_PATH}\ncommand -v aider >/dev/null && aider --version"
_INSTALL = """if command -v uv >/dev/null; then
  UV_TOOL_DIR="$HOME/.aether/agents" UV_TOOL_BIN_DIR="$HOME/.aether/agents/aider/bin" \\
    uv tool install --python 3.12 aider-chat
elif command -v python3 >/dev/null; then
  python3 -m venv "$HOME/.aether/agents/aider" && "$HOME/.aether/agents/aider/bin/pip" install aider-chat
else
  echo 'Python is missing in this machine.' >&2
  exit 1
fi"""
# The names by which it takes each vendor's key and address, and the path that it expects below the address.
_VENDORS = {
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_API_BASE", ""),
    "openai": ("OPENAI_API_KEY", "OPENAI_API_BASE", "/v1"),
    "google": ("GEMINI_API_KEY", "GEMINI_API_BASE", ""),
    "openrouter": ("OPENROUTER_API_KEY", "OPENROUTER_API_BASE", "/v1"),
}


def plan(launch: Launch) -> Plan:
    """A first word for its conversation comes by a file of commands, which has one on each line."""
    env = {"AIDER_CHECK_UPDATE": "false", "AIDER_ANALYTICS": "false", "AIDER_SHOW_RELEASE_NOTES": "false"}
    for vendor, broker in launch.brokers.items():
        if vendor in _VENDORS:
            key, base, path = _VENDORS[vendor]
            env |= {key: launch.secret, base: broker + path}
    arguments = ["aider", "--no-show-model-warnings", *(["--restore-chat-history"] if launch.resuming else [])]
    if not launch.prompt:
        return Plan(f"{_PATH}\nexec {words.command(*arguments)}", env)
    first = File(f"{launch.place}/aider-first", f"/code {' '.join(launch.prompt.split())}\n")
    return Plan(f"{_PATH}\nexec {words.command(*arguments, '--load', first.path)}", env, [first])


def read(event: str, payload: Any, at: datetime) -> list[Report]:
    return []


AGENT = Agent(
    name="aider",
    title="aider",
    summary="Pair programming with models of many vendors.",
    homepage="https://aider.chat",
    vendors=tuple(_VENDORS),
    detect=_DETECT,
    install=_INSTALL,
    plan=plan,
    read=read,
    resumes=True,
    asks=(r"\(Y\)es/\(N\)o.*:\s*$",),
)
