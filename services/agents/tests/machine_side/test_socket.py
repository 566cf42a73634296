"""What a machine may ask, by HTTP as any program may speak it."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from aether.agents.adapters.machine.channels import CONCURRENCY
from aether.agents.api.asking import HOOKS_AT_ONCE
from aether.agents.deps.ports import RunKey
from aether.contracts.ids import PersonId, RunId, new_id
from aether.contracts.machines import AwakeReason, GetProject, PlaceHold
from aether.contracts.problem import Unavailable
from aether.kit.postgres import Database
from aether.testkit.eventually import eventually

from .conftest import Box, Service

SOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Awake:
    """Of a project's view what holds are shown from."""

    awake_because = [
        AwakeReason(kind="hold", name="build", until=SOON),
        AwakeReason(kind="input", until=SOON + timedelta(minutes=5)),
    ]


async def test_holds_are_listed(box: Box, service: Service) -> None:
    service.bus.answers[GetProject] = Awake()
    await service.begin(box)
    answer = await box.ask("GET", "/v1/holds")
    assert answer.json() == {"items": [{"name": "build", "until": "2026-11-22T12:00:00+00:00"}]}


NOT_RIGHT = [
    ("PUT", "/v1/holds/build", {"expires_in": 3601}),
    ("PUT", "/v1/holds/build", {"expires_in": 0}),
    ("PUT", "/v1/holds/build", {}),
    ("PUT", "/v1/holds/build", None),
    ("PUT", "/v1/holds/" + "x" * 65, {"expires_in": 60}),
    ("PUT", "/v1/holds/%0a", {"expires_in": 60}),
    ("POST", "/v1/agent/events", {"state": "flying"}),
    ("POST", "/v1/notify", {"title": ""}),
    ("POST", "/v1/notify", {"title": "\u202e"}),
    ("POST", "/v1/git/credential", {"protocol": "https"}),
]


