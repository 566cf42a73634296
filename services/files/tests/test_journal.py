"""Who changed what: written as it happens, told to others now and then, and never a reason to fail."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aether.files.deps import journal as deps
from aether.files.deps.journal import person_change
from aether.files.store import journal as store
from aether.kit.postgres import Database, DatabaseAway
from aether.testkit.eventually import eventually

from .conftest import Box


def short(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(item["action"], item["path"]) for item in items]


async def test_every_change_through_the_api_is_written_down_with_its_person(box: Box) -> None:
    await box.put("/a.txt", "one")
    await box.put("/a.txt", "three")
    await box.ask("POST", "files/mkdir", json={"path": "/src"})
    await box.ask("POST", "files/mkdir", json={"path": "/src"})
    await box.ask("POST", "files/rename", json={"from": "/a.txt", "to": "/src/b.txt"})
    upload = await box.upload("/up.bin", 2)
    await box.send(upload, 0, b"xy")
    await box.ask("DELETE", "files", params={"path": "/src", "recursive": "1"})
    items = await box.journal()
    assert short(items) == [
        ("deleted", "/src"),
        ("created", "/up.bin"),
        ("moved", "/src/b.txt"),
        ("made_folder", "/src"),
        ("written", "/a.txt"),
        ("created", "/a.txt"),
    ]
    assert all(item["who"] == {"kind": "person", "name": "Ada", "person_id": str(box.person)} for item in items)
    assert (items[2]["from"], items[2]["size"]) == ("/a.txt", 5)
    assert items[4]["size"] == 5
    assert datetime.now(UTC) - datetime.fromisoformat(items[0]["at"]) < timedelta(minutes=1)


async def test_what_was_refused_is_not_written_down(box: Box) -> None:
    box.workspace.write("/a", "x")
    await box.put("/a", "y", {"If-None-Match": "*"})
    await box.ask("DELETE", "files", params={"path": "/none"})
    await box.ask("POST", "files/rename", json={"from": "/none", "to": "/b"})
    assert await box.journal() == []


async def test_the_journal_is_read_page_by_page_and_path_by_path(box: Box) -> None:
    for number in range(7):
        await box.put(f"/src/{number}", "x")
    await box.put("/srcs", "x")
    await box.ask("POST", "files/rename", json={"from": "/src/0", "to": "/else"})
    seen: list[tuple[str, str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await box.get("journal", limit="3", **cursor)).json()
        seen += short(page["items"])
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(seen) == len(set(seen)) == 9
    beneath = short(await box.journal(path="/src"))
    assert beneath[0] == ("moved", "/else")
    assert len(beneath) == 8
    assert short(await box.journal(path="/src/3")) == [("created", "/src/3")]
    for wrong in ({"cursor": "x"}, {"limit": "0"}, {"path": "src"}):
        assert (await box.get("journal", **wrong)).status_code == 422


async def test_others_are_told_once_in_thirty_seconds(box: Box) -> None:
    for number in range(3):
        await box.put(f"/{number}", "x")
    (told,) = await box.said()
    assert (told["project_id"], told["person_id"]) == (str(box.project), str(box.person))
    async with box.database.transaction() as db:
        await db.execute("UPDATE files.telling SET told_at = told_at - interval '31 seconds'")
    await box.put("/again", "x")
    assert len(await box.said()) == 2


async def test_the_word_to_others_goes_out_only_with_its_entry(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_db: Any, _changes: Any) -> None:
        raise RuntimeError("this is not written")

    monkeypatch.setattr(store, "add", fails)
    assert (await box.put("/a", "x")).status_code == 201
    assert await box.said() == []


async def test_a_write_succeeds_while_the_journal_cannot_be_written_and_its_entry_comes_later(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = True
    monkeypatch.setattr(deps, "RETRY_SECONDS", 0.05)
    add = store.add

    async def sometimes(db: Any, changes: Any) -> None:
        if away:
            raise DatabaseAway("not now")
        await add(db, changes)

    monkeypatch.setattr(store, "add", sometimes)
    assert (await box.put("/a", "x")).status_code == 201
    assert box.workspace.at("/a").read_text() == "x"
    assert await box.journal() == []
    away = False

    async def written() -> bool:
        return short(await box.journal()) == [("created", "/a")]

    await eventually(written)
    assert len(await box.said()) == 1


async def test_what_a_program_changes_is_written_down_once_while_someone_looks(box: Box) -> None:
    box.workspace.write("/old")
    async with box.watching("/") as page:
        for number in range(5):
            box.workspace.write("/built.js", f"{number}")
            await page.until(lambda number=number: len(page.told("changed")) > number)  # type: ignore[misc]

        async def written() -> bool:
            return bool(await box.journal())

        await eventually(written)
        (entry,) = await box.journal()
    assert (entry["action"], entry["path"], entry["who"]) == (
        "changed",
        "/built.js",
        {"kind": "machine", "name": "machine"},
    )
    assert await box.said() == []  # only what people do is told to others


async def test_what_a_person_does_is_not_written_down_twice(box: Box) -> None:
    async with box.watching("/") as page:
        await box.put("/a.txt", "one")
        await page.until(lambda: "a.txt" in page.names("/"))
        await box.ask("POST", "files/rename", json={"from": "/a.txt", "to": "/b.txt"})
        await box.ask("POST", "files/mkdir", json={"path": "/deep/er"})
        await page.until(lambda: {"a.txt", "b.txt", "deep"} <= page.names("/"))
        box.workspace.write("/mark", "x")

        async def marked() -> bool:
            return ("changed", "/mark") in short(await box.journal())

        await eventually(marked)
    assert [item["who"]["kind"] for item in await box.journal()] == ["machine", "person", "person", "person"]


async def test_old_entries_are_forgotten(box: Box) -> None:
    await box.put("/a", "x")
    await box.files.clear_old(datetime.now(UTC) + timedelta(days=89))
    assert len(await box.journal()) == 1
    await box.files.clear_old(datetime.now(UTC) + timedelta(days=91))
    assert await box.journal() == []


async def test_a_process_that_ends_writes_what_waits(box: Box) -> None:
    box._journal.cancel()
    box.files.journal._put_off([person_change(box.given(), "written", "/a")])
    await box.files.journal.finish()
    assert short(await box.journal()) == [("written", "/a")]


async def test_two_processes_tell_others_once(box: Box) -> None:
    async def due(database: Database) -> bool:
        async with database.transaction() as db:
            return await store.is_due(db, box.project, box.account, datetime.now(UTC))

    assert sorted(await asyncio.gather(*(due(box.database) for _ in range(5)))) == [False] * 4 + [True]
