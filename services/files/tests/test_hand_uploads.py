"""An upload grows in the staging folder and goes on where it stopped, whoever stopped it."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from aether.contracts.problem import NotFound
from aether.files.deps.ports import ANYTHING, SMALL
from aether.files.errors import Exists, UploadBusy, WrongOffset
from aether.testkit.eventually import eventually
from aether.testkit.machine import TestMachine

from .hand_place import ANY, body_of, direct, placed


async def test_an_upload_is_appended_to_and_finished(machine: TestMachine) -> None:
    async with placed(machine) as place:
        upload, data = uuid4(), os.urandom(3 * SMALL)
        hand, project = place.hand, place.project
        assert await hand.upload_size(project, upload) is None
        assert await hand.upload_append(project, upload, 0, body_of(b"")) == 0
        assert await hand.upload_append(project, upload, 0, body_of(data[:100])) == 100
        assert await hand.upload_append(project, upload, 100, body_of(data[100:])) == len(data)
        with pytest.raises(WrongOffset) as refused:
            await hand.upload_append(project, upload, 100, body_of(data[100:]))
        assert refused.value.offset == len(data) == await hand.upload_size(project, upload)
        written = await hand.upload_finish(
            project, upload, "/up/file", size=len(data), mtime_ns=1_700_000_000_123_456_789
        )
        assert written.created
        assert place.workspace.at("/up/file").read_bytes() == data
        assert written.entry.mtime_ns == place.workspace.at("/up/file").stat().st_mtime_ns
        assert written.entry.mtime_ns // 10**9 == 1_700_000_000
        assert place.left() == []


async def test_what_came_before_the_browser_went_away_is_kept(machine: TestMachine) -> None:
    async with placed(machine) as place:
        for size in (1000, 4 * SMALL):
            upload, data = uuid4(), os.urandom(size)

            async def breaking(data: bytes = data) -> AsyncIterator[bytes]:
                async for piece in body_of(data[:-10]):
                    yield piece
                raise ConnectionResetError

            async def kept(upload: UUID = upload, size: int = size - 10) -> bool:
                return await place.hand.upload_size(place.project, upload) == size

            with pytest.raises(ConnectionResetError):
                await place.hand.upload_append(place.project, upload, 0, breaking())
            await eventually(kept)
            await place.hand.upload_append(place.project, upload, size - 10, body_of(data[-10:]))
            await place.hand.upload_finish(place.project, upload, f"/{size}", size=size)
            assert place.workspace.at(f"/{size}").read_bytes() == data


async def test_an_upload_that_is_refused_at_its_end_stays(machine: TestMachine) -> None:
    async with placed(machine) as place:
        upload = uuid4()
        place.workspace.write("/file", "there")
        await place.hand.upload_append(place.project, upload, 0, body_of(b"new"))
        with pytest.raises(WrongOffset):
            await place.hand.upload_finish(place.project, upload, "/file", size=4)
        with pytest.raises(Exists):
            await place.hand.upload_finish(place.project, upload, "/file", size=3)
        assert place.workspace.at("/file").read_text() == "there"
        await place.hand.upload_finish(place.project, upload, "/file", size=3, condition=ANYTHING)
        assert place.workspace.at("/file").read_text() == "new"
        with pytest.raises(NotFound):
            await place.hand.upload_finish(place.project, upload, "/file", size=3)


async def test_only_one_sends_at_a_time(machine: TestMachine) -> None:
    async with placed(machine) as place:
        upload, goes_on = uuid4(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield bytes(2 * SMALL)
            await goes_on.wait()
            yield b"!"

        first = asyncio.create_task(place.hand.upload_append(place.project, upload, 0, slow()))

        async def begun() -> bool:
            return bool(await place.hand.upload_size(place.project, upload))

        await eventually(begun)
        with pytest.raises(UploadBusy):
            await place.hand.upload_append(place.project, upload, 0, body_of(b"other"))
        goes_on.set()
        assert await first == 2 * SMALL + 1


async def test_a_discarded_upload_is_gone(machine: TestMachine) -> None:
    async with placed(machine) as place:
        upload = uuid4()
        await place.hand.upload_append(place.project, upload, 0, body_of(b"x"))
        await place.hand.upload_discard(place.project, upload)
        await place.hand.upload_discard(place.project, upload)
        assert await place.hand.upload_size(place.project, upload) is None
        assert place.left() == []


def test_uploads_of_yesterday_and_drafts_of_the_dead_are_swept_away(tmp_path: Path) -> None:
    staging = tmp_path / ".aether/staging"
    staging.mkdir(parents=True)
    old, new = staging / f"upload-{uuid4()}", staging / f"upload-{uuid4()}"
    for path in (old, new, staging / "draft-dead", staging / "draft-dead.index", staging / "not-ours"):
        path.write_bytes(b"x")
    yesterday = time.time() - 25 * 3600
    os.utime(old, (yesterday, yesterday))
    with direct(tmp_path) as hand:
        hand.ask("write", b"x", path="/x", condition=ANY)
        assert hand.left() == sorted(["not-ours", new.name])
        assert staging.stat().st_mode & 0o077 == 0
