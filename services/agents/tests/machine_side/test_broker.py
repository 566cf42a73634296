"""The way to vendors: whose key goes where, what passes, and what is learnt from it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from aether.agents.api import broker
from aether.agents.deps.ports import Link, VendorKey
from aether.agents.domain.report import Report
from aether.agents.errors import KeyDoesNotOpen, NoSuchKey
from aether.contracts.ids import AccountId, ProjectId, RunId
from aether.kit.postgres import Database, DatabaseAway
from aether.testkit.eventually import eventually

from .conftest import CANARY, Box, Service, in_machine
from .vendor import Vendor

VENDORS = ("anthropic", "openai", "google", "openrouter")
SHOWN = {
    "anthropic": ("x-api-key", CANARY),
    "openai": ("authorization", f"Bearer {CANARY}"),
    "google": ("x-goog-api-key", CANARY),
    "openrouter": ("authorization", f"Bearer {CANARY}"),
}


@pytest_asyncio.fixture
async def vendor() -> AsyncIterator[Vendor]:
    async with Vendor().serving() as vendor:
        yield vendor


@pytest_asyncio.fixture
async def service(database: Database, vendor: Vendor) -> AsyncIterator[Service]:
    service = Service(database, {name: f"{vendor.url}/{name}" for name in VENDORS})
    service.keys.brokered = dict.fromkeys(VENDORS, CANARY)
    service.start()
    yield service
    await service.stop()


@pytest_asyncio.fixture
async def link(box: Box, service: Service) -> Link:
    return await service.begin(box)


@pytest.fixture
def run(box: Box, service: Service, link: Link) -> tuple[RunId, str]:
    return box.secret_for(service)


def at_port(link: Link) -> httpx2.AsyncClient:
    """A client of the machine's loopback port, which this host shares with it."""
    return httpx2.AsyncClient(base_url=link.broker, timeout=httpx2.Timeout(20), trust_env=False)


async def test_the_key_takes_the_place_of_the_secret(link: Link, vendor: Vendor, run: tuple[RunId, str]) -> None:
    _, secret = run
    asked = {
        "x-api-key": secret,
        "x-goog-api-key": secret,
        "authorization": f"Bearer {secret}",
        "cookie": "a=b",
        "x-forwarded-for": "10.0.0.1",
        "connection": "keep-alive, x-hop",
        "x-hop": "1",
        "anthropic-beta": "tools-2026",
        "user-agent": "agent/1",
    }
    async with at_port(link) as client:
        for name in VENDORS:
            path = f"/v1/llm/{name}/v1/messages?beta=true&key={secret}"
            answer = await client.post(path, headers=asked, json={"a": 1})
            assert (answer.status_code, answer.json()) == (200, {})
    assert [(came.method, came.path) for came in vendor.came] == [("POST", f"/{n}/v1/messages") for n in VENDORS]
    for name, came in zip(VENDORS, vendor.came, strict=True):
        assert (came.query, came.body) == ("beta=true", b'{"a":1}')
        keys = {n: v for n, v in came.headers.items() if n in {"x-api-key", "x-goog-api-key", "authorization"}}
        assert keys == dict([SHOWN[name]])
        assert not came.headers.keys() & {"cookie", "x-forwarded-for", "x-hop"}
        assert (came.headers["anthropic-beta"], came.headers["user-agent"]) == ("tools-2026", "agent/1")
        assert secret not in json.dumps([came.headers, came.query, came.body.decode()])


async def test_a_vendors_cookie_is_nobodys(
    box: Box, other_box: Box, service: Service, link: Link, vendor: Vendor
) -> None:
    await service.begin(other_box)
    vendor.says(200, set_cookie="known=by-this; Path=/")
    for asking in (box, other_box):
        answer = await asking.ask("GET", "/v1/llm/openai/v1/models")
        assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
    assert not [came for came in vendor.came if "cookie" in came.headers]
    assert link


