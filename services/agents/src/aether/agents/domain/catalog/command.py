"""Any program: what it says of itself by `aether event` or OSC 7501 counts, else its terminal is looked at."""

from datetime import datetime
from typing import Any

from aether.agents.domain.catalog import words
from aether.agents.domain.keys import KEY_OF
from aether.agents.domain.launch import Agent, Launch, Plan
from aether.agents.domain.report import Report

# Where vendors' own libraries look for an address, and the path that they expect below it.
_ADDRESSES = {
    "ANTHROPIC_BASE_URL": ("anthropic", ""),
    "OPENAI_BASE_URL": ("openai", "/v1"),
    "GEMINI_BASE_URL": ("google", ""),
    "GOOGLE_GEMINI_BASE_URL": ("google", ""),
    "OPENROUTER_BASE_URL": ("openrouter", "/v1"),
}


def plan(launch: Launch) -> Plan:
    """In the account's own shell, as it would be typed. Vendors are where programs look for them."""
    return Plan(f'exec "${{SHELL:-/bin/sh}}" -c {words.command(launch.command)}', _vendors(launch))


def _vendors(launch: Launch) -> dict[str, str]:
    """The broker for each vendor that has one, and the run's secret in the place of the key."""
    ways = launch.brokers
    addresses = {name: ways[vendor] + path for name, (vendor, path) in _ADDRESSES.items() if vendor in ways}
    return addresses | {KEY_OF[vendor]: launch.secret for vendor in ways}


def read(event: str, payload: Any, at: datetime) -> list[Report]:
    return []


AGENT = Agent(
    name="command",
    title="Any command",
    summary="A program of your choice, looked after as an agent is.",
    homepage="",
    vendors=(),
    detect="true",
    install="",
    plan=plan,
    read=read,
    takes_prompt=False,
    takes_command=True,
)
