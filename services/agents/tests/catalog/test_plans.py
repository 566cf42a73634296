"""How agents are started: by a script that says no secret aloud, and with what they would ask answered."""

import json
import shlex
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aether.agents.domain import start
from aether.agents.domain.catalog import CATALOG, codex
from aether.agents.domain.catalog.words import LONGEST
from aether.agents.domain.launch import Launch, Plan

SECRET = "aer_canary-of-a-run"
BROKER = "http://127.0.0.1:4242/v1/llm"
LAUNCH = Launch(
    run_id="run-1",
    prompt='It\'s a "boat" $HOME `x`\nand -- more',
    command="",
    home="/home/dev",
    workspace="/home/dev/work space",
    place="/dev/shm/aether-1/runs/run-1",
    program="/home/dev/.aether/bin/aether",
    secret=SECRET,
    brokers={vendor: f"{BROKER}/{vendor}" for vendor in ("anthropic", "openai", "google", "openrouter")},
)
NAMES = sorted(CATALOG)
WITH_PROMPT = sorted(name for name, agent in CATALOG.items() if agent.takes_prompt)
PROGRAMS = {
    "claude-code": "claude",
    "codex": "codex",
    "opencode": "opencode",
    "gemini": "gemini",
    "aider": "aider",
}
# Stands for an agent: says with what it was called and what it was given.
STAND_IN = '#!/bin/sh\nprintf "%s\\0" "$@"\nprintf "\\0ENV\\0"\nenv -0\n'


def planned(name: str, **changes: Any) -> Plan:
    return CATALOG[name].plan(replace(LAUNCH, **changes))


def started(tmp_path: Path, name: str, launch: Launch, **environ: str) -> tuple[list[str], dict[str, str]]:
    """Run the start script with a stand-in for the agent: its arguments and its environment."""
    program = tmp_path / "bin" / PROGRAMS[name]
    program.parent.mkdir(exist_ok=True)
    program.write_text(STAND_IN)
    program.chmod(0o755)
    launch = replace(launch, workspace=str(tmp_path))
    agent = CATALOG[name]
    script = start.script(agent, launch, agent.plan(launch))
    env = {"PATH": f"{program.parent}:/usr/bin:/bin", "HOME": str(tmp_path), **environ}
    done = subprocess.run(["sh", "-c", script], env=env, capture_output=True, check=True, text=True)
    said = done.stdout.rpartition("\007")[2]
    arguments, _, environment = said.partition("\0\0ENV\0")
    pairs = (line.partition("=") for line in environment.split("\0") if line)
    return arguments.split("\0"), {key: value for key, _, value in pairs}


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_says_what_a_person_needs_to_know(name: str) -> None:
    agent = CATALOG[name]
    assert agent.name == name
    assert agent.title
    assert agent.summary.endswith(".")
    assert set(agent.vendors) <= set(LAUNCH.brokers)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("resuming", [False, True])
def test_scripts_are_sh(name: str, resuming: bool) -> None:
    agent, launch = CATALOG[name], replace(LAUNCH, command="echo 'a b'", resuming=resuming, session="abc")
    for script in (agent.detect, agent.install, start.script(agent, launch, agent.plan(launch))):
        subprocess.run(["sh", "-n", "-c", script], check=True)


@pytest.mark.parametrize("name", WITH_PROMPT)
def test_a_secret_is_in_the_environment_or_a_file_of_its_owner_only(name: str) -> None:
    plan = planned(name)
    assert SECRET not in plan.command
    for file in plan.files:
        assert SECRET not in file.text
        assert file.mode == 0o600


@pytest.mark.parametrize("name", sorted(set(PROGRAMS) - {"aider"}))
def test_a_prompt_arrives_as_it_was_written(tmp_path: Path, name: str) -> None:
    arguments, _ = started(tmp_path, name, LAUNCH)
    assert LAUNCH.prompt in {argument.partition("=")[2] or argument for argument in arguments} | set(arguments)


def test_aider_takes_its_prompt_by_a_file() -> None:
    plan = planned("aider", prompt="Make\na boat")
    assert [file.text for file in plan.files] == ["/code Make a boat\n"]
    assert "--load /dev/shm/aether-1/runs/run-1/aider-first" in plan.command


