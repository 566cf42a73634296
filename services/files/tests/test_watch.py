"""A page follows what changes in the machine, soon and while it looks."""

import time
from typing import Any

from aether.contracts.ids import ProjectId, new_id
from aether.files.api import watch

from .conftest import Box

SOON = 1.0


async def test_changes_in_what_is_looked_at_come_within_a_second(box: Box) -> None:
    box.workspace.write("/src/a.ts", "one")
    box.workspace.write("/other/b.ts", "one")
    async with box.watching("/", "/src", files=("/src/a.ts",)) as page:
        assert page.told("looking")[0]["how"] in ("inotify", "polling")
        began = time.monotonic()
        box.workspace.write("/src/a.ts", "two")
        await page.until(lambda: "a.ts" in page.names("/src") and "/src/a.ts" in page.files())
        assert time.monotonic() - began < SOON
        box.workspace.write("/new.txt", "x")
        box.workspace.at("/src/a.ts").rename(box.workspace.at("/src/c.ts"))
        await page.until(lambda: "new.txt" in page.names("/") and "c.ts" in page.names("/src"))
        assert page.names("/other") == set()


async def test_what_is_looked_at_can_be_exchanged(box: Box) -> None:
    box.workspace.folder("/a")
    box.workspace.folder("/b")
    async with box.watching("/a") as page:
        await page.look("/b")
        box.workspace.write("/a/x")
        box.workspace.write("/b/y")
        await page.until(lambda: "y" in page.names("/b"))
        assert page.names("/a") == set()


async def test_two_pages_see_each_what_they_look_at(box: Box) -> None:
    box.workspace.folder("/a")
    box.workspace.folder("/b")
    async with box.watching("/a") as one, box.watching("/a", "/b") as two:
        box.workspace.write("/b/y")
        await two.until(lambda: "y" in two.names("/b"))
        box.workspace.write("/a/x")
        await one.until(lambda: "x" in one.names("/a"))
        await two.until(lambda: "x" in two.names("/a"))
        assert one.names("/b") == set()


async def test_a_write_through_the_api_is_seen_as_well(box: Box) -> None:
    async with box.watching("/") as page:
        await box.put("/a.txt", "x")
        await page.until(lambda: "a.txt" in page.names("/"))


async def test_a_ping_is_answered(box: Box) -> None:
    async with box.watching("/") as page:
        await page.tell({"type": "ping", "t": 7})
        await page.until(lambda: page.told("pong") == [{"type": "pong", "t": 7}])
        await page.tell({"type": "what is this"})
        await page.tell({"type": "ping", "t": 8})
        await page.until(lambda: len(page.told("pong")) == 2)
        assert page.closed_with is None


NOT_UNDERSTOOD: list[dict[str, Any] | str] = [
    "nonsense",
    "[]",
    '{"no": "type"}',
    {"type": "look", "folders": ["relative"]},
    {"type": "look", "folders": ["/../etc"]},
    {"type": "look", "folders": "/"},
    {"type": "look", "folders": [f"/{n}" for n in range(501)]},
]


async def test_what_is_not_understood_is_told_and_ends_the_socket(box: Box) -> None:
    for message in NOT_UNDERSTOOD:
        async with box.watching("/") as page:
            await page.tell(message)
            assert await page.ends() == 1013
            assert page.problem is not None
            assert page.problem["status"] == 422


async def test_a_machine_that_does_not_run_is_told_after_the_socket_is_open(box: Box) -> None:
    box.machine.running = False
    page = await box.connect()
    assert await page.ends() == 1013
    assert page.problem is not None
    assert page.problem["status"] == 503


async def test_a_connection_that_breaks_is_told(box: Box) -> None:
    async with box.watching("/") as page:
        box.machine.stop_sshd()
        assert await page.ends() == 1013
        assert page.problem is not None
    box.machine.start()
    async with box.watching("/") as page:
        box.workspace.write("/back")
        await page.until(lambda: "back" in page.names("/"))


async def test_a_page_that_does_not_read_is_told_to_fetch_everything(box: Box) -> None:
    watcher = watch.Watcher(None, box.files, box.given())  # type: ignore[arg-type] # it is never sent to
    for number in range(watch.MOST_WAITING):
        watcher._tell({"type": "pong", "t": number})
    watcher.lost()
    assert list(watcher._waiting) == [{"type": "lost"}]


async def test_pages_are_limited(box: Box) -> None:
    box.files.watchers._most = 1
    async with box.watching("/"):
        assert await box.refused(box.grant("read")) == 429
    async with box.watching("/"):
        pass


async def test_nobody_watches_without_a_good_grant_for_this(box: Box) -> None:
    assert await box.refused("") == 401
    assert await box.refused("not.a.token") == 401
    assert await box.refused(box.grant("connect")) == 403
    assert await box.refused(box.grant("read", project_id=ProjectId(new_id()))) == 404
    assert await box.refused(box.grant("read"), headers={"Origin": "https://evil.example"}) == 403
    used = box.grant("read")
    await (await box.connect(used)).close()
    assert await box.refused(used) == 401


async def test_a_browser_brings_its_grant_as_a_subprotocol_which_is_not_echoed(box: Box) -> None:
    offered = ["aether.v1", f"aether.grant.{box.grant('read')}"]
    page = await box.connect("", subprotocols=offered, origin="https://aether.example")
    assert page.socket.subprotocol == "aether.v1"
    await page.look("/")
    await page.close()
