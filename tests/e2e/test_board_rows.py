"""The rows of the board while runs change under a person's hands; what is heard of them comes from the test."""

import json
import re
from typing import Any

import pytest_asyncio
from playwright.async_api import BrowserContext, Locator, Page, Route, expect

from aether.testkit.eventually import eventually
from aether.testkit.page import create_project, sign_up

NO_QUESTION: dict[str, Any] = {"state": "working", "question": None}


def permission(key: str) -> dict[str, Any]:
    labels = ("Yes", "No")
    options = [{"id": str(at), "label": label} for at, label in enumerate(labels)]
    asked = {"id": f"{key}-asks", "kind": "permission", "text": f"May {key}?", "options": options}
    return {"state": "waiting", "question": {**asked, "asked_at": "2026-11-22T10:00:00Z"}}


class Told:
    """Answers for runs in place of the server, and tells the page what becomes of them."""

    def __init__(self, page: Page, project: str) -> None:
        self.page = page
        self.project = project
        self.runs: dict[str, dict[str, Any]] = {}
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.dismissed: list[str] = []
        self.refusal: dict[str, Any] | None = None
        self._events = ""

    async def begin(self) -> None:
        await self.page.route(re.compile(r"/api/runs\?"), self._list)
        await self.page.route(re.compile(r"/api/runs/[^/]+/message$"), self._message)
        await self.page.route(re.compile(r"/api/runs/[^/]+$"), self._dismiss)
        await self.page.route("**/api/events", self._stream)

    def run(self, key: str, **changes: Any) -> None:
        """A run, or what it is from now on."""
        known = self.runs.get(key) or {
            **dict.fromkeys(("prompt", "command", "detail", "reason", "doing", "last_message"), ""),
            **dict.fromkeys(("restarts", "working_seconds", "cost_cents", "input_tokens", "output_tokens"), 0),
            **dict.fromkeys(("limited_until", "question", "ended_at")),
            **dict.fromkeys(("since", "created_at"), "2026-11-22T10:00:00Z"),
            **dict.fromkeys(("id", "name", "person_id", "terminal_id"), key),
            "project_id": self.project,
            "agent": "claude-code",
            "agent_title": "Claude Code",
            "state": "working",
            "dismissed": False,
            "version": 0,
        }
        self.runs[key] = {**known, **changes, "version": known["version"] + 1}
        self._events += f"event: run.changed\ndata: {json.dumps(self.runs[key])}\n\n"

    async def _stream(self, route: Route) -> None:
        """What has happened; the browser comes again for more."""
        said, self._events = self._events, ""
        await route.fulfill(content_type="text/event-stream", body=f"retry: 50\n\n{said}")

    async def _list(self, route: Route) -> None:
        await route.fulfill(json={"items": list(self.runs.values()), "next_cursor": None})

    async def _message(self, route: Route) -> None:
        key = route.request.url.split("/")[-2]
        self.messages.append((key, route.request.post_data_json or {}))
        if self.refusal is not None:
            return await route.fulfill(status=409, json=self.refusal)
        self.run(key, **NO_QUESTION, ended_at=None)
        return await route.fulfill(json=self.runs[key])

    async def _dismiss(self, route: Route) -> None:
        key = route.request.url.split("/")[-1]
        if self.refusal is not None:
            return await route.fulfill(status=409, json=self.refusal)
        self.dismissed.append(key)
        self.runs.pop(key)
        return await route.fulfill(json={})

    def row(self, key: str) -> Locator:
        return self.page.locator(f'[data-run="{key}"]')

    def link(self, key: str) -> Locator:
        return self.row(key).locator("[data-open]")


@pytest_asyncio.fixture
async def told(context: BrowserContext, email: str) -> Told:
    page = await context.new_page()
    await sign_up(page, email)
    told = Told(page, await create_project(page, "harbour"))
    await told.begin()
    return told


def part(page: Page, name: str) -> Locator:
    """Also while a dialog stands over it."""
    return page.get_by_role("region", name=name, exact=True, include_hidden=True)


async def settled(page: Page) -> None:
    """The questions have been there for long enough to be meant by a key."""
    came = "Math.max(...[...document.querySelectorAll('[data-came]')].map((box) => Number(box.dataset.came)))"

    async def is_so() -> bool:
        return bool(await page.evaluate(f"performance.now() - {came} > 500"))

    await eventually(is_so, within=10, every=0.1)


async def test_a_key_that_is_held_answers_the_run_in_focus_and_not_the_next(told: Told) -> None:
    page = told.page
    told.run("first", **permission("first"))
    told.run("second", **permission("second"))
    await page.goto("/projects")
    await told.link("first").focus()
    await settled(page)
    await page.keyboard.down("y")
    await expect(told.link("second")).to_be_focused()
    for _ in range(5):
        await page.keyboard.down("y")
    await page.keyboard.up("y")
    await page.evaluate("fetch('/api/me')")
    assert [key for key, _ in told.messages] == ["first"]

    async def second() -> bool:
        await page.keyboard.press("n")
        return len(told.messages) == 2

    await eventually(second, within=10, every=0.1)
    assert [(key, body["option"]) for key, body in told.messages] == [("first", "0"), ("second", "1")]
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_what_is_asked_about_a_run_stays_when_the_run_changes(told: Told) -> None:
    page = told.page
    told.run("works")
    await page.goto("/projects")
    await told.row("works").get_by_role("button", name="Menu of Claude Code").click()
    await page.get_by_role("menuitem", name="Stop").click()
    await expect(page.get_by_role("alertdialog")).to_be_visible()
    told.run("works", state="stuck", detail="It repeats itself.")
    await expect(part(page, "Failed and stuck")).to_contain_text("It repeats itself.")
    await page.get_by_role("alertdialog").get_by_role("button", name="Cancel").click()
    await expect(told.link("works")).to_be_focused()


