"""Files are put in place all at once and only where the condition holds; things are made, moved and deleted."""

import asyncio
import os
import stat
import subprocess
from pathlib import Path

import pytest

from aether.contracts.problem import Invalid, NotFound
from aether.files.deps.ports import NO_OVERWRITE, NOTHING_THERE, SMALL, Condition
from aether.files.errors import (
    ChangedMeanwhile,
    Exists,
    IntoItself,
    IsAFolder,
    NotAFolder,
    NotEmpty,
    NotPermitted,
    Outside,
)
from aether.testkit.host import require_host
from aether.testkit.machine import UID, TestMachine

from .hand_place import ANY, direct, placed


async def test_a_file_is_made_and_replaced(machine: TestMachine) -> None:
    async with placed(machine) as place:
        for content in (b"one", os.urandom(SMALL), os.urandom(SMALL + 1), os.urandom(5 * SMALL), b""):
            written = await place.write("/new/folder/file", content)
            assert place.workspace.at("/new/folder/file").read_bytes() == content
            assert written.entry == await place.hand.stat(place.project, "/new/folder/file")
            assert written.created is (content == b"one")
        assert place.left() == []


async def test_mode_and_owner_are_kept(machine: TestMachine) -> None:
    async with placed(machine) as place:
        script = place.workspace.write("/run.sh", "old")
        script.chmod(0o751)
        before = script.stat()
        await place.write("/run.sh", b"new")
        after = script.stat()
        assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
        assert after.st_ino != before.st_ino
        new = (await place.write("/new", b"new")).entry
        assert new.mode & 0o600 == 0o600
        assert not new.mode & 0o111


async def test_a_protected_file_and_one_of_another_owner_are_not_replaced(machine: TestMachine) -> None:
    async with placed(machine) as place:
        file = place.workspace.write("/file", "old")
        file.chmod(0o444)
        with pytest.raises(NotPermitted):
            await place.write("/file", b"new")
        if os.geteuid() == 0:  # nobody else can make a file that is somebody else's
            os.chown(file, 0, 0)
            file.chmod(0o666)
            with pytest.raises(NotPermitted):
                await place.write("/file", b"new")
        assert file.read_text() == "old"
        assert place.left() == []


def test_whoever_may_give_files_away_keeps_their_owner(tmp_path: Path) -> None:
    owner = UID if os.geteuid() == 0 else os.geteuid()
    with direct(tmp_path) as hand:
        file = hand.root / "file"
        file.write_text("old")
        os.chown(file, owner, -1)
        file.chmod(0o6755)
        assert hand.ask("write", b"new", path="/file", condition=ANY)[0]["said"][1] is False
        assert (file.stat().st_uid, stat.S_IMODE(file.stat().st_mode)) == (owner, 0o6755)


async def test_a_write_happens_only_on_its_condition(machine: TestMachine) -> None:
    async with placed(machine) as place:
        first = (await place.write("/file", b"one", NOTHING_THERE)).entry
        assert first.etag is not None
        with pytest.raises(ChangedMeanwhile) as refused:
            await place.write("/file", b"two", NOTHING_THERE)
        assert refused.value.etag == first.etag
        with pytest.raises(Exists):
            await place.write("/file", b"two", NO_OVERWRITE)
        await place.write("/file", b"two", Condition(etags=["0" * 32, first.etag]))
        with pytest.raises(ChangedMeanwhile):
            await place.write("/file", b"three", Condition(etags=[first.etag]))
        await place.write("/file", b"three", Condition(present=True))
        with pytest.raises(ChangedMeanwhile) as refused:
            await place.write("/gone", b"x", Condition(present=True))
        assert refused.value.etag is None
        with pytest.raises(ChangedMeanwhile):
            await place.write("/gone", b"x", Condition(etags=[first.etag]))
        assert place.workspace.at("/file").read_bytes() == b"three"
        assert not place.workspace.at("/gone").exists()
        assert place.left() == []


