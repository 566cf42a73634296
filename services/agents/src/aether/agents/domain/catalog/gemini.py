"""Gemini CLI: it says nothing of itself, so its terminal is looked at."""

from datetime import datetime
from typing import Any

from aether.agents.domain.catalog import npm, words
from aether.agents.domain.launch import Agent, Launch, Plan
from aether.agents.domain.report import Report

FOLDER = "gemini"


def plan(launch: Launch) -> Plan:
    prompt, files = words.prompt(launch)
    arguments = ["gemini", *(["--resume", "latest"] if launch.resuming else [])]
    arguments += [f"--prompt-interactive={prompt}"] if prompt else []
    env = {"GEMINI_CLI_TRUST_WORKSPACE": "true"}
    if broker := launch.brokers.get("google"):
        env |= {"GOOGLE_GEMINI_BASE_URL": broker, "GEMINI_API_KEY": launch.secret}
    return Plan(f"{npm.path(FOLDER)}\nexec {words.command(*arguments)}", env, files)


def read(event: str, payload: Any, at: datetime) -> list[Report]:
    return []


AGENT = Agent(
    name="gemini",
    title="Gemini CLI",
    summary="Google's coding agent.",
    homepage="https://github.com/google-gemini/gemini-cli",
    vendors=("google",),
    detect=npm.detect(FOLDER, "gemini"),
    install=npm.install(FOLDER, "@google/gemini-cli@0"),
    plan=plan,
    read=read,
    resumes=True,
    asks=(r"^\W*● 1\. ", r"Waiting for user confirmation"),
)
