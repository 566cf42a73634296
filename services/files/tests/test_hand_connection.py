"""One hand for each project, made when it is needed, gone when it has rested, and trusted in nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from aether.contracts.problem import Refusal
from aether.files.adapters.hand import channel
from aether.files.adapters.hand.frames import GREETING, Frames, Garbled
from aether.files.adapters.hand.payload import COMMAND
from aether.files.adapters.hand.program.frames import MARK, body, frame
from aether.files.adapters.hand.values import entry, etag_of, read_as
from aether.files.deps.ports import SMALL
from aether.files.errors import MachineFailed, NoPython
from aether.kit.ssh import MachineUnreachable
from aether.testkit.eventually import eventually
from aether.testkit.machine import TestMachine

from .hand_place import Place, all_of, body_of, placed


async def test_many_requests_share_one_program(machine: TestMachine) -> None:
    async with placed(machine) as place:
        await asyncio.gather(*(place.write(f"/{number}", bytes([number])) for number in range(100)))
        contents = await asyncio.gather(*(place.read(f"/{number}") for number in range(100)))
        assert contents == [bytes([number]) for number in range(100)]
        assert len(place.hands()) == 1


async def test_a_hand_that_has_rested_is_gone_and_comes_back(machine: TestMachine) -> None:
    async with placed(machine, rest_seconds=0.2) as place:
        place.workspace.write("/large", os.urandom(8 * SMALL))
        await place.hand.list(place.project, "/")
        content = await place.hand.open(place.project, "/large")
        stream = await content.read()
        assert len(await anext(aiter(stream))) > 0
        await eventually(lambda: place.project in place.connections._open)
        assert len(place.hands()) == 2
        await stream.aclose()
        await eventually(lambda: place.hands() == [])
        await eventually(lambda: place.project not in place.connections._open)
        assert len(await place.hand.list(place.project, "/")) == 1


async def test_after_a_lost_connection_reading_goes_on_by_itself(machine: TestMachine) -> None:
    async with placed(machine) as place:
        place.workspace.write("/file", "there")
        assert await place.read("/file") == b"there"
        machine.cut()
        assert await place.read("/file") == b"there"
        (hand,) = place.hands()
        os.kill(hand, signal.SIGKILL)
        assert await place.read("/file") == b"there"


async def test_a_change_that_was_under_way_is_not_repeated(machine: TestMachine) -> None:
    async with placed(machine) as place:
        await place.hand.list(place.project, "/")
        (hand,) = place.hands()
        os.kill(hand, signal.SIGSTOP)
        making = asyncio.create_task(place.hand.make_folder(place.project, "/folder"))
        project = place.hand._projects[place.project]
        await eventually(lambda: project._asking == 1)
        os.kill(hand, signal.SIGKILL)
        with pytest.raises(MachineUnreachable):
            await making
        assert (await place.hand.make_folder(place.project, "/folder")).created


async def test_a_machine_that_has_stopped_says_so(machine: TestMachine) -> None:
    async with placed(machine) as place:
        await place.hand.list(place.project, "/")
        await place.hand.forget(place.project)
        machine.running = False
        with pytest.raises(Refusal) as refused:
            await place.hand.list(place.project, "/")
        assert refused.value.status == 503


async def test_a_machine_without_python_says_so(machine: TestMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    async with placed(machine) as place:
        monkeypatch.setattr(channel, "COMMAND", COMMAND.replace("python3", "python-of-nobody", 1))
        for asked in (place.hand.list(place.project, "/"), place.hand.archive(place.project, "/")):
            with pytest.raises(NoPython):
                await asked
        with pytest.raises(NoPython):
            await place.write("/large", bytes(4 * SMALL))


async def test_a_greeting_of_the_shell_does_no_harm(machine: TestMachine) -> None:
    (machine.home / ".bashrc").write_text("echo Welcome; printf '\\0\\0\\0\\1'\n")
    async with placed(machine) as place:
        place.workspace.write("/file", "x" * (3 * SMALL))
        assert [entry.name for entry in await place.hand.list(place.project, "/")] == ["file"]
        assert len(await place.read("/file")) == 3 * SMALL


async def test_a_slow_reader_holds_the_machine_back_and_gets_everything(machine: TestMachine) -> None:
    async with placed(machine) as place:
        data = os.urandom(SMALL) * 200
        place.workspace.write("/large", data)
        content = await place.hand.open(place.project, "/large")
        process = psutil.Process()
        before = process.memory_info().rss
        stream = await content.read()
        assert await still(place)
        assert process.memory_info().rss - before < 32 * SMALL
        assert await all_of(stream) == data


async def still(place: Place) -> bool:
    """Once it has sent what there is room for, the program waits."""

    def sent() -> int:
        return max(psutil.Process(pid).io_counters().write_chars for pid in place.hands())

    seen = [-1]

    def as_before() -> bool:
        seen.append(sent())
        return seen[-1] == seen[-2]

    await eventually(as_before, every=0.2)
    return seen[-1] < 32 * SMALL


async def test_a_slow_disk_holds_the_sender_back(machine: TestMachine) -> None:
    async with placed(machine) as place:
        process, taken = psutil.Process(), 0
        before = process.memory_info().rss

        async def large() -> AsyncIterator[bytes]:
            nonlocal taken
            for _ in range(400):
                taken += 1
                yield bytes(SMALL // 2)

        writing = asyncio.create_task(place.hand.write(place.project, "/large", large()))
        await eventually(lambda: len(place.hands()) == 1 and taken > 10)
        (hand,) = place.hands()
        os.kill(hand, signal.SIGSTOP)
        assert process.memory_info().rss - before < 32 * SMALL
        os.kill(hand, signal.SIGCONT)
        assert (await writing).entry.size == 200 * SMALL
        assert process.memory_info().rss - before < 32 * SMALL


def test_frames_are_found_however_they_are_cut() -> None:
    sent = b"hello\n" + MARK + frame({"id": 1}, b"payload") + body(3) + b"abc" + frame({"id": "\udcff"})
    for size in (1, 2, 7, 1000):
        frames = Frames()
        found = [each for at in range(0, len(sent), size) for each in frames.take(sent[at : at + size])]
        assert found == [({"id": 1}, b"payload"), (None, b"abc"), ({"id": "\udcff"}, b"")]


@pytest.mark.parametrize(
    "sent",
    [
        b"x" * (GREETING + 1),
        MARK + b"\xff" * 8,
        MARK + b"\0\0\0\5\0\0\0\0{{{{{",
        MARK + b"\0\0\0\2\0\0\0\0\xff\xff",
    ],
)
def test_what_is_no_frame_is_not_taken_for_one(sent: bytes) -> None:
    with pytest.raises(Garbled):
        list(Frames().take(sent))


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        ["a", "file", 1, 2, 3, None],
        ["a", "folder?", 1, 2, 3, None, None],
        ["a", "file", "1", 2, 3, None, None],
        ["a", "link", 1, 2, 3, ["x"], None],
        ["a", "link", 1, 2, 3, ["x\ud800", "file"], None],
        ["a", "file", 1, 2, 3, None, 'x"\r\nSet-Cookie: a=b'],
    ],
)
def test_an_answer_that_cannot_be_is_refused(row: object) -> None:
    with pytest.raises(Garbled):
        read_as(lambda said: entry(said, "/a"), row)
    with pytest.raises(Garbled):
        etag_of("x" * 32)


async def test_a_machine_that_answers_nonsense_harms_only_itself(
    machine: TestMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with placed(machine) as place:
        nonsense = "printf '\\036aether-hand\\n\\0\\0\\0\\2\\0\\0\\0\\0xx'; cat >/dev/null"
        monkeypatch.setattr(channel, "COMMAND", nonsense)
        with pytest.raises(MachineFailed):
            await place.hand.list(place.project, "/")
        with pytest.raises(MachineFailed):
            await place.write("/large", bytes(4 * SMALL))


async def test_the_program_is_named_by_nothing_secret(machine: TestMachine) -> None:
    async with placed(machine) as place:
        await place.hand.upload_append(place.project, place.project, 0, body_of(b"x"))
        (hand,) = place.hands()
        words = Path(f"/proc/{hand}/cmdline").read_bytes()
        assert str(machine.home).encode() not in words