@pytest.mark.parametrize("size", [10, 2 * SMALL])
async def test_of_many_writers_who_saw_the_same_only_one_writes(machine: TestMachine, size: int) -> None:
    async with placed(machine) as place:
        seen = (await place.write("/file", b"seen")).entry.etag
        assert seen is not None

        async def write(number: int) -> bytes | None:
            content = bytes([number]) * size
            try:
                await place.write("/file", content, Condition(etags=[seen]))
            except ChangedMeanwhile:
                return None
            return content

        written = await asyncio.gather(*(write(number) for number in range(6)))
        winners = [content for content in written if content is not None]
        assert winners == [place.workspace.at("/file").read_bytes()]


async def test_a_refused_write_is_refused_before_all_of_it_was_sent(machine: TestMachine) -> None:
    async with placed(machine) as place:
        place.workspace.write("/file", "there")
        sent = 0

        async def endless() -> object:
            nonlocal sent
            while True:
                sent += 1
                assert sent < 10_000
                yield bytes(64 * 1024)

        with pytest.raises(Exists):
            await place.hand.write(place.project, "/file", endless(), NO_OVERWRITE)  # type: ignore[arg-type]
        assert place.workspace.at("/file").read_text() == "there"


async def test_a_body_that_fails_leaves_everything_as_it_was(machine: TestMachine) -> None:
    async with placed(machine) as place:
        place.workspace.write("/file", "old")

        async def failing(pieces: int) -> object:
            for _ in range(pieces):
                yield bytes(64 * 1024)
            raise ConnectionResetError("the browser went away")

        for pieces in (1, 100):
            with pytest.raises(ConnectionResetError):
                await place.hand.write(place.project, "/file", failing(pieces))  # type: ignore[arg-type]
        assert place.workspace.at("/file").read_text() == "old"
        await place.write("/other", b"x")
        assert place.left() == []


async def test_writing_through_a_link_replaces_what_it_leads_to(machine: TestMachine) -> None:
    async with placed(machine) as place:
        place.workspace.write("/real/file", "old")
        place.workspace.link("/link", "real/file")
        place.workspace.link("/dangling", "real/new")
        place.workspace.link("/out", "../../outside")
        await place.write("/link", b"new")
        await place.write("/dangling", b"made")
        assert place.workspace.at("/link").is_symlink()
        assert place.workspace.at("/real/file").read_text() == "new"
        assert place.workspace.at("/real/new").read_text() == "made"
        with pytest.raises(Outside):
            await place.write("/out", b"x")
        with pytest.raises(IsAFolder):
            await place.write("/real", b"x")
        with pytest.raises(NotAFolder):
            await place.write("/real/file/below", b"x")


async def test_folders_are_made_with_those_above_them(machine: TestMachine) -> None:
    async with placed(machine) as place:
        made = await place.hand.make_folder(place.project, "/a/b/c")
        assert (made.created, made.entry.kind, made.entry.path) == (True, "folder", "/a/b/c")
        assert not (await place.hand.make_folder(place.project, "/a/b/c")).created
        place.workspace.write("/a/file")
        with pytest.raises(NotAFolder):
            await place.hand.make_folder(place.project, "/a/file")
        with pytest.raises(NotAFolder):
            await place.hand.make_folder(place.project, "/a/file/below")


