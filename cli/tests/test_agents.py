"""Agents from a shell: keys, key pairs, runs and what they ask, against a real gateway."""

import json
import stat
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aether.contracts.agents import QuestionOption, QuestionView
from aether.contracts.ids import QuestionId, RunId, new_id

VALUE = "sk-ant-a-value-nobody-may-see-7Qa9"


async def told(person: Any, *arguments: str, given: bytes = b"") -> Any:
    """What a command prints as JSON."""
    done = await person.run(*arguments, "--json", given=given)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def test_a_key_comes_by_standard_input_and_its_value_is_never_shown(signed_in: Any) -> None:
    project = await told(signed_in, "projects", "create", "Demo")
    done = await signed_in.run(
        "keys", "set", "ANTHROPIC_API_KEY", "--project", "demo", given=f"{VALUE}\n".encode()
    )
    assert (done.returncode, done.stdout) == (
        0,
        b"Kept ANTHROPIC_API_KEY, which ends with 7Qa9 (brokered).\n",
    ), done.stderr
    assert list(signed_in.stand.agents.values.values()) == [VALUE]
    listed = await signed_in.run("keys", "ls")
    assert b"ANTHROPIC_API_KEY" in listed.stdout
    assert VALUE.encode() not in listed.stdout + listed.stderr
    assert (await told(signed_in, "keys", "ls"))[0]["projects"] == [project["id"]]
    empty = await signed_in.run("keys", "set", "ANTHROPIC_API_KEY", given=b"\n")
    assert empty.returncode == 1
    assert empty.stderr.startswith(b"aether: No value came.")
    assert (await signed_in.run("keys", "rm", "ANTHROPIC_API_KEY")).stdout == b"Forgot ANTHROPIC_API_KEY.\n"
    assert await told(signed_in, "keys", "ls") == []


async def test_a_pair_is_let_in_its_private_key_written_for_its_owner_alone_and_revoked(signed_in: Any) -> None:
    await told(signed_in, "projects", "create", "Demo")
    file = signed_in.folder / "keys" / "demo"
    token = await told(signed_in, "agents", "allow", "demo", "--identity", str(file))
    assert file.read_text() == "A PRIVATE KEY\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = await signed_in.run("agents", "allow", "demo", "--identity", str(file))
    assert again.returncode == 1
    assert b"is there already" in again.stderr
    assert file.read_text() == "A PRIVATE KEY\n"
    assert [found["id"] for found in await told(signed_in, "agents", "tokens", "demo")] == [token["id"]]
    assert (await signed_in.run("agents", "revoke", "demo", token["id"])).stdout == b"Revoked.\n"
    assert await told(signed_in, "agents", "tokens", "demo") == []


async def test_the_lines_for_ssh_take_the_place_of_those_written_before(signed_in: Any) -> None:
    signed_in.environ["HOME"] = str(signed_in.folder)
    for name in ("Demo", "Other"):
        await told(signed_in, "projects", "create", name)
    printed = await signed_in.run("ssh-config", "demo", "--identity", "~/.ssh/mine")
    assert printed.stdout.startswith(b"Host demo.aether\n  IdentityFile ~/.ssh/mine\n")
    for identity in ("~/.ssh/first", "~/.ssh/second"):
        for project in ("demo", "other"):
            await told(signed_in, "ssh-config", project, "--identity", identity, "--write")
    written = (signed_in.folder / ".ssh" / "aether_config").read_text()
    assert written.count("Host demo.aether") == written.count("Host other.aether") == 1
    assert "first" not in written
    assert (signed_in.folder / ".ssh" / "aether_known_hosts").read_text().count("ssh-ed25519") == 2


async def test_agents_are_listed_and_one_is_started_listed_and_stopped(signed_in: Any) -> None:
    await told(signed_in, "projects", "create", "Demo")
    catalog = await told(signed_in, "agents")
    assert catalog[0]["title"].encode() in (await signed_in.run("agents")).stdout
    run = await told(signed_in, "runs", "start", "demo", catalog[0]["name"], "-", given=b"Mend the roof")
    assert run["prompt"] == "Mend the roof"
    assert b"Demo" in (await signed_in.run("runs", "ls")).stdout
    stopped = await signed_in.run("runs", "stop", run["id"][-8:])
    assert stopped.returncode == 0, stopped.stderr
    assert (await told(signed_in, "runs", "ls", "--all"))[0]["ended_at"] is not None
    wrong = await signed_in.run("runs", "start", "demo", "nobody")
    assert (wrong.returncode, wrong.stdout) == (1, b"")
    assert wrong.stderr.count(b"\n") == 1


