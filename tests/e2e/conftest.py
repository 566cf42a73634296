"""A whole aether, people in it, and a browser; one of each for all tests of this folder."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright

from aether.testkit.git import GitServer, serving
from aether.testkit.host import find_program, require_host
from aether.testkit.person import Person
from aether.testkit.stack import Stack

# Chromium looks for updates and for Google at every start unless it is told not to.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest_asyncio.fixture
async def sign_up(stack: Stack) -> AsyncIterator[Callable[[], "Person"]]:
    """Makes new people, and lets their clients go at the end."""
    people: list[Person] = []

    def make() -> Person:
        people.append(Person.sign_up(stack.url))
        return people[-1]

    yield make
    for person in people:
        await person.leave()


@pytest_asyncio.fixture
async def person(sign_up: Callable[[], Person]) -> Person:
    return sign_up()


@pytest.fixture(scope="session")
def repositories(server_folder: Path) -> Iterator[GitServer]:
    """A git server on loopback."""
    require_host("git")
    folder = server_folder / "served-repositories"
    folder.mkdir()
    with serving(folder) as server:
        yield server


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    require_host("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_program("chromium"), args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def context(browser: Browser, stack: Stack) -> AsyncIterator[BrowserContext]:
    """A person's own browser window: its cookies are nobody else's."""
    context = await browser.new_context(base_url=stack.url, viewport={"width": 1280, "height": 800})
    yield context
    await context.close()


@pytest.fixture
def email() -> str:
    return f"{uuid4().hex[:10]}@example.com"