@pytest.mark.parametrize("name", sorted(set(PROGRAMS) - {"aider"}))
def test_a_prompt_that_is_too_long_for_an_argument_is_a_file(name: str) -> None:
    plan = planned(name, prompt="ü" * LONGEST)
    assert "ü" not in plan.command
    assert any(file.text == "ü" * LONGEST for file in plan.files)


@pytest.mark.parametrize(
    ("name", "resumed", "last"),
    [
        ("claude-code", ["--resume", "abc-1"], ["--continue"]),
        ("codex", ["resume"], ["resume", "--last"]),
        ("opencode", ["--session", "abc-1"], ["--continue"]),
        ("gemini", ["--resume", "latest"], ["--resume", "latest"]),
        ("aider", ["--restore-chat-history"], ["--restore-chat-history"]),
    ],
)
def test_an_agent_resumes_the_conversation_that_it_told_or_the_last(
    tmp_path: Path, name: str, resumed: list[str], last: list[str]
) -> None:
    resuming = replace(LAUNCH, resuming=True, prompt="")
    known, _ = started(tmp_path, name, replace(resuming, session="abc-1"))
    assert is_within(resumed, known)
    assert not is_within(["--last"], known)
    assert CATALOG[name].resumes
    unknown, _ = started(tmp_path, name, resuming)
    assert is_within(last, unknown)
    assert "abc-1" not in unknown


def is_within(part: list[str], whole: list[str]) -> bool:
    return any(whole[at : at + len(part)] == part for at in range(len(whole)))


def test_codex_resumes_by_name_and_with_a_prompt(tmp_path: Path) -> None:
    arguments, _ = started(tmp_path, "codex", replace(LAUNCH, resuming=True, session="abc-1", prompt="Go on"))
    assert arguments[0] == "resume"
    assert arguments[-3:] == ["--", "abc-1", "Go on"]


def test_opencode_is_told_by_its_plugin_what_to_go_on_with() -> None:
    plan = planned("opencode", resuming=True, session="ses_1", prompt="Go on")
    files = {Path(file.path).name: file.text for file in plan.files}
    told = json.loads(files["opencode-aether.json"])
    assert told == {"program": LAUNCH.program, "session": "ses_1", "prompt": "Go on"}
    assert "opencode-prompt" in files
    assert "opencode-prompt" not in {Path(file.path).name for file in planned("opencode").files}


def test_the_plugin_of_opencode_is_javascript(tmp_path: Path) -> None:
    (file,) = (file for file in planned("opencode").files if file.path.endswith(".js"))
    path = tmp_path / "plugin.mjs"
    path.write_text(file.text)
    subprocess.run(["node", "--check", str(path)], check=True)


def test_claude_asks_nothing_at_its_start() -> None:
    files = {file.path: file for file in planned("claude-code").files}
    assert files["~/.claude.json"].merge
    assert json.loads(files["~/.claude.json"].text) == {
        "hasCompletedOnboarding": True,
        "projects": {LAUNCH.workspace: {"hasTrustDialogAccepted": True}},
    }


def test_claude_hands_on_its_hooks_and_takes_no_order_from_them() -> None:
    settings = json.loads(next(file.text for file in planned("claude-code").files if "claude-key" in file.path))
    commands = {event: entries[0]["hooks"][0]["command"] for event, entries in settings["hooks"].items()}
    assert commands["Stop"] == f"{LAUNCH.program} hook Stop >/dev/null 2>&1 || true"
    assert {"PermissionRequest", "StopFailure", "PreToolUse"} <= commands.keys()


def test_claude_has_its_key_where_it_does_not_ask_about_it(tmp_path: Path) -> None:
    arguments, env = started(tmp_path, "claude-code", LAUNCH)
    assert env["ANTHROPIC_BASE_URL"] == f"{BROKER}/anthropic"
    assert env["AETHER_MODEL_KEY"] == SECRET
    assert "ANTHROPIC_API_KEY" not in env
    assert arguments[:2] == ["--settings", f"{LAUNCH.place}/claude-key.json"]


def test_claude_takes_an_injected_key_the_same_way_and_without_one_a_login(tmp_path: Path) -> None:
    unbrokered = replace(LAUNCH, brokers={})
    arguments, env = started(tmp_path, "claude-code", unbrokered, ANTHROPIC_API_KEY="sk-own")
    assert env["AETHER_MODEL_KEY"] == "sk-own"
    assert "ANTHROPIC_BASE_URL" not in env
    assert arguments[1].endswith("claude-key.json")
    arguments, _ = started(tmp_path, "claude-code", unbrokered)
    assert arguments[1].endswith("claude.json")