async def test_a_message_goes_with_its_run_and_a_question_that_changes_keeps_the_focus(told: Told) -> None:
    page = told.page
    told.run("works")
    await page.goto("/projects")
    await told.link("works").focus()
    await page.keyboard.press("r")
    await page.keyboard.type("also the")
    told.run("works", state="stuck")
    box = part(page, "Failed and stuck").get_by_role("textbox")
    await expect(box).to_be_focused()
    await page.keyboard.type(" tests")
    told.run("works", **permission("this"))
    await expect(told.row("works")).to_contain_text("May this?")
    told.run("works", **permission("that"))
    await expect(told.row("works")).to_contain_text("May that?")
    await expect(told.row("works").get_by_role("textbox")).to_be_focused()
    await expect(told.row("works").get_by_role("textbox")).to_have_value("also the tests")


async def test_the_menu_leads_into_the_box_for_a_message(told: Told) -> None:
    page = told.page
    told.run("works")
    await page.goto("/projects")
    await told.row("works").get_by_role("button", name="Menu of Claude Code").click()
    await page.get_by_role("menuitem", name="Message").click()
    await expect(told.row("works").get_by_role("textbox")).to_be_focused()


async def test_a_refused_answer_is_given_back_and_says_why(told: Told) -> None:
    page = told.page
    told.run("asks", **permission("it"))
    told.refusal = {"type": "not-typed", "title": "That could not be typed", "status": 409, "detail": "Full."}
    await page.goto("/projects")
    box = told.row("asks").get_by_role("textbox")
    await box.fill("only in tests")
    await box.press("Enter")
    await expect(told.row("asks").get_by_role("alert")).to_contain_text("Full.")
    await expect(box).to_have_value("only in tests")
    told.run("asks", detail="Your answer was not typed. Full.")
    await expect(told.row("asks").get_by_text("Your answer was not typed. Full.")).to_be_visible()


async def test_rows_are_dismissed_one_after_the_other_by_keyboard(told: Told) -> None:
    page = told.page
    for key in ("first", "second", "third"):
        told.run(key, state="done", reason="stopped", ended_at="2026-11-22T11:00:00Z")
    await page.goto("/projects")
    await expect(page.locator("[data-run]")).to_have_count(3)
    keys = [await row.get_attribute("data-run") or "" for row in await page.locator("[data-run]").all()]
    await told.link(keys[0]).focus()
    await page.keyboard.press("x")
    await expect(told.link(keys[1])).to_be_focused()
    await page.keyboard.press("x")
    await expect(told.link(keys[2])).to_be_focused()
    await expect(page.locator("[data-run]")).to_have_count(1)
    told.refusal = {"type": "run-goes-on", "title": "This run has not ended", "status": 409}
    await page.keyboard.press("x")
    await expect(told.row(keys[2]).get_by_role("alert")).to_contain_text("This run has not ended")
    assert told.dismissed == keys[:2]


async def test_the_arrows_go_through_the_agents_without_leaving_them(told: Told) -> None:
    page = told.page
    await page.goto("/projects")
    await page.get_by_role("button", name="Start an agent").click()
    dialog = page.get_by_role("dialog")
    agents = dialog.get_by_role("radio")
    await agents.first.focus()
    for _ in range(await agents.count()):
        await page.keyboard.press("ArrowRight")
        await expect(dialog.locator("input[type=radio]:checked")).to_be_focused()


async def say_running(told: Told) -> None:
    """The page takes the project's machine to run."""

    async def patched(route: Route) -> None:
        answer = await route.fetch()
        known = await answer.json()
        for project in known.get("items", [known]):
            project["status"] = "running"
        await route.fulfill(response=answer, json=known)

    await told.page.route(re.compile(rf"/api/projects(/{told.project})?$"), patched)


async def test_a_message_starts_a_run_that_has_ended(told: Told) -> None:
    page = told.page
    ended = {"ended_at": "2026-11-22T11:00:00Z"}
    told.run("done", state="done", last_message="All green.", **ended)
    told.run("other", state="done", last_message="All done.", agent="command", **ended)
    await say_running(told)
    await page.goto("/projects")
    box = told.row("done").get_by_role("textbox")
    await expect(box).to_have_attribute("placeholder", "Start it again with a message")
    await box.fill("and push it")
    await box.press("Enter")
    await expect(part(page, "Done")).not_to_contain_text("All green.")
    assert [(key, body["text"]) for key, body in told.messages] == [("done", "and push it")]
    await expect(told.row("other").get_by_role("textbox")).to_have_count(0)


async def test_a_question_in_the_panel_leaves_the_focus_where_it_is(told: Told) -> None:
    page = told.page
    told.run("asks", **permission("this"))
    await say_running(told)
    await page.goto(f"/projects/{told.project}?run=asks")
    panel = page.get_by_role("region", name="Agents panel")
    await panel.get_by_role("button", name="Menu of Claude Code").click()
    await page.get_by_role("menuitem", name="Message").click()
    await expect(panel.get_by_role("textbox")).to_be_focused()
    elsewhere = panel.get_by_role("button", name="Start agent")
    await elsewhere.focus()
    told.run("asks", **permission("that"))
    await expect(panel).to_contain_text("May that?")
    await expect(elsewhere).to_be_focused()
    # No keys of the board are there, so none are shown.
    await expect(panel.get_by_role("button", name="Yes", exact=True)).to_be_visible()