async def test_on_the_port_only_a_secret_of_a_run_of_this_machine_opens(
    box: Box, other_box: Box, service: Service, link: Link, vendor: Vendor
) -> None:
    other = await service.begin(other_box)
    _, secret = box.secret_for(service)
    async with at_port(link) as mine, at_port(other) as others:
        for client, shown in ((mine, ""), (mine, "wrong"), (mine, CANARY), (others, secret)):
            for path in ("/v1/llm/anthropic/v1/messages", "/v1/agent/events", "/v1/agent/hooks/Stop"):
                headers = {"x-api-key": shown, "authorization": f"Bearer {shown}"} if shown else {}
                answer = await client.post(path, headers=headers, json={"state": "done"})
                assert answer.status_code == 401, (path, shown)
        for path in ("/v1/holds", "/v1/keys/ANTHROPIC_API_KEY", "/v1/notify", "/v1/git/credential"):
            answer = await mine.request("GET", path, headers={"authorization": f"Bearer {secret}"})
            assert answer.status_code == 404, path
        mine_too = await mine.post(
            "/v1/agent/events", headers={"authorization": f"Bearer {secret}"}, json={"state": "done"}
        )
        assert mine_too.status_code == 204
    assert not vendor.came


async def test_on_its_socket_a_machine_needs_no_secret(box: Box, link: Link, vendor: Vendor) -> None:
    answer = await box.ask("GET", "/v1/llm/openai/v1/models")
    assert answer.status_code == 200
    assert vendor.came[0].headers["authorization"] == f"Bearer {CANARY}"
    assert link


