"""Files by their names, lines by what is in them."""

import asyncio
import json
from typing import Any

import pytest

from aether.contracts.ids import PersonId, new_id
from aether.files.deps import visits

from .conftest import Box


async def found(box: Box, **params: Any) -> list[dict[str, Any]]:
    answer = await box.get("files/search", **params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_files_are_found_by_parts_of_their_names(box: Box) -> None:
    for path in ("/src/editor/open.ts", "/src/other.ts", "/node_modules/x.js", "/README.md"):
        box.workspace.write(path, "x")
    box.workspace.write("/.gitignore", "node_modules\n")
    box.workspace.repository()
    every = (await box.get("files/names")).json()
    assert "/src/other.ts" in every["items"]
    assert every["truncated"] is False
    assert not any("node_modules" in path or "/.git/" in path for path in every["items"])
    best = (await box.get("files/names", q="edopen")).json()["items"]
    assert best == ["/src/editor/open.ts"]
    one = (await box.get("files/names", limit="1")).json()
    assert (len(one["items"]), one["truncated"]) == (1, True)


async def test_lines_are_found_and_then_told_how_it_went(box: Box) -> None:
    box.workspace.write("/a.txt", "one\nneedle here\nNEEDLE\n")
    box.workspace.write("/src/b.py", "x = 'needle'\n")
    *matches, end = await found(box, q="needle", case="1")
    assert {(m["path"], m["line"], m["column"], m["length"]) for m in matches} == {
        ("/a.txt", 2, 1, 6),
        ("/src/b.py", 1, 6, 6),
    }
    assert {m["type"] for m in matches} == {"match"}
    assert (end["type"], end["files"], end["matches"], end["truncated"]) == ("end", 2, 2, False)
    assert len(await found(box, q="needle")) == 4
    *globbed, _ = await found(box, q="needle", glob="*.py")
    assert [m["path"] for m in globbed] == ["/src/b.py"]
    *regex, _ = await found(box, q="n.+le", regex="1", case="1", glob="*.txt")
    assert [m["line"] for m in regex] == [2]
    *first, end = await found(box, q="needle", limit="1")
    assert (len(first), end["truncated"]) == (1, True)


async def test_a_search_for_nothing_or_for_no_pattern_is_refused(box: Box) -> None:
    box.workspace.write("/a.txt", "one\n")
    for params in ({"q": ""}, {"q": "("}, {"q": "a\nb"}, {"q": "x" * 1001}, {"q": "a", "limit": "no"}):
        answer = await box.get("files/search", **{"regex": "1", **params})
        assert (answer.status_code, answer.json()["type"]) == (422, "invalid"), params
    assert (await box.get("files/search", q="a", case="maybe")).status_code == 422


async def test_one_person_searches_one_thing_at_a_time_and_the_next_waits(box: Box) -> None:
    box.workspace.write("/a.txt", "needle\n")
    async with box.files.searches.of((box.project, box.person)):
        waiting = asyncio.create_task(found(box, q="needle"))
        headers = box.authorized(person_id=PersonId(new_id()))
        other = await box.client.get(box.address("files/search"), params={"q": "needle"}, headers=headers)
        assert len(other.text.splitlines()) == 2
        assert not waiting.done()
    assert [line["type"] for line in await waiting] == ["match", "end"]


async def test_a_search_that_waits_in_vain_is_refused(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "TURN_SECONDS", 0.1)
    async with box.files.searches.of((box.project, box.person)):
        answer = await box.get("files/search", q="needle")
    assert (answer.status_code, answer.json()["type"]) == (429, "too-busy")
    assert not box.files.searches._locks