async def test_things_are_moved_and_nothing_is_overwritten_unasked(machine: TestMachine) -> None:
    async with placed(machine) as place:
        move = place.hand.rename
        place.workspace.write("/one", "1")
        place.workspace.write("/two", "2")
        place.workspace.write("/folder/inside", "3")
        place.workspace.write("/full/inside", "4")
        with pytest.raises(Exists):
            await move(place.project, "/one", "/two")
        with pytest.raises(Exists):
            await move(place.project, "/folder", "/full")
        with pytest.raises(NotEmpty):
            await move(place.project, "/folder", "/full", overwrite=True)
        with pytest.raises(IntoItself):
            await move(place.project, "/folder", "/folder/below/it")
        with pytest.raises(NotFound):
            await move(place.project, "/gone", "/there")
        with pytest.raises(Invalid):
            await move(place.project, "/", "/there")
        assert (await move(place.project, "/one", "/two", overwrite=True)).path == "/two"
        assert (await move(place.project, "/folder", "/new/place")).kind == "folder"
        assert (await move(place.project, "/two", "/two")).name == "two"
        assert place.workspace.at("/two").read_text() == "1"
        assert place.workspace.at("/new/place/inside").read_text() == "3"
        place.workspace.link("/link", "two")
        await move(place.project, "/link", "/moved")
        assert place.workspace.at("/moved").readlink() == Path("two")


async def test_deleting_takes_what_was_asked_for_and_no_more(machine: TestMachine) -> None:
    async with placed(machine) as place:
        delete = place.hand.delete
        place.workspace.write("/kept/file", "kept")
        place.workspace.write("/folder/deep/er/file")
        place.workspace.link("/folder/link", "../kept")
        place.workspace.link("/link", "kept")
        with pytest.raises(NotEmpty):
            await delete(place.project, "/folder")
        await delete(place.project, "/folder", recursive=True)
        await delete(place.project, "/link", recursive=True)
        assert sorted(path.name for path in place.workspace.root.iterdir()) == ["kept"]
        assert place.workspace.at("/kept/file").read_text() == "kept"
        with pytest.raises(NotFound):
            await delete(place.project, "/folder")
        with pytest.raises(Invalid):
            await delete(place.project, "/", recursive=True)


def test_a_tree_deeper_than_descriptors_reach_is_deleted(tmp_path: Path) -> None:
    with direct(tmp_path) as hand:
        folder = os.open(hand.root, os.O_PATH)
        for _ in range(600):
            os.mkdir("deep", dir_fd=folder)
            inner = os.open("deep", os.O_PATH, dir_fd=folder)
            os.close(folder)
            folder = inner
        os.close(folder)
        assert hand.ask("delete", path="/deep", recursive=True)[0]["said"] is None
        assert list(hand.root.iterdir()) == []


def test_a_place_on_another_volume_is_written_as_well(tmp_path: Path) -> None:
    require_host("bwrap")
    (tmp_path / "workspace/other").mkdir(parents=True)
    inside = ["--bind", str(tmp_path), str(tmp_path), "--tmpfs", str(tmp_path / "workspace/other")]
    with direct(tmp_path, before=["bwrap", "--dev-bind", "/", "/", *inside]) as hand:
        for content in (b"one", b"two"):
            assert "said" in hand.ask("write", content, path="/other/file", condition=ANY)[0]
            assert hand.ask("open", path="/other/file")[1] == content
        refused = hand.ask("write", b"three", path="/other/file", condition={**ANY, "present": False})[0]
        assert refused["refused"] == "changed-meanwhile"
        listed = hand.ask("list", path="/other")[0]["said"]
        assert [row[0] for row in listed] == ["file"]
        assert hand.left() == []


def test_what_is_replaced_never_shows_half(tmp_path: Path) -> None:
    reader = "import sys\nseen = set()\nwhile not seen >= {0, 1}:\n    data = open(sys.argv[1], 'rb').read()\n"
    reader += "    assert data.count(data[:1]) == len(data) == 300000\n    seen.add(data[0])\n"
    with direct(tmp_path) as hand:
        file = hand.root / "file"
        file.write_bytes(bytes(300_000))
        looking = subprocess.Popen(["python3", "-c", reader, str(file)])
        number = 0
        while looking.poll() is None:
            number = 1 - number
            hand.ask("write", bytes([number]) * 300_000, path="/file", condition=ANY)
        assert looking.returncode == 0