async def test_a_question_is_shown_and_the_answer_names_it(signed_in: Any) -> None:
    await told(signed_in, "projects", "create", "Demo")
    agents = signed_in.stand.agents
    started = await told(signed_in, "runs", "start", "demo", "claude-code", "Paint it")
    question = QuestionView(
        id=QuestionId(new_id()),
        kind="permission",
        text="Run the migration?",
        options=[QuestionOption(id="yes", label="Yes")],
        asked_at=datetime.now(UTC),
    )
    run = agents.change(agents.runs[RunId(UUID(started["id"]))], state="waiting", question=question)
    assert b"Run the migration?" in (await signed_in.run("runs", "ls")).stdout
    sent = await signed_in.run("runs", "send", started["id"][-8:], "--option", "yes")
    assert sent.returncode == 0, sent.stderr
    assert (agents.messages[0].option, agents.messages[0].question_id) == ("yes", question.id)
    await told(signed_in, "runs", "send", run.name, "and the door")
    assert (agents.messages[1].text, agents.messages[1].question_id) == ("and the door", None)
    neither = await signed_in.run("runs", "send", run.name)
    assert neither.stderr == b"aether: Say something, or choose an --option of its question.\n"


async def test_a_run_that_is_not_there_and_one_that_is_there_twice(signed_in: Any) -> None:
    await told(signed_in, "projects", "create", "Demo")
    missing = await signed_in.run("runs", "send", "nothing", "x")
    assert (missing.returncode, missing.stderr) == (
        4,
        b"aether: There is no run called nothing. See: aether runs ls --all\n",
    )
    for _ in range(2):
        await told(signed_in, "runs", "start", "demo", "claude-code")
    twice = await signed_in.run("runs", "stop", "A run")
    assert twice.returncode == 1
    assert b"say which" in twice.stderr
    assert b"needs a terminal" in (await signed_in.run("runs", "attach", "A run")).stderr


async def test_no_pair_is_let_in_whose_private_key_has_nowhere_to_go(signed_in: Any) -> None:
    await told(signed_in, "projects", "create", "Demo")
    taken = signed_in.folder / "taken"
    taken.write_text("not a folder")
    refused = await signed_in.run("agents", "allow", "demo", "--identity", str(taken / "key"))
    assert refused.returncode == 1
    assert refused.stderr.startswith(b"aether: ")
    assert b"cannot be written" in refused.stderr
    assert await told(signed_in, "agents", "tokens", "demo") == []


async def test_a_pair_that_is_refused_leaves_no_file_and_one_may_have_an_end(signed_in: Any) -> None:
    await told(signed_in, "projects", "create", "Demo")
    file = signed_in.folder / "keys" / "demo"
    allow = ("agents", "allow", "demo", "--identity", str(file), "--expires")
    refused = await signed_in.run(*allow, "tomorrow")
    assert refused.returncode == 1
    assert b"expires_at" in refused.stderr
    assert not file.exists()
    token = await told(signed_in, *allow, "2127-01-31T12:00:00Z")
    assert token["expires_at"] == "2127-01-31T12:00:00Z"
    assert file.read_text() == "A PRIVATE KEY\n"


async def test_which_projects_may_have_a_key_stays_until_it_is_said_anew(signed_in: Any) -> None:
    project = await told(signed_in, "projects", "create", "Demo")

    async def keep(*options: str) -> Any:
        kept = await told(signed_in, "keys", "set", "ANTHROPIC_API_KEY", *options, given=f"{VALUE}\n".encode())
        return kept["projects"]

    assert await keep() is None
    assert await keep("--project", "demo") == [project["id"]]
    assert await keep() == [project["id"]]
    assert await keep("--all-projects") is None
    both = await signed_in.run("keys", "set", "ANTHROPIC_API_KEY", "--project", "demo", "--all-projects")
    assert (both.returncode, both.stderr) == (1, b"aether: Say either --project or --all-projects.\n")