async def test_what_is_not_right_is_told_field_by_field(box: Box, service: Service) -> None:
    await service.begin(box)
    for method, path, body in NOT_RIGHT:
        answer = await box.ask(method, path, json=body)
        assert answer.status_code == 422, (path, body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"]
    assert not service.bus.asked


async def test_refusals_of_others_come_through(box: Box, service: Service) -> None:
    await service.begin(box)
    service.bus.answers[PlaceHold] = Unavailable("machines does not answer.")
    answer = await box.ask("PUT", "/v1/holds/build", json={"expires_in": 60})
    assert (answer.status_code, answer.json()["type"]) == (503, "unavailable")
    assert answer.json()["error"]["message"] == "aether: machines does not answer."


async def test_there_is_nothing_else(box: Box, service: Service) -> None:
    await service.begin(box)
    for method, path in (("GET", "/v1/agent/events"), ("POST", "/v1/nothing"), ("GET", "/")):
        answer = await box.ask(method, path)
        assert answer.status_code in {404, 405}
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_run_is_named_only_on_its_own_machines_socket(
    box: Box, other_box: Box, service: Service, database: Database
) -> None:
    await service.begin(box)
    await service.begin(other_box)
    run_id = await a_run(database, box)
    said = {"run": str(run_id), "state": "done", "message": "Is this what you meant?"}
    assert (await other_box.ask("POST", "/v1/agent/events", json=said)).status_code == 404
    assert (await box.ask("POST", "/v1/agent/events", json={"state": "done"})).status_code == 404
    assert not service.runs.reports
    assert (await box.ask("POST", "/v1/agent/events", json=said)).status_code == 204
    ((reported, report),) = service.runs.reports
    assert (reported, report.state, report.last_message) == (run_id, "done", "Is this what you meant?")


async def test_a_hook_needs_the_secret_of_a_run(box: Box, service: Service) -> None:
    await service.begin(box)
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic d3Jvbmc="}):
        assert (await box.ask("POST", "/v1/agent/hooks/Stop", headers=headers, json={})).status_code == 401
    large = b'{"a": "' + b"x" * (512 * 1024) + b'"}'
    _, secret = box.secret_for(service)
    mine = {"Authorization": f"Bearer {secret}"}
    assert (await box.ask("POST", "/v1/agent/hooks/Stop", headers=mine, content=large)).status_code == 413
    assert not service.runs.hooks


async def test_few_hooks_of_one_machine_are_heard_at_once(
    box: Box, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.begin(box)
    _, secret = box.secret_for(service)
    gate, inside = asyncio.Semaphore(0), 0

    async def hook(_key: RunKey, _event: str, _payload: object) -> None:
        nonlocal inside
        inside += 1
        await gate.acquire()

    monkeypatch.setattr(service.runs, "hook", hook)
    async with box.client(headers={"Authorization": f"Bearer {secret}"}) as client:
        said = [asyncio.create_task(client.post("/v1/agent/hooks/Stop", json={})) for _ in range(12)]
        await eventually(lambda: inside == HOOKS_AT_ONCE)
        assert await box.answers()
        assert inside == HOOKS_AT_ONCE
        for _ in said:
            gate.release()
        assert {answer.status_code for answer in await asyncio.gather(*said)} == {204}
    assert inside == 12


async def test_a_word_to_the_person_is_cleaned_and_not_too_often(
    box: Box, service: Service, database: Database
) -> None:
    await service.begin(box)
    nobody = await box.ask("POST", "/v1/notify", json={"title": "Hello"})
    assert (nobody.status_code, nobody.json()["type"]) == (409, "nobody-to-tell")
    person = PersonId(new_id())
    run_id = await a_run(database, box, person)
    for number in range(30):
        said = {"title": f"\x1b[31mStep {number}\u202e", "body": "It is\ndone."}
        answer = await box.ask("POST", "/v1/notify", json=said)
    assert (answer.status_code, answer.json()["type"]) == (429, "too-often")
    first = service.attention.calls[0]
    assert (first.person_id, first.kind, first.title, first.body) == (person, "notify", "Step 0", "It is\ndone.")
    assert len(service.attention.calls) == 19
    assert len({call.once for call in service.attention.calls}) == 19
    assert run_id


async def test_many_ask_at_once_and_more_than_many_are_refused(box: Box, service: Service) -> None:
    link = await service.begin(box)
    async with box.client(limits=httpx2.Limits(max_connections=100)) as client:
        answers = await asyncio.gather(
            *(client.put(f"/v1/holds/{n}", json={"expires_in": 60}) for n in range(300))
        )
    assert {answer.status_code for answer in answers} == {204}
    assert len(service.bus.asked) == 300
    # Whoever opens connections and says nothing does not take more than one machine's share.
    writers = []
    for _ in range(CONCURRENCY):
        _, writer = await asyncio.open_unix_connection(str(box.socket))
        writers.append(writer)
    share = service.links._keepers[box.project][0]._servers[0]._share
    await eventually(lambda: len(share.state.connections) >= CONCURRENCY)
    assert (await box.ask("GET", "/v1/holds")).status_code == 503
    # Nor does it have another share by its port.
    async with httpx2.AsyncClient(base_url=link.broker, trust_env=False) as client:
        assert (await client.get("/v1/llm/openai/v1/models")).status_code == 503
    for writer in writers:
        writer.close()
        await writer.wait_closed()
    await eventually(lambda: share.opened == 0)
    assert await box.answers()


async def test_a_request_that_is_no_http_ends_its_connection_alone(box: Box, service: Service) -> None:
    await service.begin(box)
    for garbage in (b"\x00" * 100, b"GET / HTTP/1.1\r\nA: " + b"x" * 100_000, b"GET /\xff HTTP/1.1\r\n\r\n"):
        reader, writer = await asyncio.open_unix_connection(str(box.socket))
        writer.write(garbage)
        said = await asyncio.wait_for(reader.read(), 10)
        assert said.startswith(b"HTTP/1.1 400")
        writer.close()
        await writer.wait_closed()
    assert await box.answers()


async def a_run(database: Database, box: Box, person: PersonId | None = None) -> RunId:
    """A row as the service keeps it of a run."""
    run_id = RunId(new_id())
    async with database.transaction() as db:
        columns = await db.fetch(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'agents' AND table_name = 'run' AND is_nullable = 'NO'"
        )
        known = {
            "id": run_id,
            "account_id": box.account,
            "project_id": box.project,
            "person_id": person or new_id(),
            "state": "working",
        }
        blank = {"text": "", "boolean": False, "integer": 0, "bigint": 0, "double precision": 0.0, "bytea": b"x"}
        values = {
            row["column_name"]: known.get(row["column_name"], blank.get(row["data_type"], SOON)) for row in columns
        }
        marks = ", ".join(f"${number + 1}" for number in range(len(values)))
        await db.execute(f"INSERT INTO agents.run ({', '.join(values)}) VALUES ({marks})", *values.values())
    return run_id
