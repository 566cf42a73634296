"""From GitHub to a machine: sign in with it, choose a private repository, work on it, push; and let go again."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from aether.testkit.github import FakeGitHub
from aether.testkit.host import require_host
from aether.testkit.page import start, type_line, until_text
from aether.testkit.stack import Stack, standing

from .search import files_holding


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hub(server_folder: Path) -> AsyncIterator[FakeGitHub]:
    require_host("git")
    folder = server_folder / "at-github"
    folder.mkdir()
    async with FakeGitHub(folder).running() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def linked(server_folder: Path, hub: FakeGitHub) -> AsyncIterator[Stack]:
    """An aether that knows this GitHub."""
    async with standing(server_folder / "linked", hub.environment) as running:
        yield running


@pytest_asyncio.fixture
async def page(browser: Browser, linked: Stack) -> AsyncIterator[Page]:
    context = await browser.new_context(base_url=linked.url, viewport={"width": 1280, "height": 800})
    yield await context.new_page()
    await context.close()


async def choose(page: Page, repository: str) -> None:
    """In the dialog of a new project: a private repository, which GitHub is asked for first."""
    await page.get_by_role("button", name="Create project").first.click()
    await page.get_by_role("button", name="Choose from GitHub").click()
    await page.get_by_role("link", name="Allow them at GitHub").click()
    await page.wait_for_url("**/projects?new=true")
    await page.get_by_role("button", name="Choose from GitHub").click()
    await page.get_by_role("combobox", name="Repository").fill(repository.partition("/")[2])
    option = page.get_by_role("option", name=repository)
    await expect(option).to_contain_text("private")
    await option.click()
    await page.get_by_role("dialog").get_by_role("button", name="Create project").click()
    await page.wait_for_url(re.compile(r"/projects/[0-9a-f-]{36}"))


@pytest.mark.timeout(240)
async def test_a_private_repository_is_chosen_cloned_worked_on_and_pushed_and_its_token_is_nowhere(
    page: Page, hub: FakeGitHub, linked: Stack
) -> None:
    require_host("tmux")
    hub.user("ada")
    hub.repository("ada/boats", private=True, files={"boat.txt": "blue\n"})
    await page.goto("/signup")
    await page.get_by_role("link", name="Sign up with GitHub").click()
    await page.wait_for_url("**/projects")
    await choose(page, "ada/boats")
    await start(page, "boats")
    await until_cloned(page)
    await type_line(page, "git config user.email ada@example.com; git config user.name Ada; cat boat.txt")
    await until_text(page, "blue")
    await type_line(page, "echo red > boat.txt; git commit -qam Repaint && git push -q && echo pushed-$((40+2))")
    await until_text(page, "pushed-42", within=30)
    tokens = [grant.access for grant in hub.grants.values()]
    assert tokens
    await type_line(page, "cat ~/.git-credentials ~/.gitconfig .git/config; env; echo looked-$((40+2))")
    await until_text(page, "looked-42")
    shown = await page.evaluate("() => window.__aether?.terminalText() ?? ''")
    for token in tokens:
        assert token not in shown + linked.output()
        assert files_holding(linked, token) == []
    # The clone's own files are among those that were looked at.
    assert {"COMMIT_EDITMSG", "HEAD"} <= {path.name for path in files_holding(linked, "Repaint")}
    assert hub.last_commit("ada/boats") == "Repaint"


async def until_cloned(page: Page) -> None:
    await type_line(page, "until [ -e .git ]; do sleep 0.2; done; echo cloned-$((40+2))")
    await until_text(page, "cloned-42", within=60)


async def test_who_takes_the_grant_back_at_github_is_told_and_links_again(page: Page, hub: FakeGitHub) -> None:
    hub.user("grace")
    await page.goto("/signup")
    await page.get_by_role("link", name="Sign up with GitHub").click()
    await page.wait_for_url("**/projects")
    hub.forget("grace")
    await page.get_by_role("button", name="Create project").first.click()
    await page.get_by_role("button", name="Choose from GitHub").click()
    await page.get_by_role("link", name=re.compile("Link GitHub")).click()
    await page.wait_for_url("**/projects?new=true")
    await page.get_by_role("button", name="Choose from GitHub").click()
    await expect(page.get_by_role("combobox", name="Repository")).to_be_visible()
    assert any(grant.user.login == "grace" for grant in hub.grants.values())


async def test_enter_takes_what_was_found_for_the_words_that_are_typed(page: Page, hub: FakeGitHub) -> None:
    hub.user("edsger")
    hub.repository("edsger/docs")
    hub.repository("edsger/newest")
    await page.goto("/signup")
    await page.get_by_role("link", name="Sign up with GitHub").click()
    await page.wait_for_url("**/projects")
    await page.get_by_role("button", name="Create project").first.click()
    await page.get_by_role("button", name="Choose from GitHub").click()
    await expect(page.get_by_role("option", name="edsger/newest")).to_be_visible()
    found = asyncio.Event()

    async def wait(route: Route) -> None:
        await found.wait()
        await route.continue_()

    await page.route("**/api/github/repos?*q=docs*", wait)
    box = page.get_by_role("combobox", name="Repository")
    await box.fill("docs")
    await box.press("Enter")
    found.set()
    await expect(page.get_by_role("option")).to_have_count(1)
    await box.press("Enter")
    await expect(page.get_by_role("dialog").get_by_text("edsger/docs")).to_be_visible()
