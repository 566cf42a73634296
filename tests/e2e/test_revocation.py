"""A credential that is revoked is cut off wherever it was used, within five seconds; what ran goes on."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from aether.testkit.eventually import eventually
from aether.testkit.person import Person
from aether.testkit.stack import Stack
from aether.testkit.viewer import Viewer


async def test_a_revoked_token_loses_its_terminals_within_five_seconds_and_others_keep_theirs(
    stack: Stack, person: Person
) -> None:
    project = await person.create("revoked")
    await person.start(project)
    terminal = await person.terminal(project)
    token = (await person.session.get("/api/tokens")).json()["items"][0]["id"]
    cookie = {"Cookie": person.cookie, "Origin": stack.url}
    async with (
        Viewer(stack.url, terminal, person.credentials) as cut,
        Viewer(stack.url, terminal, cookie) as kept,
    ):
        await cut.until(b"$")
        await kept.until(b"$")
        began = time.monotonic()
        (await person.session.delete(f"/api/tokens/{token}")).raise_for_status()
        await eventually(lambda: cut.close_code == 4001, within=5)
        assert time.monotonic() - began <= 5
        await kept.type("echo still-$((6 * 7))\r")
        await kept.until(b"still-42")
        assert kept.connections == 1
    assert (await person.api.get("/api/projects")).status_code == 401


async def revoke(person: Person, what: str) -> None:
    """Take back what the person's terminals were opened with, at the page where a person does so."""
    page = person.session
    if what == "account":
        gone = await page.request("DELETE", "/api/me", json={"password": person.password})
    else:
        (newest, *_) = (await page.get(f"/api/{what}s")).raise_for_status().json()["items"]
        gone = await page.delete(f"/api/{what}s/{newest['id']}")
    gone.raise_for_status()


@pytest.mark.parametrize("what", ["token", "session", "account"])
async def test_twenty_live_terminals_are_cut_within_five_seconds(stack: Stack, person: Person, what: str) -> None:
    project = await person.create("twenty")
    await person.start(project)
    terminals = await asyncio.gather(*(person.terminal(project) for _ in range(20)))
    cookie = {"Cookie": person.cookie, "Origin": stack.url}
    ways = {"token": [person.credentials], "session": [cookie], "account": [person.credentials, cookie]}[what]
    async with AsyncExitStack() as opened:
        viewers = [
            await opened.enter_async_context(Viewer(stack.url, terminal, ways[number % len(ways)]))
            for number, terminal in enumerate(terminals)
        ]
        for viewer in viewers:
            await viewer.until(b"$")
        began = time.monotonic()
        await revoke(person, what)
        await eventually(lambda: all(viewer.close_code is not None for viewer in viewers), within=5)
        assert time.monotonic() - began <= 5
        assert {viewer.connections for viewer in viewers} == {1}
