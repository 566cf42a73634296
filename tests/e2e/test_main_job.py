"""The main job, in a real Chromium: from signing up to a shell that loses nothing."""

import re

import pytest
from playwright.async_api import BrowserContext, Page

from aether.testkit.git import GitServer
from aether.testkit.page import create_project, sign_up, start, stop, terminal_text, type_line, until_text
from aether.testkit.stack import Stack


@pytest.mark.timeout(240)
async def test_sign_up_clone_work_leave_return_stop_and_start_again(
    context: BrowserContext, repositories: GitServer, email: str
) -> None:
    url = repositories.create("harbour", {"README.md": "# Harbour\n", "src/pier.py": "BOATS = 3\n"})
    page = await context.new_page()
    await sign_up(page, email)
    errors = watched(page)
    await create_project(page, "harbour", url)
    await start(page, "harbour")
    await until_cloned(page)
    await type_line(page, "git log --oneline | cat; echo kept > mine.txt")
    await until_text(page, "Begin")
    await type_line(page, "for i in $(seq 1 400); do echo tide-$i; sleep 0.02; done; echo tide is o''ut")
    await until_text(page, "tide-30\n")
    address = page.url
    await page.close()
    page = await context.new_page()
    errors += watched(page)
    await page.goto(address)
    await until_text(page, "tide is out", within=40)
    text = await terminal_text(page)
    assert [int(n) for n in re.findall(r"^tide-(\d+)$", text, re.M)] == list(range(1, 401))
    await stop(page, "harbour")
    await start(page, "harbour")
    await type_line(page, "cat mine.txt; ls src")
    await until_text(page, "kept\npier.py")
    assert errors == []


@pytest.mark.timeout(180)
async def test_after_the_terminal_service_is_killed_screen_and_scrollback_hold_every_line_once(
    context: BrowserContext, stack: Stack, email: str
) -> None:
    page = await context.new_page()
    await sign_up(page, email)
    await create_project(page, "survivor")
    await start(page, "survivor")
    await type_line(page, "for i in $(seq 1 900); do echo stone-$i; sleep 0.01; done; echo all la''id")
    await until_text(page, "stone-100\n")
    stack.kill("terminal")
    await until_text(page, "all laid", within=40)
    text = await terminal_text(page)
    assert [int(n) for n in re.findall(r"^stone-(\d+)$", text, re.M)] == list(range(1, 901))
    await type_line(page, "echo alive-$((6 * 7))")
    await until_text(page, "alive-42")


async def until_cloned(page: Page) -> None:
    """`ls` until it shows the clone, as a person would who waits for it."""
    for _ in range(20):
        await type_line(page, "clear; ls")
        await page.wait_for_timeout(500)
        if "README.md" in await terminal_text(page):
            return
    raise AssertionError(f"the clone did not appear:\n{await terminal_text(page)}")


def watched(page: Page) -> list[str]:
    """What the page complains of in its console; nothing is expected."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors
