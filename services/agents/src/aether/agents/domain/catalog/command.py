"""Any program: what it says of itself by `aether event` or OSC 7501 counts, else its terminal is looked at."""

from datetime import datetime
from typing import Any

from aether.agents.domain.catalog import words
from aether.agents.domain.launch import Agent, Launch, Plan
from aether.agents.domain.report import Report


def plan(launch: Launch) -> Plan:
    """In the account's own shell, as it would be typed."""
    return Plan(f'exec "${{SHELL:-/bin/sh}}" -c {words.command(launch.command)}', {})


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
