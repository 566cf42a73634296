"""Names and contents are found, as git ignores and within limits, with ripgrep or without."""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aether.contracts.problem import Invalid
from aether.files.adapters.hand.program.frames import frame
from aether.files.deps.ports import Match, Search, SearchEnd
from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.machine import TestMachine

from .hand_place import Direct, Place, direct, placed

ENGINES = ["ripgrep", "git", "walk"]
ASKED: dict[str, Any] = {"regex": False, "case": False, "word": False, "glob": "", "limit": 100}


@contextmanager
def engine(home: Path, name: str) -> Iterator[Direct]:
    """A hand that has ripgrep, only git, or neither."""
    programs = home / "bin"
    programs.mkdir()
    wanted = {"ripgrep": "rg", "git": "git"}.get(name)
    if wanted is not None:
        require_host(wanted)
        (programs / wanted).write_text(f'#!/bin/sh\nPATH={os.environ["PATH"]} exec {wanted} "$@"\n')
        (programs / wanted).chmod(0o755)
    with direct(home, python=sys.executable, env={"PATH": str(programs)}) as hand:
        yield hand


def lay(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.mark.parametrize("name", ENGINES)
def test_names_are_found_and_the_likeliest_come_first(tmp_path: Path, name: str) -> None:
    with engine(tmp_path, name) as hand:
        os.system(f"git init -q {hand.root}")
        files = ["src/app.tsx", "src/apple/pear.py", "docs/a-p-p.md", "zapp.txt", ".hidden/app", "ignored/app.js"]
        lay(hand.root, dict.fromkeys(files, "") | {".gitignore": "ignored\n"})
        (hand.root / "link").symlink_to("/etc")

        def names(query: str, *, hidden: bool = False, limit: int = 100) -> list[str]:
            said = hand.ask("names", query=query, limit=limit, hidden=hidden)[0]["said"]
            return [path for path in said["items"] if path != "link" and not path.startswith("ignored")]

        assert sorted(names("")) == sorted(files[:4])
        assert set(names("", hidden=True)) >= {".hidden/app", ".gitignore"}
        assert names("app") == ["src/app.tsx", "zapp.txt", "src/apple/pear.py", "docs/a-p-p.md"]
        assert names("srcpear") == ["src/apple/pear.py"]
        assert hand.ask("names", query="", limit=2, hidden=False)[0]["said"]["truncated"] is True
        if name != "walk":
            assert not any(
                "ignored" in path for path in hand.ask("names", query="", limit=9, hidden=False)[0]["said"]
            )


@pytest.mark.parametrize("name", ENGINES)
def test_contents_are_found_with_line_and_column(tmp_path: Path, name: str) -> None:
    with engine(tmp_path, name) as hand:
        os.system(f"git init -q {hand.root}")
        text = "first\nécoute: Needle and needle\r\nneedles\n"
        lay(hand.root, {"a.txt": text, "b/c.py": "needle = 1\n", "binary": b"\0needle", "d/.dot": "a needle"})

        def found(query: str, **more: Any) -> set[tuple[Any, ...]]:
            answer = hand.ask("search", query=query, **{**ASKED, **more})[0]
            assert answer["said"]["engine"] == ("ripgrep" if name == "ripgrep" else "walk")
            return {tuple(row) for row in answer["parts"]}

        line = "écoute: Needle and needle"
        assert found("needle", glob="*.txt") == {
            ("/a.txt", 2, 9, 6, line),
            ("/a.txt", 2, 20, 6, line),
            ("/a.txt", 3, 1, 6, "needles"),
        }
        assert found("Needle", case=True) == {("/a.txt", 2, 9, 6, line)}
        assert {row[0] for row in found("needle", word=True)} == {"/a.txt", "/b/c.py", "/d/.dot"}
        assert found("n.{2}dle =", regex=True) == {("/b/c.py", 1, 1, 8, "needle = 1")}
        assert found("n.{2}dle =") == set()
        assert {row[0] for row in found("needle", glob="!*.txt")} == {"/b/c.py", "/d/.dot"}
        limited = hand.ask("search", query="needle", **{**ASKED, "limit": 2})[0]
        assert (len(limited["parts"]), limited["said"]["truncated"]) == (2, True)
        refused = hand.ask("search", query="(", **{**ASKED, "regex": True})[0]
        assert refused["refused"] == "invalid"
        assert refused["detail"]


async def test_a_search_streams_and_ends_with_its_figures(machine: TestMachine) -> None:
    async with placed(machine) as place:
        for number in range(30):
            place.workspace.write(f"/{number}.txt", "one needle\n" * 100)
        found = [each async for each in place.hand.search(place.project, Search("needle", limit=1000))]
        assert sum(isinstance(each, Match) for each in found) == 1000
        end = found[-1]
        assert isinstance(end, SearchEnd)
        assert (end.matches, end.truncated) == (1000, True)
        with pytest.raises(Invalid):
            [each async for each in place.hand.search(place.project, Search("(", regex=True))]
        names = await place.hand.names(place.project, "29t", limit=5)
        assert names.items == ["/29.txt"]


def test_a_pattern_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine(tmp_path, "walk") as hand:
        lay(hand.root, {"a.txt": "a" * 60 + "!"})
        hand.send(frame({"id": 1, "do": "search", "query": "(a+)+$", **ASKED, "regex": True}))
        # Meanwhile the others are answered.
        for number in range(2, 5):
            hand.send(frame({"id": number, "do": "list", "path": "/"}))
            assert hand.heard()[0]["id"] == number
        hand.send(frame({"cancel": 1}))
        assert hand.heard()[0]["id"] == 1


async def test_a_search_that_nobody_waits_for_ends_in_the_machine(machine: TestMachine) -> None:
    async with placed(machine) as place:
        with (place.workspace.write("/large", "")).open("w") as file:
            for number in range(400_000):
                file.write(f"needle {number}\n")
        searching = place.hand.search(place.project, Search("needle", limit=10**6))
        assert isinstance(await anext(searching), Match)
        await searching.aclose()  # type: ignore[attr-defined] # it is a generator
        await eventually(lambda: not ripgreps(place))


def ripgreps(place: Place) -> list[int]:
    (hand,) = place.hands()
    children = Path(f"/proc/{hand}/task/{hand}/children").read_text().split()
    return [int(child) for child in children]


async def test_many_searches_at_once_hinder_nobody(machine: TestMachine) -> None:
    async with placed(machine) as place:
        for number in range(200):
            place.workspace.write(f"/{number}.txt", "needle\n" * 50)

        async def count() -> int:
            return len([each async for each in place.hand.search(place.project, Search("needle", limit=500))])

        counts, entries = await asyncio.gather(
            asyncio.gather(*(count() for _ in range(20))), place.hand.list(place.project, "/")
        )
        assert counts == [501] * 20
        assert len(entries) == 200
