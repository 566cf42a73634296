"""What a person does in the web app, by the names that a person sees there."""

import re

from playwright.async_api import Page, expect

from aether.testkit.eventually import eventually

PASSWORD = "correct horse battery"  # noqa: S105 - of people who exist for one test


async def sign_up(page: Page, email: str) -> None:
    await page.goto("/signup")
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign up").click()
    await page.wait_for_url("**/projects")


async def create_project(page: Page, name: str, url: str = "") -> str:
    """Through the dialog; the page that opens is the project's. Answers its id."""
    await page.get_by_role("button", name="Create project").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill(name)
    if url:
        await dialog.get_by_label("Git URL").fill(url)
    await dialog.get_by_role("button", name="Create project").click()
    await page.wait_for_url(re.compile(r"/projects/[0-9a-f-]{36}"))
    return page.url.rsplit("/projects/", 1)[1].split("?")[0].split("/")[0]


async def start(page: Page, name: str) -> None:
    """Press Start, and wait for a new terminal with a prompt."""
    before = page.url
    await page.get_by_role("button", name=f"Start {name}").first.click()
    await page.wait_for_url(lambda url: "terminal=" in url and url != before, timeout=30_000)
    await until_text(page, "$", within=30)


async def stop(page: Page, name: str) -> None:
    await page.get_by_role("button", name=f"Stop {name}").first.click()
    await expect(page.get_by_role("button", name=f"Start {name}").first).to_be_enabled(timeout=20_000)


async def start_agent(page: Page, command: str, *, project: str = "", name: str = "") -> None:
    """Any command as an agent, by the dialog of the page that is shown; from the board, in `project`."""
    await page.get_by_role("button", name="Start agent").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("radio", name="Any command").check()
    if project:
        await dialog.get_by_label("Project", exact=True).select_option(label=project)
    await dialog.get_by_label("Command", exact=True).fill(command)
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_role("button", name="Start", exact=True).click()
    await dialog.wait_for(state="detached")


async def terminal_text(page: Page) -> str:
    """Screen and scrollback of the terminal that is shown."""
    return str(await page.evaluate("() => window.__aether?.terminalText() ?? ''"))


async def until_text(page: Page, text: str, within: float = 20) -> None:
    """Wait until the shown terminal holds `text`; a failure shows what it holds instead."""

    async def is_there() -> bool:
        return text in await terminal_text(page)

    try:
        await eventually(is_there, within=within, every=0.1)
    except AssertionError:
        raise AssertionError(f"{text!r} did not appear in:\n{(await terminal_text(page))[-2000:]}") from None


async def type_line(page: Page, line: str) -> None:
    """Type into the terminal as a person does, and press Enter."""
    await page.get_by_test_id("terminal-screen").first.click()
    await page.keyboard.type(line)
    await page.keyboard.press("Enter")
