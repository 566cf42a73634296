"""A credential that is revoked is cut off wherever it was used, within five seconds; what ran goes on."""

import time

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
