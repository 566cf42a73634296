"""Mission control with an agent at work in a real machine: it asks, a person answers on the board, it goes on."""

import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from aether.testkit.page import create_project, sign_up, start_agent, terminal_text, until_text
from aether.testkit.stack import Stack

# Asks, writes down what it is told, and says so; then it stays for more.
PAINTER = (
    "aether=~/.aether/bin/aether; $aether event working 'mixing colours'; echo mixing-blue;"
    " $aether event waiting 'Which colour do you want?'; read -r colour; echo $colour >> painted.txt;"
    ' $aether event done "It is $colour now."; read -r more; echo told-$more; sleep 600'
)


def part(page: Page, name: str) -> Locator:
    """A part of the board by its heading."""
    return page.get_by_role("region", name=name, exact=True)


async def accessible(page: Page) -> None:
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.timeout(180)
async def test_a_question_is_answered_from_the_board_by_keyboard(context: BrowserContext, email: str) -> None:
    page = await context.new_page()
    await sign_up(page, email)
    await create_project(page, "harbour")
    await page.goto("/projects")
    await expect(page.get_by_role("heading", name="No agent is at work")).to_be_visible()
    await start_agent(page, PAINTER)
    waiting = part(page, "Waiting for you")
    await expect(waiting).to_contain_text("Which colour do you want?", timeout=60_000)
    await expect(page).to_have_title(re.compile(r"^\(1\) "))
    await expect(waiting.get_by_test_id("screen-preview")).to_contain_text("mixing-blue", timeout=15_000)
    await accessible(page)
    await page.keyboard.press("/")
    await page.keyboard.type("other words")
    await expect(page.get_by_text("Nothing matches “other words”.")).to_be_visible()
    await page.get_by_label("Filter the board").fill("harbour colour")
    await expect(waiting).to_contain_text("Which colour do you want?")
    await page.keyboard.press("Escape")
    await page.keyboard.press("w")
    await expect(waiting.get_by_role("link", name="harbour")).to_be_focused()
    await page.keyboard.press("r")
    await page.keyboard.type("teal")
    await page.keyboard.press("Enter")
    done = part(page, "Done")
    await expect(done).to_contain_text("It is teal now.", timeout=20_000)
    await expect(page).to_have_title(re.compile(r"^Projects"))
    await expect(done.get_by_role("link", name="harbour")).to_be_focused()
    await page.keyboard.press("Enter")
    panel = page.get_by_role("region", name="Agents panel")
    await expect(panel).to_contain_text("It is teal now.")
    await until_text(page, "mixing-blue")
    await panel.get_by_role("textbox").fill("thanks")
    await panel.get_by_role("button", name="Send").click()
    await until_text(page, "told-thanks")
    assert (await terminal_text(page)).count("told-thanks") == 1
    await expect(page.get_by_text(re.compile(r"awake: (typing|output)"))).to_be_visible()
    await accessible(page)
    await panel.get_by_role("button", name="Menu of Any command in harbour").click()
    await page.get_by_role("menuitem", name="Message").click()
    await expect(panel.get_by_role("textbox")).to_be_focused()
    await panel.get_by_role("button", name="Menu of Any command in harbour").click()
    await page.get_by_role("menuitem", name="Show changes").click()
    await expect(page.get_by_role("region", name="Changes panel")).to_be_visible()


@pytest.mark.timeout(180)
async def test_a_phone_answers_with_a_thumb_and_stops_the_agent(
    browser: Browser, stack: Stack, email: str
) -> None:
    size = {"width": 390, "height": 844}
    context = await browser.new_context(
        base_url=stack.url,
        viewport=size,  # type: ignore[arg-type] # a dict of the right shape
        has_touch=True,
        is_mobile=True,
    )
    try:
        page = await context.new_page()
        await sign_up(page, email)
        await create_project(page, "pier")
        await page.goto("/projects")
        await start_agent(page, PAINTER)
        waiting = part(page, "Waiting for you")
        await expect(waiting).to_contain_text("Which colour do you want?", timeout=60_000)
        assert await page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        await page.get_by_label("Filter the board").fill("other words")
        await expect(page.get_by_text("Nothing matches “other words”.")).to_be_visible()
        await page.get_by_role("button", name="Show everything").tap()
        await waiting.get_by_role("textbox").fill("teal")
        await waiting.get_by_role("button", name="Send").tap()
        done = part(page, "Done")
        await expect(done).to_contain_text("It is teal now.", timeout=20_000)
        await done.get_by_role("button", name="Menu of Any command in pier").tap()
        await page.get_by_role("menuitem", name="Stop").tap()
        await page.get_by_role("alertdialog").get_by_role("button", name="Stop").tap()
        await expect(done).to_contain_text("stopped", timeout=20_000)
        await accessible(page)
    finally:
        await context.close()
