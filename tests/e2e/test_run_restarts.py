"""Whatever is killed under an agent at work, its run is there, its state true, and all it printed complete."""

import re
from typing import Any

import pytest

from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.person import Person
from aether.testkit.stack import Stack
from aether.testkit.viewer import Viewer

LINES = 4000
WORKER = (
    "aether=~/.aether/bin/aether; $aether event working 'counting';"
    f' for i in $(seq 1 {LINES}); do echo "line $i of the run"; sleep 0.01; done;'
    " $aether event waiting 'Shall I go on?'; read -r answer; echo \"answered: $answer\";"
    ' $aether event done "You said $answer."; read -r more; exit 0'
)


async def run_until(person: Person, run: str, state: str, within: float = 60) -> dict[str, Any]:
    """Wait for a state of a run, while gateway and database may be away; answers the run."""
    seen: dict[str, Any] = {}

    async def is_there() -> bool:
        try:
            answer = await person.api.get(f"/api/runs/{run}")
        except OSError:
            return False
        if answer.status_code == 200:
            seen.update(answer.json())
        return bool(seen.get("state") == state)

    await eventually(is_there, within=within, every=0.2)
    return seen


async def lines_printed(stack: Stack, person: Person, terminal: str) -> list[int]:
    """The numbers that stand on the screen and in its scrollback, as somebody sees them who comes now."""
    async with Viewer(stack.url, terminal, person.credentials) as viewer:
        await viewer.until(f"line {LINES} of the run".encode())
        return [int(number) for number in re.findall(rb"line (\d+) of the run", bytes(viewer.received))]


@pytest.mark.timeout(300)
async def test_a_run_goes_on_through_the_death_of_every_service_and_nothing_is_lost(
    stack: Stack, person: Person
) -> None:
    require_host("tmux")
    project = await person.create("under-fire")
    await person.start(project)
    run = (await person.post(f"/api/projects/{project}/runs", {"agent": "command", "command": WORKER}))["id"]
    await run_until(person, run, "working")
    for part in ("agents", "terminal", "gateway", "machines", "nats", "postgres"):
        await stack.kill_and_wait(part)
        assert (await run_until(person, run, "working"))["ended_at"] is None, part
    waiting = await run_until(person, run, "waiting", within=120)
    assert waiting["question"]["text"] == "Shall I go on?"
    await stack.kill_and_wait("agents")
    still = await run_until(person, run, "waiting")
    assert still["question"] == waiting["question"]
    assert await lines_printed(stack, person, still["terminal_id"]) == list(range(1, LINES + 1))
    answer = {"text": "yes", "question_id": still["question"]["id"]}
    await person.post(f"/api/runs/{run}/message", answer)
    assert (await run_until(person, run, "done"))["last_message"] == "You said yes."


async def test_a_command_that_has_ended_leaves_what_it_printed_last(person: Person) -> None:
    require_host("tmux")
    project = await person.create("brief")
    await person.start(project)
    command = {"agent": "command", "command": "seq 100; echo that was all"}
    run = (await person.post(f"/api/projects/{project}/runs", command))["id"]
    ended = await run_until(person, run, "done")
    assert ended["last_message"].endswith("99\n100\nthat was all")


@pytest.mark.timeout(180)
async def test_an_agent_that_cannot_resume_has_failed_with_its_machine_and_says_so(person: Person) -> None:
    require_host("tmux")
    project = await person.create("switched-off")
    await person.start(project)
    run = (await person.post(f"/api/projects/{project}/runs", {"agent": "command", "command": WORKER}))["id"]
    begun = await run_until(person, run, "working")
    await person.post(f"/api/projects/{project}/restart")
    ended = await run_until(person, run, "failed")
    assert ended["reason"] == "machine_stopped"
    assert ended["ended_at"] is not None
    recording = await person.api.get(f"/api/terminals/{begun['terminal_id']}/recording")
    assert "line 1 of the run" in recording.raise_for_status().text
