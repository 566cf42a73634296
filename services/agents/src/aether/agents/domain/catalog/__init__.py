"""Every agent there is an entry for, by its name. What is known of each is data of its own module."""

from collections.abc import Mapping

from aether.agents.domain.catalog import aider, claude_code, codex, command, gemini, opencode
from aether.agents.domain.launch import Agent

CATALOG: Mapping[str, Agent] = {
    each.AGENT.name: each.AGENT for each in (claude_code, codex, opencode, gemini, aider, command)
}
