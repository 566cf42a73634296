"""A thousand questions of twenty agents: each is seen at once, rung for once, and answered once."""

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from aether.testkit.events import EventStream, listening
from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.person import Person
from aether.testkit.stack import Stack

PROJECTS, RUNS_EACH, QUESTIONS_EACH = 4, 5, 50
ASKER = Path(__file__).with_name("asker.py")
FAREWELL = "That was all."


@dataclass
class Board:
    """What one page is told, and when."""

    waiting: dict[tuple[str, str], float] = field(default_factory=dict)  # run, question's text → when it came
    rung: Counter[tuple[str, str]] = field(default_factory=Counter)
    states: dict[str, str] = field(default_factory=dict)
    open: "asyncio.Queue[tuple[str, dict[str, Any]]]" = field(default_factory=asyncio.Queue)

    async def watch(self, stream: EventStream) -> None:
        """Until cancelled."""
        while True:
            heard = await stream.next(within=120)
            if heard.name == "run.changed":
                self._run(heard.data)
            elif heard.name == "notice.raised" and heard.data["notice"]["kind"] == "waiting":
                notice = heard.data["notice"]
                self.rung[notice["run_id"], _question(notice["body"])] += 1

    def _run(self, run: dict[str, Any]) -> None:
        self.states[run["id"]] = run["state"]
        if run["state"] != "waiting" or run["question"] is None:
            return
        key = (run["id"], run["question"]["text"])
        if key not in self.waiting:
            self.waiting[key] = time.time()
            self.open.put_nowait((run["id"], run["question"]))


def _question(text: str) -> str:
    found = re.search(r"Question \d+\?", text)
    assert found, text
    return found.group()


async def answer_twice(person: Person, run: str, question: dict[str, Any]) -> None:
    """From two pages at the same moment: one is taken, the other is told that it came too late."""
    body = {"text": f"answer to {question['text']}", "question_id": question["id"]}
    answers = await asyncio.gather(*(_send(person.session, run, body) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 409], [answer.text for answer in answers]


async def _send(client: httpx2.AsyncClient, run: str, body: dict[str, Any]) -> httpx2.Response:
    headers = {"Idempotency-Key": str(uuid4())}
    return await client.post(f"/api/runs/{run}/message", json=body, headers=headers, timeout=60)


async def answer_all(person: Person, board: Board, count: int) -> None:
    """As they come, those of different runs side by side."""
    async with asyncio.TaskGroup() as tasks:
        for _ in range(count):
            run, question = await asyncio.wait_for(board.open.get(), 60)
            tasks.create_task(answer_twice(person, run, question))


async def begin(person: Person, number: int) -> list[tuple[str, str]]:
    """A project with its askers; answers project and run of each."""
    project = await person.create(f"asking-{number}")
    await person.start(project)
    put = f"/api/projects/{project}/files"
    (await person.api.put(put, params={"path": "/asker.py"}, content=ASKER.read_bytes())).raise_for_status()
    command = f"python3 -I asker.py {QUESTIONS_EACH}"
    begun = [
        await person.post(f"/api/projects/{project}/runs", {"agent": "command", "command": command})
        for _ in range(RUNS_EACH)
    ]
    return [(project, run["id"]) for run in begun]


async def part(person: Person, board: Board, runs: list[tuple[str, str]]) -> None:
    """Say one thing more to each, and wait for the question that follows: what came before has been heard then."""
    answers = await asyncio.gather(*(_send(person.session, run, {"text": FAREWELL}) for _, run in runs))
    assert [answer.status_code for answer in answers] == [200] * len(runs), [answer.text for answer in answers]
    last = f"Question {QUESTIONS_EACH}?"
    await eventually(
        lambda: {(run, last) for _, run in runs} <= board.rung.keys() & board.waiting.keys(), within=60
    )


async def lines_of(person: Person, project: str, path: str) -> list[str]:
    answer = await person.api.get(f"/api/projects/{project}/files", params={"path": path})
    return answer.raise_for_status().text.splitlines()


@pytest.mark.alone
@pytest.mark.timeout(600)
async def test_a_thousand_questions_are_each_seen_within_a_second_rung_for_once_and_answered_once(
    stack: Stack, person: Person
) -> None:
    require_host("tmux")
    board, total = Board(), PROJECTS * RUNS_EACH * QUESTIONS_EACH
    async with listening(person.session) as stream:
        watching = asyncio.create_task(board.watch(stream))
        runs = [run for number in range(PROJECTS) for run in await begin(person, number)]
        await answer_all(person, board, total)
        await eventually(lambda: all(board.states[run] == "done" for _, run in runs), within=60)
        await eventually(lambda: len(board.rung) >= total, within=30)
        await part(person, board, runs)
        watching.cancel()
    slowest = 0.0
    for project, run in runs:
        answered = await lines_of(person, project, f"/{run}/answered.txt")
        answers = [f"{n} answer to Question {n}?" for n in range(QUESTIONS_EACH)]
        assert answered == [*answers, f"{QUESTIONS_EACH} {FAREWELL}"]
        for line in await lines_of(person, project, f"/{run}/asked.txt"):
            number, told = line.split()
            slowest = max(slowest, board.waiting[run, f"Question {number}?"] - float(told))
    asked = {(run, f"Question {n}?") for _, run in runs for n in range(QUESTIONS_EACH + 1)}
    assert board.waiting.keys() == asked
    assert board.rung == Counter(asked)
    assert slowest <= 1.0, f"the slowest took {slowest:.2f} s"
