"""Everything of the main job without a mouse, and back out of the terminal."""

import pytest
from playwright.async_api import BrowserContext, Page, expect

from aether.testkit.page import PASSWORD, create_project, sign_up, start, terminal_text, type_line, until_text

LEAVE = "Control+Shift+Period"
FAR = 25  # more presses of Tab than any of these pages has places to go to


@pytest.mark.timeout(180)
async def test_sign_up_create_start_work_and_leave_by_keyboard_alone(context: BrowserContext, email: str) -> None:
    page = await sign_up_by_keyboard(context, email)
    await expect(page.get_by_role("button", name="Create project")).to_be_visible()
    await page.keyboard.press("n")
    await expect(page.get_by_role("dialog").get_by_role("textbox", name="Name")).to_be_focused()
    await fill_in(page, "mouseless", "Enter")
    await tab_to(page, "Start mouseless")
    await page.keyboard.press("Enter")
    await until_text(page, "$", within=30)
    await expect(page.get_by_role("textbox", name="Terminal input")).to_be_focused()
    await fill_in(page, "echo by-ha''nd", "Enter")
    await until_text(page, "by-hand")
    await page.keyboard.press(LEAVE)
    await expect(page.get_by_role("tab", selected=True)).to_be_focused()
    await tab_to(page, "Terminal menu")
    await page.keyboard.press("g")
    await page.keyboard.press("p")
    await page.wait_for_url("**/projects")
    await expect(page.get_by_role("link", name="mouseless")).to_be_visible()
    await page.keyboard.press("j")
    await expect(page.get_by_role("link", name="mouseless")).to_be_focused()
    await page.keyboard.press("Enter")
    await until_text(page, "by-hand")
    assert (await terminal_text(page)).endswith("$"), "what was pressed outside of the terminal is not typed in it"


@pytest.mark.timeout(120)
async def test_the_terminal_is_searched_by_its_own_chord(context: BrowserContext, email: str) -> None:
    page = await context.new_page()
    await sign_up(page, email)
    await create_project(page, "haystack")
    await start(page, "haystack")
    await type_line(page, "echo need''le-here")
    await until_text(page, "needle-here")
    await page.keyboard.press("Control+Shift+F")
    find = page.get_by_role("textbox", name="Find in terminal")
    await expect(find).to_be_focused()
    await page.keyboard.type("no-such-thing")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("search").get_by_role("status")).to_have_text("not found")
    await find.fill("needle-here")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("search").get_by_role("status")).to_have_text("")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("textbox", name="Terminal input")).to_be_focused()


@pytest.mark.timeout(60)
async def test_a_dialog_and_a_menu_give_the_focus_back_where_it_was(context: BrowserContext, email: str) -> None:
    page = await sign_up_by_keyboard(context, email)
    create = page.get_by_role("button", name="Create project")
    await create.press("Enter")
    await page.get_by_role("dialog").wait_for()
    await page.keyboard.press("Escape")
    await expect(create).to_be_focused()
    await page.keyboard.press("Control+k")
    await page.get_by_role("listbox").wait_for()
    await page.keyboard.press("Escape")
    await expect(create).to_be_focused()
    account = page.get_by_role("button", name="Account")
    await account.press("Enter")
    await page.get_by_role("menu").wait_for()
    await page.keyboard.press("Escape")
    await expect(account).to_be_focused()


async def sign_up_by_keyboard(context: BrowserContext, email: str) -> Page:
    page = await context.new_page()
    await page.goto("/signup")
    await expect(page.get_by_label("Email")).to_be_focused()
    await fill_in(page, email, "Tab", PASSWORD, "Enter")
    await page.wait_for_url("**/projects")
    return page


async def fill_in(page: Page, *strokes: str) -> None:
    """Types words, and presses what is the name of a key."""
    for stroke in strokes:
        if stroke in ("Tab", "Enter"):
            await page.keyboard.press(stroke)
        else:
            await page.keyboard.type(stroke)


async def tab_to(page: Page, name: str) -> None:
    """Presses Tab until the button of this name has the focus."""
    target = page.get_by_role("button", name=name).first
    await target.wait_for()
    for _ in range(FAR):
        if await target.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{name!r} is not reached with Tab")