async def test_an_answer_passes_as_it_comes_and_is_counted(
    box: Box, service: Service, link: Link, vendor: Vendor, run: tuple[RunId, str]
) -> None:
    run_id, secret = run
    vendor.gate = asyncio.Semaphore(0)
    vendor.streams(
        '{"type":"message_start","message":{"usage":{"input_tokens":10,"cache_read_input_tokens":90,"output_tokens":1}}}',
        '{"type":"content_block_delta","delta":{"text":"usage"}}',
        '{"type":"message_delta","usage":{"output_tokens":42}}',
    )
    async with (
        at_port(link) as client,
        client.stream("POST", "/v1/llm/anthropic/v1/messages", headers={"x-api-key": secret}, json={}) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        for expected in ("message_start", "content_block_delta", "message_delta"):
            vendor.gate.release()
            assert expected in await asyncio.wait_for(anext(lines), 10)
            assert await anext(lines) == ""
    await eventually(lambda: any(report.tokens == (100, 42) for _, report in service.runs.reports))
    assert {run for run, _ in service.runs.reports} == {run_id}
    assert [report.tokens for _, report in service.runs.reports] == [(0, 0), (100, 42)]
    assert service.keys.refusals == [False]


async def test_a_paid_answer_passes_while_nothing_can_be_written_down(
    service: Service, link: Link, vendor: Vendor, run: tuple[RunId, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = asyncio.Event()
    tried: list[Report] = []

    async def report(_run_id: RunId, report: Report) -> None:
        tried.append(report)
        await written.wait()
        if len(tried) == 1:
            raise DatabaseAway

    monkeypatch.setattr(service.runs, "report", report)
    vendor.says(200, b'{"usage": {"input_tokens": 10, "output_tokens": 2}}')
    async with at_port(link) as client:
        answer = await client.post("/v1/llm/anthropic/v1/messages", headers={"x-api-key": run[1]}, json={})
    assert (answer.status_code, answer.json()["usage"]["output_tokens"]) == (200, 2)
    await eventually(lambda: len(tried) == 1)
    written.set()
    await eventually(lambda: [report.tokens for report in tried] == [(0, 0), (10, 2)])
    assert len(vendor.came) == 1


async def test_who_asks_faster_than_can_be_written_down_waits_before_it_is_paid_for(
    service: Service, link: Link, vendor: Vendor, run: tuple[RunId, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "BEHIND", 1)
    written, looked_up = asyncio.Event(), 0
    for_vendor = service.keys.for_vendor

    async def noted(_key: VendorKey, *, refused: bool) -> None:
        await written.wait()

    async def counted(account_id: AccountId, project_id: ProjectId, name: str) -> VendorKey:
        nonlocal looked_up
        looked_up += 1
        return await for_vendor(account_id, project_id, name)

    monkeypatch.setattr(service.keys, "noted", noted)
    monkeypatch.setattr(service.keys, "for_vendor", counted)
    headers = {"x-api-key": run[1]}
    async with at_port(link) as client:
        await client.post("/v1/llm/openai/v1/responses", headers=headers, json={})
        second = asyncio.create_task(client.post("/v1/llm/openai/v1/responses", headers=headers, json={}))
        await eventually(lambda: looked_up == 2)
        assert (await client.get("/v1/nothing")).status_code == 404
        assert (len(vendor.came), second.done()) == (1, False)
        written.set()
        assert (await second).status_code == 200
    assert len(vendor.came) == 2


async def test_a_large_body_goes_through_in_pieces(link: Link, vendor: Vendor, run: tuple[RunId, str]) -> None:
    body = os.urandom(8 * 1024 * 1024)
    vendor.pieces = [body[n : n + 100_000] for n in range(0, len(body), 100_000)]
    vendor.headers = {"content-type": "application/octet-stream"}

    async def pieces() -> AsyncIterator[bytes]:
        for n in range(0, len(body), 300_000):
            yield body[n : n + 300_000]

    async with at_port(link) as client:
        answer = await client.post("/v1/llm/openai/v1/files", headers={"x-api-key": run[1]}, content=pieces())
    assert vendor.came[0].body == body
    assert answer.content == body


async def test_who_is_gone_is_not_answered_any_more(link: Link, vendor: Vendor, run: tuple[RunId, str]) -> None:
    vendor.gate = asyncio.Semaphore(1)
    vendor.streams("1", "2")
    async with (
        at_port(link) as client,
        client.stream(
            "POST", "/v1/llm/openai/v1/responses", headers={"authorization": f"Bearer {run[1]}"}, json={}
        ) as answer,
    ):
        assert await anext(answer.aiter_lines()) == "data: 1"
    await eventually(lambda: vendor.given_up == 1)


async def test_a_refused_key_fails_the_run_and_is_noted(
    service: Service, link: Link, vendor: Vendor, run: tuple[RunId, str]
) -> None:
    run_id, secret = run
    vendor.says(401, b'{"error": {"type": "authentication_error"}}')
    async with at_port(link) as client:
        answer = await client.post("/v1/llm/anthropic/v1/messages", headers={"x-api-key": secret}, json={})
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")
    await eventually(lambda: len(service.runs.reports) == 1)
    ((reported, report),) = service.runs.reports
    assert (reported, report.state, report.reason) == (run_id, "failed", "key_refused")
    assert report.detail == "The key was refused."
    assert service.keys.refusals == [True]


async def test_what_a_vendor_forbids_passes_and_is_no_refused_key(
    service: Service, link: Link, vendor: Vendor, run: tuple[RunId, str]
) -> None:
    body = b'{"error": {"code": "unsupported_country_region_territory", "message": "Not in this country"}}'
    async with at_port(link) as client:
        vendor.says(403, body)
        answer = await client.post("/v1/llm/openai/v1/responses", headers={"x-api-key": run[1]}, json={})
        assert (answer.status_code, answer.content) == (403, body)
        vendor.says(200)
        await client.post("/v1/llm/openai/v1/responses", headers={"x-api-key": run[1]}, json={})
    await eventually(lambda: service.keys.refusals == [False])
    assert not [report for _, report in service.runs.reports if report.reason]


async def test_a_far_limit_is_told_and_is_over_with_the_next_answer(
    service: Service, link: Link, vendor: Vendor, run: tuple[RunId, str]
) -> None:
    run_id, secret = run
    now = service.agents.now().replace(hour=1, minute=0, second=0, microsecond=0)
    service.agents.now = lambda: now
    vendor.says(429, b'{"error": {"type": "rate_limit_error"}}', retry_after="7200")
    async with at_port(link) as client:
        answer = await client.post("/v1/llm/anthropic/v1/messages", headers={"x-api-key": secret}, json={})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "7200")
        await eventually(lambda: len(service.runs.reports) == 1)
        ((reported, report),) = service.runs.reports
        assert (reported, report.state, report.reason) == (run_id, None, "limited")
        assert report.limited_until == now + timedelta(hours=2)
        assert report.detail == "Limited until 03:00 UTC."
        vendor.says(429, retry_after="30")
        await client.post("/v1/llm/anthropic/v1/messages", headers={"x-api-key": secret}, json={})
        vendor.says(200)
        await client.post("/v1/llm/anthropic/v1/messages", headers={"x-api-key": secret}, json={})
    # A near reset is the agent's own business.
    await eventually(lambda: [report.reason for _, report in service.runs.reports] == ["limited", ""])
    assert service.runs.reports[-1][1].source == "broker"


async def test_without_a_key_that_opens_it_says_so(
    service: Service, link: Link, vendor: Vendor, run: tuple[RunId, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = iter([NoSuchKey(), KeyDoesNotOpen()])

    async def refused(*_: Any) -> VendorKey:
        raise next(refusals)

    monkeypatch.setattr(service.keys, "for_vendor", refused)
    async with at_port(link) as client:
        for kind in ("not-found", "key-does-not-open"):
            answer = await client.post("/v1/llm/openai/v1/responses", headers={"x-api-key": run[1]}, json={})
            assert (answer.status_code, answer.json()["type"]) == (404, kind)
            assert "aether: " in answer.json()["error"]["message"]
    assert [report.detail for _, report in service.runs.reports] == [
        "There is no key for openai that this project may use.",
        "This key cannot be opened any more; enter its value again.",
    ]
    assert not vendor.came


async def test_a_vendor_that_is_away_is_said_to_be(service: Service, link: Link, run: tuple[RunId, str]) -> None:
    service.vendors._vendors = {
        name: type(known)(name, "http://127.0.0.1:9", known.header, known.scheme)
        for name, known in service.vendors._vendors.items()
    }
    async with at_port(link) as client:
        answer = await client.post("/v1/llm/openai/v1/responses", headers={"x-api-key": run[1]}, json={})
    assert (answer.status_code, answer.json()["type"]) == (502, "vendor-away")
    assert not service.runs.reports


ESCAPES = [
    "/v1/llm/openai/../anthropic/v1/messages",
    "/v1/llm/openai/v1/%2e%2e/%2E%2E/admin",
    "/v1/llm/openai/v1/..",
    "/v1/llm/openai/v1\\..\\admin",
    "/v1/llm/nobody/v1/messages",
    "/v1/llm/openai%2F..%2Fadmin/v1",
    "/v1%2Fllm/openai/v1",
    "/v1%2Fllm%2Fopenai%2Fv1",
    "/v1%2Fllm/x/openai/v1",
    "/v1/llm/openai%2Fv1",
]


async def test_no_path_leaves_the_vendor(box: Box, link: Link, vendor: Vendor) -> None:
    for path in ESCAPES:
        reader, writer = await asyncio.open_unix_connection(str(box.socket))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        status = (await reader.readline()).split()[1]
        await reader.read()
        writer.close()
        await writer.wait_closed()
        assert status in {b"404", b"422"}, path
    assert not vendor.came


async def test_a_path_goes_on_as_it_came(box: Box, link: Link, vendor: Vendor) -> None:
    path = "v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse&q=a%20b"
    await box.ask("GET", f"/v1/llm/google/{path}")
    await box.ask("GET", "/v1/llm/google/v1/a%2Fb/%C3%A9")
    first, second = vendor.came
    assert (first.path, first.query) == (
        "/google/v1beta/models/gemini-2.5-pro:streamGenerateContent",
        "alt=sse&q=a+b",
    )
    assert second.path == "/google/v1/a%2Fb/%C3%A9"


async def test_a_websocket_is_told_to_come_by_http(link: Link, vendor: Vendor, run: tuple[RunId, str]) -> None:
    headers = {"authorization": f"Bearer {run[1]}", "connection": "upgrade", "upgrade": "websocket"}
    async with at_port(link) as client:
        answer = await client.get("/v1/llm/openai/v1/responses", headers=headers)
    assert answer.status_code == 426
    assert not vendor.came


async def test_an_answer_that_breaks_off_breaks_off(link: Link, vendor: Vendor, run: tuple[RunId, str]) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"
        raise ConnectionError("cut")

    pieces: Any = broken
    vendor._pieces = pieces  # type: ignore[method-assign]
    async with at_port(link) as client:
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.post("/v1/llm/openai/v1/responses", headers={"x-api-key": run[1]}, json={})
        vendor._pieces = Vendor()._pieces  # type: ignore[method-assign]
        again = await client.post("/v1/llm/openai/v1/responses", headers={"x-api-key": run[1]}, json={})
    assert again.status_code == 200


async def test_a_brokered_key_is_nowhere_in_the_machine_or_in_a_log(
    box: Box, link: Link, vendor: Vendor, run: tuple[RunId, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    vendor.says(401, b"{}")
    begin = f"curl -sS -H 'x-api-key: {run[1]}' -d '{{}}'"
    await in_machine(link, f"{begin} {link.broker}/v1/llm/anthropic/v1/messages; . {box.place}/env; env >~/env")
    assert vendor.came[0].headers["x-api-key"] == CANARY
    seen = await in_machine(link, "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null || true")
    assert CANARY not in seen.stdout
    for folder in (box.machine.folder, box.place, box.socket.parent):
        for file in folder.rglob("*"):
            if file.is_file():
                assert CANARY.encode() not in file.read_bytes(), file
    assert CANARY not in caplog.text
    assert Path(box.place, "env").exists()
