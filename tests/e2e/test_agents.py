"""Real coding agents in real machines, started, answered and resumed on the page. Their model is scripted."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.models import Ask, Fail, Held, Models, Run, Say, Write
from aether.testkit.page import create_project, sign_up, start, stop, type_line
from aether.testkit.stack import Stack, standing

from .search import files_holding, processes_with

KEY = "sk-canary-4f1d7a9be2c84d0f9a6b"
GO_ON = "The machine was restarted. Go on where you left off."
CALM = 1000 * 60 * 2  # milliseconds; agents are brought from npm, and some take their time to begin


@dataclass(frozen=True)
class Kind:
    """A real agent, whose key it takes, and whether it asks by itself before it writes, and with choices."""

    title: str
    key: str
    asks_to_write: bool
    asks_with_choices: bool


KINDS = [
    Kind("Claude Code", "ANTHROPIC_API_KEY", asks_to_write=True, asks_with_choices=True),
    Kind("Codex", "OPENAI_API_KEY", asks_to_write=False, asks_with_choices=False),
    Kind("opencode", "ANTHROPIC_API_KEY", asks_to_write=True, asks_with_choices=True),
]


@pytest_asyncio.fixture(scope="module")
async def models() -> AsyncIterator[Models]:
    async with Models(KEY).serving() as serving:
        yield serving


@pytest_asyncio.fixture(scope="module")
async def brokered(server_folder: Path, models: Models) -> AsyncIterator[Stack]:
    """An aether whose vendors are the scripted model."""
    require_host("npm")
    async with standing(server_folder / "agents", {"AGENTS_VENDORS": json.dumps(models.bases())}) as running:
        yield running


@pytest_asyncio.fixture
async def window(browser: Browser, brokered: Stack) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(base_url=brokered.url, viewport={"width": 1280, "height": 800})
    yield context
    await context.close()


def part(page: Page, name: str) -> Locator:
    """A part of the board by its heading."""
    return page.get_by_role("region", name=name, exact=True)


async def keep_key(page: Page, stack: Stack, name: str) -> None:
    answer = await page.request.put(
        f"/api/keys/{name}", data={"value": KEY, "mode": "brokered"}, headers={"Origin": stack.url}
    )
    assert answer.ok, await answer.text()


async def start_agent(page: Page, title: str, prompt: str) -> None:
    await page.get_by_role("button", name="Start agent").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("radio", name=title).check()
    await dialog.get_by_label("What is it to do?").fill(prompt)
    await dialog.get_by_role("button", name=f"Start {title}").click()
    await dialog.wait_for(state="detached")


async def allow(page: Page, what: str) -> None:
    """Wait until it asks for this, and agree."""
    waiting = part(page, "Waiting for you")
    await expect(waiting).to_contain_text(what, timeout=CALM)
    await waiting.get_by_role("button", name=re.compile(r"\bYes$")).click()


async def reply(region: Locator, text: str) -> None:
    await region.get_by_role("textbox").fill(text)
    await region.get_by_role("button", name="Send").click()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
async def test_a_real_agent_asks_is_answered_and_goes_on_after_a_restart(
    window: BrowserContext, brokered: Stack, models: Models, email: str, kind: Kind
) -> None:
    never = asyncio.Event()
    models.script(
        "Make the boat", Write("boat.txt", "a boat\n"), Run("echo sail > sail.txt"), Say("It has a sail.")
    )
    models.script("Which colour", Ask("Which colour shall it be?", ("Red", "Blue")), Say("It is painted."))
    models.script("Take your time", Held(Say("Never told."), never))
    models.script(GO_ON, Say("I went on."))
    page = await window.new_page()
    await sign_up(page, email)
    await keep_key(page, brokered, kind.key)
    project = await create_project(page, "harbour")
    await start(page, "harbour")
    # opencode asks only where it is told to, as here in the project's own settings.
    await type_line(page, """echo '{"permission": {"edit": "ask", "bash": "ask"}}' > opencode.json""")
    await page.goto("/projects")
    workspace = brokered.home / "volumes" / project / "workspace"

    await start_agent(page, kind.title, "Make the boat.")
    if kind.asks_to_write:
        await allow(page, "boat.txt")
    await allow(page, "echo sail > sail.txt")
    done = part(page, "Done")
    await expect(done).to_contain_text("It has a sail.", timeout=CALM)
    assert (workspace / "boat.txt").read_text() == "a boat\n"
    assert (workspace / "sail.txt").read_text() == "sail\n"

    if kind.asks_with_choices:
        await reply(done, "Which colour do you want to know?")
        waiting = part(page, "Waiting for you")
        await expect(waiting).to_contain_text("Which colour shall it be?", timeout=CALM)
        await reply(waiting, "Green, please")
        await expect(done).to_contain_text("It is painted.", timeout=CALM)
        assert_heard(models, "Green, please")

    await reply(done, "Take your time.")
    await expect(part(page, "Working")).to_contain_text(kind.title, timeout=CALM)
    await eventually(lambda: "Take your time." in models.turns[-1].said, within=60)
    assert_no_key(brokered)
    await page.goto(f"/projects/{project}")
    await stop(page, "harbour")
    await start(page, "harbour")
    await page.goto("/projects")
    await expect(done).to_contain_text("I went on.", timeout=CALM)
    assert GO_ON in models.turns[-1].said
    assert "Make the boat." in models.turns[-1].said
    assert models.strangers == []
    assert_no_key(brokered)
    never.set()


@pytest.mark.timeout(400)
async def test_a_far_limit_and_a_refused_key_are_seen_where_the_agent_waits_in_silence(
    window: BrowserContext, brokered: Stack, models: Models, email: str
) -> None:
    models.refusing = Fail(429, "rate_limit_exceeded", headers={"retry-after": "10800"})
    page = await window.new_page()
    await sign_up(page, email)
    await keep_key(page, brokered, "OPENAI_API_KEY")
    await create_project(page, "limits")
    await start(page, "limits")
    await page.goto("/projects")
    await start_agent(page, "Codex", "Say good morning.")
    limited = page.get_by_text(re.compile(r"Limited until .*\d:\d\d"))
    await expect(limited.first).to_be_visible(timeout=CALM)
    models.refusing = None
    wrong = {"value": "sk-not-the-key", "mode": "brokered"}
    refused = await page.request.put("/api/keys/OPENAI_API_KEY", data=wrong, headers={"Origin": brokered.url})
    assert refused.ok
    await start_agent(page, "Codex", "Say hello.")
    await expect(part(page, "Failed and stuck")).to_contain_text("The key was refused", timeout=CALM)
    models.strangers.clear()


def assert_heard(models: Models, text: str) -> None:
    assert any(text in json.dumps(asked.body) for asked in models.turns), f"the model was never told {text!r}"


def assert_no_key(stack: Stack) -> None:
    """Not in the environment or the arguments of any process, not in any file of a machine, and in no log."""
    assert processes_with(KEY) == []
    assert files_holding(stack, KEY) == []
