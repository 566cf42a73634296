"""One trace runs from the click on Start through NATS to the prompt of the machine."""

import json
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Request

from aether.testkit.eventually import eventually
from aether.testkit.page import create_project, sign_up, start
from aether.testkit.stack import Stack

Span = dict[str, Any]


@pytest.mark.timeout(120)
async def test_a_start_click_and_the_ssh_prompt_are_one_trace(
    context: BrowserContext, stack: Stack, email: str
) -> None:
    page = await context.new_page()
    started: list[str] = []
    page.on("request", lambda request: started.extend(traceparent_of_start(request)))
    await sign_up(page, email)
    await create_project(page, "traced")
    await start(page, "traced")
    assert len(started) == 1
    _, trace_id, click, _ = started[0].split("-")

    await eventually(lambda: any("ssh prompt" in s["name"] for s in spans(stack, trace_id)), within=15, every=0.2)
    await eventually(lambda: not orphans(spans(stack, trace_id), click), within=15, every=0.2)
    found = spans(stack, trace_id)
    path = way_up(found, next(s for s in found if "ssh prompt" in s["name"]))
    services = [span["resource"]["attributes"]["service.name"] for span in path]
    assert services[0] == "aether-machines"
    assert services[-1] == "aether-gateway", "the outermost span is the gateway's request"
    assert path[-1]["parent_id"] == f"0x{click}", "whose parent is the click in the browser"
    assert any(span["name"] == "answer StartMachine" for span in path), "and NATS lies between"


def traceparent_of_start(request: Request) -> list[str]:
    if request.method == "POST" and request.url.endswith("/start"):
        return [request.headers["traceparent"]]
    return []


def spans(stack: Stack, trace_id: str) -> list[Span]:
    """Every exported span of one trace, from all services' files."""
    lines = [line for file in (stack.home / "traces").glob("*.jsonl") for line in file.read_text().splitlines()]
    parsed = [json.loads(line) for line in lines]
    return [span for span in parsed if span["context"]["trace_id"] == f"0x{trace_id}"]


def orphans(found: list[Span], click: str) -> list[Span]:
    """Spans whose parent is neither exported nor the browser's click."""
    known = {span["context"]["span_id"] for span in found} | {f"0x{click}"}
    return [
        s for s in found if s["parent_id"] not in known and s["name"].startswith(("ssh", "answer StartMachine"))
    ]


def way_up(found: list[Span], span: Span) -> list[Span]:
    """From a span through its parents to the outermost that was exported."""
    by_id = {s["context"]["span_id"]: s for s in found}
    path = [span]
    while path[-1]["parent_id"] in by_id:
        path.append(by_id[path[-1]["parent_id"]])
    return path
