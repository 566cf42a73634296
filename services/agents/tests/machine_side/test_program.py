"""The program in the machine, as people, agents and git call it."""

import ast
import json
from datetime import UTC, datetime
from pathlib import Path

from aether.agents.adapters.machine import keeper
from aether.contracts.gateway import GitCredential, IssueGitCredential
from aether.contracts.machines import PlaceHold, ReleaseHold
from aether.contracts.problem import NotFound
from aether.testkit.eventually import eventually

from .conftest import Box, Service, in_machine

AETHER = "~/.aether/bin/aether"


async def test_it_places_and_releases_holds(box: Box, service: Service) -> None:
    link = await service.begin(box)
    await in_machine(link, f"{AETHER} hold 'long build' 900; {AETHER} release 'long build'")
    placed, released = service.bus.asked
    assert isinstance(placed, PlaceHold)
    assert isinstance(released, ReleaseHold)
    assert (placed.name, placed.expires_in, released.name) == ("long build", 900, "long build")
    refused = await link.execute(f"{AETHER} hold build 7200")
    assert (refused.status, refused.stdout) == (1, "")
    assert "not as it should be" in refused.stderr


async def test_a_hook_says_which_run_it_is_of_and_stays_out_of_the_way(box: Box, service: Service) -> None:
    link = await service.begin(box)
    run_id, secret = box.secret_for(service)
    told = json.dumps({"session_id": "s1", "tool_input": {"content": "x" * 1_000_000}})
    begin = f"export AETHER_RUN_SECRET={secret}; "
    output = await in_machine(link, f"{begin}{AETHER} hook claude-code PreToolUse", stdin=told.encode())
    assert output.stdout == output.stderr == ""
    await in_machine(link, begin + AETHER + """ hook turn-ended '{"type": "agent-turn-complete"}'""")
    (first, name, payload), second = service.runs.hooks
    assert (first, name, payload["session_id"]) == (run_id, "PreToolUse", "s1")
    assert len(payload["tool_input"]["content"]) == 8192
    assert second == (run_id, "turn-ended", {"type": "agent-turn-complete"})


async def test_a_hook_never_fails(box: Box, service: Service) -> None:
    link = await service.begin(box)
    for script in (
        f"AETHER_RUN_SECRET=wrong {AETHER} hook Stop </dev/null",
        f"{AETHER} hook Stop </dev/null",
        f"AETHER_SOCKET=/nowhere {AETHER} hook Stop </dev/null",
        f"unset AETHER_SOCKET; echo '[[[[' | {AETHER} hook Stop",
    ):
        output = await in_machine(link, script)
        assert output.stdout == output.stderr == ""
    assert not service.runs.hooks


async def test_it_reports_the_state_of_a_run(box: Box, service: Service) -> None:
    link = await service.begin(box)
    run_id, secret = box.secret_for(service)
    await in_machine(link, f"AETHER_RUN={run_id} AETHER_RUN_SECRET={secret} {AETHER} event waiting 'Which one?'")
    ((run, report),) = service.runs.reports
    assert (run, report.source, report.state) == (run_id, "program", "waiting")
    assert report.asked is not None
    assert report.asked.text == "Which one?"
    for wrong in (f"AETHER_RUN_SECRET={secret} {AETHER} event sleeping", f"AETHER_SOCKET= {AETHER} event done"):
        output = await link.execute(wrong)
        assert output.status == 1
        assert output.stderr.startswith("aether: ")


async def test_git_gets_a_credential_and_nothing_else_does(box: Box, service: Service) -> None:
    service.bus.answers[IssueGitCredential] = GitCredential(
        username="x-access-token", password="ghs_once", expires_at=datetime.now(UTC)
    )
    link = await service.begin(box)
    asked = "protocol=https\nhost=github.com\npath=ada/engine.git\nwwwauth[]=Basic\n\n"
    fill = (
        "git -c credential.helper= -c credential.helper='!f() { ~/.aether/bin/aether git-credential \"$@\"; }; f'"
    )
    output = await in_machine(link, f"{fill} -c credential.useHttpPath=true credential fill", stdin=asked.encode())
    assert "password=ghs_once\n" in output.stdout
    (command,) = service.bus.asked
    assert isinstance(command, IssueGitCredential)
    assert (command.account_id, command.project_id) == (box.account, box.project)
    assert (command.protocol, command.host, command.path) == ("https", "github.com", "ada/engine.git")
    for operation in ("store", "erase"):
        said = await in_machine(link, f"{AETHER} git-credential {operation}", stdin=asked.encode())
        assert said.stdout == ""
    assert len(service.bus.asked) == 1


