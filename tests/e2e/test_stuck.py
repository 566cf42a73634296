"""An agent that goes round in circles is said to be stuck, and nothing is stopped; one that gets on is not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.person import Person
from aether.testkit.stack import Stack, standing

CIRCLES = (
    "until [ -e enough ]; do echo 'The test fails. Trying again.'; sleep 0.2; done; echo out of it; sleep 600"
)
SOMEWHERE = "while :; do echo 'The test fails. Trying again.'; date >> log.txt; sleep 0.2; done"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def impatient(server_folder: Path) -> AsyncIterator[Stack]:
    """An aether that calls it stuck after six seconds."""
    async with standing(server_folder / "impatient", {"AGENTS_STUCK_MINUTES": "0.1"}) as running:
        yield running


async def until(person: Person, run: dict[str, Any], state: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    async def is_so() -> bool:
        seen.update(await person.get(f"/api/runs/{run['id']}"))
        return bool(seen["state"] == state)

    await eventually(is_so, within=60, every=0.2)
    return seen


@pytest.mark.timeout(240)
async def test_it_says_who_goes_in_circles_and_stops_nothing(impatient: Stack) -> None:
    require_host("tmux")
    person = Person.sign_up(impatient.url)
    project, other = await person.create("circles"), await person.create("somewhere")
    for each in (project, other):
        await person.start(each)
    run = await person.post(f"/api/projects/{project}/runs", {"agent": "command", "command": CIRCLES})
    busy = await person.post(f"/api/projects/{other}/runs", {"agent": "command", "command": SOMEWHERE})
    stuck = await until(person, run, "stuck")
    assert stuck["detail"].startswith("It has repeated itself for")
    assert stuck["ended_at"] is None
    notices = (await person.get("/api/notices"))["items"]
    assert [(notice["run_id"], notice["kind"]) for notice in notices] == [(run["id"], "stuck")]
    assert (await person.get(f"/api/runs/{busy['id']}"))["state"] == "working"
    put = f"/api/projects/{project}/files"
    (await person.api.put(put, params={"path": "/enough"}, content=b"")).raise_for_status()
    assert (await until(person, run, "working"))["detail"] == ""
    await person.leave()