def codex_options(arguments: list[str]) -> dict[str, Any]:
    """What the -c options come to."""
    options: dict[str, Any] = {}
    for at, argument in enumerate(arguments):
        if argument == "-c":
            name, _, value = arguments[at + 1].partition("=")
            options[name] = tomllib.loads(f"value = {value}")["value"]
    return options


def test_codex_is_set_up_by_options_alone(tmp_path: Path) -> None:
    arguments, env = started(tmp_path, "codex", LAUNCH)
    options = codex_options(arguments)
    assert env["OPENAI_API_KEY"] == SECRET
    assert options["model_provider"] == "aether"
    assert options["model_providers.aether"]["base_url"] == f"{BROKER}/openai/v1"
    assert options["model_providers.aether"]["wire_api"] == "responses"
    assert options["projects"] == {str(tmp_path): {"trust_level": "trusted"}}
    assert options["check_for_update_on_startup"] is False
    assert not any(file.path.startswith("~") for file in planned("codex").files)


def test_codex_without_a_key_is_left_to_its_persons_login(tmp_path: Path) -> None:
    arguments, _ = started(tmp_path, "codex", replace(LAUNCH, brokers={}))
    assert "model_provider" not in codex_options(arguments)
    injected, _ = started(tmp_path, "codex", replace(LAUNCH, brokers={}), OPENAI_API_KEY="sk-own")
    provider = codex_options(injected)["model_providers.aether"]
    assert provider["base_url"] == "https://api.openai.com/v1"
    assert "sk-own" not in shlex.join(injected)


def test_codex_trusts_our_hooks_by_the_hash_that_it_computes_itself(tmp_path: Path) -> None:
    """The hash is what codex 0.169.0 answered to hooks/list for this very hook."""
    command = "/home/dev/.aether/bin/aether hook PreToolUse"
    recorded = "sha256:d184c3ac30f752c673bb281d6fea5303e7b9c0ee5b3b221288c7e926868f26c1"
    assert codex.trusted_hash("pre_tool_use", command, 5) == recorded
    states = codex_options(started(tmp_path, "codex", LAUNCH)[0])["hooks.state"]
    assert set(states) == {f"/<session-flags>/config.toml:{key}:0:0" for key in codex.EVENTS.values()}


def test_opencode_has_its_vendors_behind_the_broker_and_no_other() -> None:
    config = json.loads(
        next(file.text for file in planned("opencode").files if file.path.endswith("opencode.json"))
    )
    assert config["provider"]["anthropic"]["options"] == {
        "baseURL": f"{BROKER}/anthropic/v1",
        "apiKey": "{env:AETHER_RUN_SECRET}",
    }
    assert config["disabled_providers"] == ["opencode"]
    unbrokered = planned("opencode", brokers={})
    config = json.loads(next(file.text for file in unbrokered.files if file.path.endswith("opencode.json")))
    assert "provider" not in config


def test_any_command_is_run_by_the_accounts_shell(tmp_path: Path) -> None:
    command = 'printf "%s" "it\'s $((6 * 7))"'
    agent = CATALOG["command"]
    launch = replace(LAUNCH, workspace=str(tmp_path), command=command)
    script = start.script(agent, launch, agent.plan(launch))
    done = subprocess.run(["sh", "-c", script], env={"PATH": "/usr/bin:/bin"}, capture_output=True, check=True)
    assert done.stdout.endswith(b"it's 42")


@pytest.mark.parametrize("name", ["claude-code", "codex", "opencode", "gemini"])
def test_what_is_missing_is_said(tmp_path: Path, name: str) -> None:
    env = {"PATH": "/nowhere", "HOME": str(tmp_path)}
    found = subprocess.run(["/bin/sh", "-c", CATALOG[name].detect], env=env, capture_output=True, check=False)
    assert found.returncode != 0
    installed = subprocess.run(["/bin/sh", "-c", CATALOG[name].install], env=env, capture_output=True, check=False)
    assert installed.returncode != 0
    assert b"npm is missing in this machine" in installed.stderr