async def test_without_a_credential_git_goes_on_alone(box: Box, service: Service) -> None:
    service.bus.answers[IssueGitCredential] = NotFound("GitHub is not linked.")
    link = await service.begin(box)
    output = await in_machine(link, f"{AETHER} git-credential get", stdin=b"protocol=https\nhost=example.org\n\n")
    assert output.stdout == output.stderr == ""


async def test_it_prints_a_key_that_may_be_read(box: Box, service: Service) -> None:
    service.keys.plain, service.keys.brokered = {"NPM_TOKEN": "npm_1"}, {"ANTHROPIC_API_KEY": "sk"}
    link = await service.begin(box)
    assert (await in_machine(link, f"{AETHER} key NPM_TOKEN")).stdout == "npm_1\n"
    for name in ("ANTHROPIC_API_KEY", "NONE"):
        refused = await link.execute(f"{AETHER} key {name}")
        assert (refused.status, refused.stdout) == (1, "")
        assert refused.stderr.startswith("aether: ")


async def test_wrong_use_is_told_how_it_is_meant(box: Box, service: Service) -> None:
    link = await service.begin(box)
    for words in ("", "fly", "hold", "notify a b c"):
        output = await link.execute(f"{AETHER} {words}")
        assert (output.status, output.stdout) == (2, "")
        assert "usage:" in output.stderr


async def test_it_is_put_back_where_somebody_changed_it(box: Box, service: Service) -> None:
    link = await service.begin(box)
    Path(link.program).write_text("#!/bin/sh\nexit 9\n")
    service.links.refit(box.account, box.project)
    await eventually(lambda: Path(link.program).read_bytes() == keeper.PROGRAM)


def test_it_is_written_for_the_oldest_python_that_a_machine_may_have() -> None:
    ast.parse(keeper.PROGRAM, feature_version=(3, 8))


async def test_without_python_it_says_so_and_disturbs_no_agent(box: Box, service: Service) -> None:
    link = await service.begin(box)
    bare = f"PATH=/nowhere /bin/sh {AETHER}"
    asked = await link.execute(f"{bare} holds")
    assert (asked.status, asked.stderr) == (1, "aether: this machine has no python3\n")
    for words in ("hook Stop", "git-credential get"):
        output = await in_machine(link, f"{bare} {words} </dev/null")
        assert output.stdout == output.stderr == ""


async def test_what_hooks_say_while_nobody_answers_is_said_later_in_its_order(box: Box, service: Service) -> None:
    link = await service.begin(box)
    run_id, secret = box.secret_for(service)
    begin = f"export AETHER_RUN={run_id} AETHER_RUN_SECRET={secret}; "
    script = "".join(f"echo '{{\"n\": {n}}}' | {AETHER} hook Step; " for n in range(5))
    # A way into the machine that is not the one whose socket is away.
    await service.links._let_go(box.project)
    await in_machine(link, begin + script)
    assert not service.runs.hooks
    assert len(list(box.socket.parent.glob("kept-*/*.json"))) == 5
    await service.links.look()
    await service.links.get(box.project)
    await eventually(lambda: len(service.runs.hooks) == 5)
    await in_machine(link, begin + f"echo '{{\"n\": 5}}' | {AETHER} hook Step")
    await eventually(lambda: len(service.runs.hooks) == 6)
    assert [payload["n"] for _, _, payload in service.runs.hooks] == list(range(6))
    await eventually(lambda: not list(box.socket.parent.glob("kept-*/*.json")))


async def test_a_hook_that_is_refused_is_not_said_again(box: Box, service: Service) -> None:
    link = await service.begin(box)
    await in_machine(link, f"AETHER_RUN_SECRET=wrong {AETHER} hook Stop </dev/null")
    assert not list(box.socket.parent.glob("kept-*"))
