"""A folder comes as a zip while it is read, links as links, and everything else as it is."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from aether.contracts.problem import NotFound
from aether.files.adapters.hand.program.archive import LEFT_OUT
from aether.files.deps.ports import SMALL
from aether.files.errors import NotAFolder
from aether.testkit.host import require_host
from aether.testkit.machine import TestMachine

from .hand_place import Place, all_of, placed


async def unpacked(place: Place, path: str, into: Path) -> Path:
    """As another program unpacks it."""
    require_host("unzip")
    packed = into / "packed.zip"
    packed.write_bytes(await all_of(await place.hand.archive(place.project, path)))
    unzip = await asyncio.create_subprocess_exec("unzip", "-q", packed, "-d", into / "out")
    assert await unzip.wait() == 0
    return into / "out"


async def test_an_archive_has_everything_of_a_folder(machine: TestMachine, tmp_path: Path) -> None:
    async with placed(machine) as place:
        large = os.urandom(3 * SMALL)
        place.workspace.write("/src/large", large)
        place.workspace.write("/src/deep/er/ünïcode.txt", "text" * 1000)
        place.workspace.write("/src/run.sh", "x").chmod(0o755)
        place.workspace.folder("/src/empty")
        place.workspace.link("/src/link", "deep/er")
        place.workspace.link("/src/out", "/etc/passwd")
        os.mkfifo(place.workspace.at("/src/pipe"))
        place.workspace.write("/not-in-it", "x")
        out = await unpacked(place, "/src", tmp_path)
        assert (out / "large").read_bytes() == large
        assert (out / "deep/er/ünïcode.txt").read_text() == "text" * 1000
        assert stat.S_IMODE((out / "run.sh").stat().st_mode) & 0o111
        assert list((out / "empty").iterdir()) == []
        assert (out / "link").readlink() == Path("deep/er")
        assert (out / "out").readlink() == Path("/etc/passwd")
        names = sorted(path.name for path in out.iterdir())
        assert names == ["deep", "empty", "large", "link", "out", "run.sh"]


async def test_what_may_not_be_read_is_named(machine: TestMachine, tmp_path: Path) -> None:
    async with placed(machine) as place:
        place.workspace.write("/open", "x")
        place.workspace.write("/closed", "x").chmod(0)
        out = await unpacked(place, "/", tmp_path)
        assert (out / "open").read_text() == "x"
        assert (out / LEFT_OUT).read_text() == "closed\n"


async def test_only_a_folder_can_be_packed(machine: TestMachine) -> None:
    async with placed(machine) as place:
        place.workspace.write("/file", "x")
        with pytest.raises(NotAFolder):
            await place.hand.archive(place.project, "/file")
        with pytest.raises(NotFound):
            await place.hand.archive(place.project, "/nothing")
