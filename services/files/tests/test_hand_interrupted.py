"""A write that is interrupted, however it is, leaves the old file or the new one, and nothing beside it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aether.contracts.problem import Refusal
from aether.files.adapters.hand.program.frames import frame
from aether.files.deps.ports import SMALL
from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.machine import TestMachine

from .hand_place import ANY, Direct, direct, placed

OLD, NEW = b"old" * 100_000, b"new!" * 500_000


def begin_write(hand: Direct, pieces: int) -> None:
    """Send a part of a large write."""
    hand.send(frame({"do": "write", "path": "/file", "condition": ANY}))
    for at in range(pieces):
        hand.send_piece(NEW[at * 250_000 : (at + 1) * 250_000])


def there(home: Path) -> bytes:
    return (home / "workspace/file").read_bytes()


def prepared(home: Path) -> None:
    (home / "workspace").mkdir(exist_ok=True)
    (home / "workspace/file").write_bytes(OLD)


def nothing_is_left(home: Path) -> None:
    """The next hand cleans up before it does anything, and the folder has the file alone."""
    with direct(home) as hand:
        assert hand.ask("write", b"x", path="/next", condition=ANY)[0]["said"]
        assert hand.left() == []
    assert sorted(path.name for path in (home / "workspace").iterdir()) == ["file", "next"]


@pytest.mark.parametrize("pieces", [0, 1, 5, 8])
async def test_a_hand_that_is_killed_while_it_writes_leaves_the_old_file(tmp_path: Path, pieces: int) -> None:
    prepared(tmp_path)
    hand = Direct(tmp_path, "once")
    begin_write(hand, pieces)
    staging = tmp_path / ".aether/staging"
    await eventually(lambda: sum(path.stat().st_size for path in staging.glob("draft-*")) >= pieces * 250_000)
    hand.kill()
    assert there(tmp_path) == OLD
    nothing_is_left(tmp_path)


@pytest.mark.parametrize("pieces", [0, 1, 8])
def test_a_body_that_is_cut_off_leaves_the_old_file_and_no_draft(tmp_path: Path, pieces: int) -> None:
    prepared(tmp_path)
    hand = Direct(tmp_path, "once")
    begin_write(hand, pieces)
    assert hand.end() == 1
    assert there(tmp_path) == OLD
    assert hand.left() == []


def test_a_hand_that_is_told_to_end_removes_its_draft(tmp_path: Path) -> None:
    prepared(tmp_path)
    hand = Direct(tmp_path, "once")
    begin_write(hand, 2)
    hand.process.send_signal(signal.SIGTERM)
    assert hand.process.wait(10) == 128 + signal.SIGTERM
    hand.kill()
    assert there(tmp_path) == OLD
    assert hand.left() == []


def test_a_hand_killed_at_any_moment_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    prepared(tmp_path)
    seen = set()
    for attempt in range(24):
        hand = Direct(tmp_path, "once")
        begin_write(hand, 8)
        hand.send_piece(b"")
        os.sched_yield()
        for _ in range(attempt * 400):
            os.getppid()  # a little later each time
        hand.kill()
        seen.add(there(tmp_path))
        assert seen <= {OLD, NEW}
        (tmp_path / "workspace/file").write_bytes(OLD)
    nothing_is_left(tmp_path)


@pytest.mark.parametrize("what", ["network", "machine"])
async def test_a_connection_that_is_cut_while_it_writes_leaves_the_old_file(
    machine: TestMachine, what: str
) -> None:
    async with placed(machine) as place:
        place.workspace.write("/file", OLD)
        goes_on = asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield bytes(4 * SMALL)
            await goes_on.wait()
            yield b"never"

        writing = asyncio.create_task(place.hand.write(place.project, "/file", body()))
        await eventually(lambda: any(name.startswith("draft-") for name in place.left()))
        if what == "network":
            place.connections._open[place.project].connection.abort()
        else:
            machine.cut()  # which kills the hand as well
        goes_on.set()
        with pytest.raises(Refusal) as refused:
            await writing
        assert refused.value.type == "machine-unreachable"
        assert place.workspace.at("/file").read_bytes() == OLD
        if what == "network":
            await eventually(lambda: place.left() == [])
        await place.write("/file", NEW)
        assert place.workspace.at("/file").read_bytes() == NEW
        assert place.left() == []


@pytest.mark.parametrize("mode", ["serve", "once"])
def test_a_full_disk_is_said_and_harms_nothing(tmp_path: Path, mode: str) -> None:
    """The disk is a small one in memory, which exists for the hand alone."""
    require_host("bwrap")
    prepare = f"cd {tmp_path}; mkdir workspace; printf old > workspace/file"
    script = f'{prepare}; "$@"; cat workspace/file; ls -A .aether/*'
    before = ["bwrap", "--dev-bind", "/", "/", "--size", str(SMALL), "--tmpfs", str(tmp_path)]
    with direct(tmp_path, mode, before=[*before, "sh", "-c", script, "sh"]) as hand:
        if mode == "serve":
            answer = hand.ask("write", NEW[: SMALL + 5], path="/file", condition=ANY)[0]
        else:
            with contextlib.suppress(BrokenPipeError):  # it has answered and gone before all was sent
                begin_write(hand, 8)
            answer = hand.heard()[0]
        assert answer["refused"] == "disk-full"
        assert hand.rest() == b"old"
