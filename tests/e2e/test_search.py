"""What the tests that look for secrets rely on: one that lies somewhere is found there."""

from uuid import uuid4

from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.person import Person
from aether.testkit.stack import Stack

from .search import files_holding, processes_with

# Given in two halves, so that it is found where it was planted and not where that was ordered.
PLANT = """planted={}""{}; mkdir -p ~/.config .git
for place in ~/.config .git "${{TMPDIR:-/tmp}}" "${{AETHER_ENV_FILE%/*}}"
do printf %s "$planted" > "$place"/planted; done
PLANTED=$planted exec sleep 600"""


async def test_a_secret_that_is_planted_in_a_machine_is_found_in_its_files_its_memory_and_its_processes(
    stack: Stack, person: Person
) -> None:
    require_host("tmux")
    secret = uuid4().hex
    project = await person.create("planted")
    await person.start(project)
    command = PLANT.format(secret[:16], secret[16:])
    await person.post(f"/api/projects/{project}/runs", {"agent": "command", "command": command})
    await eventually(lambda: "sleep" in [process.name() for process in processes_with(secret)], within=30)
    found, volume = files_holding(stack, secret), stack.home / "volumes" / project
    await person.api.delete(f"/api/projects/{project}")
    assert [path.name for path in found] == ["planted"] * 4, found  # the fourth is in /tmp, wherever that lies
    assert {volume / ".config" / "planted", volume / "workspace" / ".git" / "planted"} <= set(found)
    assert [path.parts[-3] for path in found].count("shm") == 1
