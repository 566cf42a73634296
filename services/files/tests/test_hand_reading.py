"""Folders are listed and files read as they are; what is no file is never opened."""

import os
import socket
import time

import pytest

from aether.contracts.problem import Invalid, NotFound
from aether.files.deps.ports import SMALL, Link, shown
from aether.files.errors import ChangedMeanwhile, IsAFolder, NotAFile, NotAFolder, NotPermitted, Outside
from aether.testkit.machine import TestMachine

from .hand_place import all_of, placed


async def test_a_folder_is_listed_folders_first(machine: TestMachine) -> None:
    async with placed(machine) as place:
        place.workspace.write("/b.txt", "12345")
        place.workspace.write("/A.txt")
        place.workspace.folder("/src")
        (place.workspace.write("/run", "x")).chmod(0o750)
        place.workspace.link("/folder", "src")
        entries = await place.hand.list(place.project, "/")
        assert [entry.name for entry in entries] == ["folder", "src", "A.txt", "b.txt", "run"]
        assert entries[3].path == "/b.txt"
        assert (entries[3].kind, entries[3].size, entries[4].mode) == ("file", 5, 0o750)
        assert (await place.hand.list(place.project, "/src")) == []


async def test_a_link_says_where_it_leads(machine: TestMachine) -> None:
    async with placed(machine) as place:
        place.workspace.write("/a/file", "12345")
        place.workspace.folder("/folder")
        links = {
            "file": "../a/file",
            "folder": "/",
            "missing": "nothing",
            "outside": "../../..",
            "round": "round",
            "here": str(place.workspace.root / "a"),
        }
        for name, target in links.items():
            place.workspace.link(f"/folder/{name}", target)
        entries = {entry.name: entry for entry in await place.hand.list(place.project, "/folder")}
        assert entries["file"].link == Link("../a/file", "file")
        assert entries["file"].size == 5
        assert entries["folder"].link == Link("/", "outside")
        assert entries["missing"].link == Link("nothing", "missing")
        assert entries["outside"].link == Link("../../..", "outside")
        assert entries["round"].link == Link("round", "missing")
        assert entries["here"].link == Link(links["here"], "folder")
        assert (await place.hand.stat(place.project, "/folder/file")).etag is not None
        assert await place.read("/folder/here/file") == b"12345"
        with pytest.raises(Outside):
            await place.read("/folder/outside")


async def test_a_file_is_read_whole_and_in_part_whatever_its_size(machine: TestMachine) -> None:
    async with placed(machine) as place:
        for size in (0, 1, SMALL, SMALL + 1, 3 * SMALL + 17):
            data = os.urandom(size)
            place.workspace.write("/data", data)
            content = await place.hand.open(place.project, "/data")
            assert content.entry.size == size
            assert content.entry == await place.hand.stat(place.project, "/data")
            assert await all_of(await content.read()) == data
            assert await all_of(await content.read(size // 3, size // 2)) == data[size // 3 :][: size // 2]


async def test_a_file_that_changed_after_it_was_opened_is_not_mixed(machine: TestMachine) -> None:
    async with placed(machine) as place:
        place.workspace.write("/large", os.urandom(2 * SMALL))
        content = await place.hand.open(place.project, "/large")
        place.workspace.write("/large", os.urandom(2 * SMALL))
        with pytest.raises(ChangedMeanwhile) as refused:
            await content.read()
        now = await place.hand.open(place.project, "/large")
        assert refused.value.etag == now.entry.etag


async def test_the_etag_of_a_small_file_is_of_its_content(machine: TestMachine) -> None:
    async with placed(machine) as place:
        place.workspace.write("/one", "same")
        place.workspace.write("/two", "same")
        place.workspace.write("/three", "different")
        one, two, three = [await place.hand.stat(place.project, path) for path in ("/one", "/two", "/three")]
        assert one.etag == two.etag != three.etag
        assert len(one.etag or "") == 32


async def test_what_is_no_file_is_refused_and_never_opened(machine: TestMachine) -> None:
    async with placed(machine) as place:
        os.mkfifo(place.workspace.at("/pipe"))
        if os.geteuid() == 0:
            os.mknod(place.workspace.at("/device"), 0o20666, os.makedev(1, 5))  # /dev/zero never ends
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(place.workspace.at("/socket")))
            place.workspace.link("/link", "pipe")
            names = [path.name for path in place.workspace.root.iterdir()]
            for name in names:
                with pytest.raises(NotAFile):
                    await place.hand.open(place.project, f"/{name}")
                with pytest.raises(NotAFile):
                    await place.write(f"/{name}", b"x")
        kinds = {entry.name: entry.kind for entry in await place.hand.list(place.project, "/")}
        assert kinds["pipe"] == kinds["socket"] == "other"


async def test_names_that_are_no_utf_8_come_through(machine: TestMachine) -> None:
    async with placed(machine) as place:
        raw = b"caf\xe9 \xff\n"
        name = os.fsdecode(raw)
        place.workspace.write(f"/{name}", "coffee")
        (entry,) = await place.hand.list(place.project, "/")
        assert os.fsencode(entry.name) == raw
        assert shown(entry.name) == "caf� �\n"
        assert await place.read(entry.path) == b"coffee"
        await place.hand.rename(place.project, entry.path, f"/{name}/{name}".replace("\n/", "x/"))
        (folder,) = await place.hand.list(place.project, "/")
        assert os.fsencode(folder.name) == b"caf\xe9 \xffx"


async def test_what_cannot_be_read_says_why(machine: TestMachine) -> None:
    async with placed(machine) as place:
        place.workspace.write("/file", "x")
        place.workspace.folder("/folder")
        with pytest.raises(NotFound):
            await place.hand.open(place.project, "/nothing")
        with pytest.raises(NotFound):
            await place.hand.list(place.project, "/nothing/inside")
        with pytest.raises(NotAFolder):
            await place.hand.list(place.project, "/file")
        with pytest.raises(NotAFolder):
            await place.hand.open(place.project, "/file/inside")
        with pytest.raises(IsAFolder):
            await place.hand.open(place.project, "/folder")
        with pytest.raises(IsAFolder):
            await place.hand.open(place.project, "/")
        with pytest.raises(Invalid):
            await place.hand.stat(place.project, "/" + "x" * 300)
        place.workspace.at("/file").chmod(0)
        with pytest.raises(NotPermitted):
            await place.hand.open(place.project, "/file")


async def test_a_path_of_many_folders_is_refused_rather_than_followed(machine: TestMachine) -> None:
    async with placed(machine) as place:
        with pytest.raises(Invalid):
            await place.hand.make_folder(place.project, "/x" * 1000)
        assert (await place.hand.make_folder(place.project, "/y" * 200)).created
        await place.hand.delete(place.project, "/y", recursive=True)


async def test_a_folder_of_5000_files_is_listed(machine: TestMachine) -> None:
    async with placed(machine) as place:
        for number in range(5000):
            (place.workspace.root / f"file {number}.txt").touch()
        await place.hand.list(place.project, "/")
        begun = time.perf_counter()
        entries = await place.hand.list(place.project, "/")
        took = time.perf_counter() - begun
        assert len(entries) == 5000
        os.write(2, f"5,000 entries in {took * 1000:.0f} ms\n".encode())
