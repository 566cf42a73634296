"""On a phone: the keys its keyboard lacks reach the shell, and typing without a connection is not lost."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from aether.testkit.page import create_project, sign_up, start, type_line, until_text
from aether.testkit.stack import Stack


@pytest_asyncio.fixture
async def phone(browser: Browser, stack: Stack) -> AsyncIterator[Page]:
    """A page as a phone shows it: narrow, and touched."""
    size = {"width": 390, "height": 844}
    context = await browser.new_context(
        base_url=stack.url,
        viewport=size,  # type: ignore[arg-type] # a dict of the right shape
        has_touch=True,
        is_mobile=True,
    )
    yield await context.new_page()
    await context.close()


async def tap(page: Page, key: str) -> None:
    await page.get_by_role("toolbar", name="Terminal keys").get_by_role("button", name=key, exact=True).tap()


@pytest.mark.timeout(180)
async def test_the_key_bar_sends_what_a_phone_keyboard_cannot(phone: Page, email: str) -> None:
    await sign_up(phone, email)
    await create_project(phone, "pocket")
    await start(phone, "pocket")
    await phone.get_by_test_id("terminal-screen").tap()
    await type_line(phone, "cat -vT")
    for key, seen in (("Esc", "^["), ("Up", "^[^[[A"), ("Left", "^[^[[A^[[D")):
        await tap(phone, key)
        await until_text(phone, seen)
    await tap(phone, "Tab")
    await tap(phone, "|")
    await phone.keyboard.press("Enter")
    await until_text(phone, "^[^[[A^[[D^I|")
    await tap(phone, "Ctrl")
    await expect(phone.get_by_role("button", name="Ctrl", exact=True)).to_have_attribute("aria-pressed", "true")
    await phone.keyboard.type("c")
    await expect(phone.get_by_role("button", name="Ctrl", exact=True)).to_have_attribute("aria-pressed", "false")
    await type_line(phone, "echo ended-with-$?")
    await until_text(phone, "ended-with-130")
    await tap(phone, "Up")
    await phone.keyboard.press("Enter")
    await until_text(phone, "ended-with-0")


@pytest.mark.timeout(180)
async def test_what_is_typed_while_the_gateway_is_away_arrives_once_it_is_back(
    phone: Page, stack: Stack, email: str
) -> None:
    await sign_up(phone, email)
    await create_project(phone, "tunnel")
    await start(phone, "tunnel")
    await phone.get_by_test_id("terminal-screen").tap()
    stack.kill("gateway")
    line = phone.get_by_role("tabpanel").get_by_role("status")
    await expect(line).to_contain_text(re.compile("Connection lost|Reconnecting"), timeout=15_000)
    await phone.keyboard.type("echo once >> typed.txt")
    await phone.keyboard.press("Enter")
    await expect(line).to_contain_text("23 bytes typed, to be sent", timeout=2_000)
    await expect(line).to_have_count(0, timeout=30_000)
    await type_line(phone, "echo lines: $(wc -l < typed.txt)")
    await until_text(phone, "lines: 1")
