"""One part: started again when it ends, given up when it never starts, stopped when asked."""

import asyncio
import errno
import itertools
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aether.cli.embedded.identities import myself
from aether.cli.supervisor.logs import Notice
from aether.cli.supervisor.part import Part, PartFailed, Program, State
from aether.cli.supervisor.processes import ProcessBook, ProcessRecord, end_leftovers
from aether.testkit.eventually import eventually


class Watched:
    """A part with everything it told, and how to make it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.book = folder / "processes.json"
        self.notices: list[Notice] = []
        self.states: list[State] = []

    def part(self, script: str, ready: Callable[[], bool] = lambda: True) -> Part:
        async def is_ready() -> bool:
            return ready()

        program = Program("part", ["/bin/sh", "-c", script], myself(), {"PATH": os.defpath}, is_ready)
        return Part(
            program,
            logs=self.folder,
            book=ProcessBook(self.book),
            changed=lambda part: self.states.append(part.state),
            tell=self.notices.append,
        )


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


async def test_a_part_that_never_starts_is_given_up_with_its_last_words(watched: Watched) -> None:
    part = watched.part("echo cannot find my settings; exit 3", ready=lambda: False)
    with pytest.raises(PartFailed, match=r"part ended with code 3\. .*\n    cannot find my settings"):
        await part.start(10)
    await part.stop(1)


async def test_a_part_that_is_never_ready_is_given_up_when_time_is_over(watched: Watched) -> None:
    part = watched.part("exec sleep 60", ready=lambda: False)
    with pytest.raises(PartFailed, match="did not become ready in time"):
        await part.start(0.2)
    await part.stop(1)
    assert part.pid is None


async def test_a_program_that_does_not_exist_is_told_at_once(watched: Watched) -> None:
    async def never() -> bool:
        return False

    program = Program("part", ["/no/such/program"], myself(), {}, never)
    book = ProcessBook(watched.book)
    part = Part(program, logs=watched.folder, book=book, changed=lambda _: None, tell=watched.notices.append)
    with pytest.raises(FileNotFoundError):
        await part.start(10)


async def test_a_part_that_ends_again_and_again_is_started_at_growing_distances(watched: Watched) -> None:
    beats = watched.folder / "beats"
    part = watched.part(f"date +%s.%N >> {beats}; [ $(wc -l < {beats}) -lt 4 ] || exec sleep 60; sleep 0.05")
    await part.start(10)
    await eventually(lambda: beats.exists() and len(beats.read_text().split()) == 4)
    times = [float(line) for line in beats.read_text().split()]
    first, second, third = (after - before for before, after in itertools.pairwise(times))
    assert 0.1 < first < third
    assert second < third
    await part.stop(1)
    assert watched.states[-1] is State.STOPPED


async def test_a_part_that_cannot_be_started_again_just_now_is_tried_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = watched.part("exec sleep 60")
    await part.start(10)
    refused = iter([OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)), OSError(errno.ENOSPC, "full")])
    spawn = part._spawn

    async def scarce() -> asyncio.subprocess.Process:
        if (error := next(refused, None)) is not None:
            raise error
        return await spawn()

    monkeypatch.setattr(part, "_spawn", scarce)
    part.kill()
    await eventually(lambda: part.restarts == 3 and part.state is State.READY)
    assert any("could not be started" in notice.text for notice in watched.notices)
    await part.stop(2)


async def test_a_part_that_waits_to_be_started_again_is_stopped_at_once(watched: Watched) -> None:
    part = watched.part("sleep 0.02")
    await part.start(10)
    await eventually(lambda: part.restarts >= 4)
    began = time.monotonic()
    await part.stop(5)
    assert time.monotonic() - began < 1


async def test_a_part_that_ignores_the_signal_is_killed_with_all_it_started(watched: Watched) -> None:
    part = watched.part("trap '' TERM; sleep 61 & while true; do sleep 0.1; done")
    await part.start(10)
    group = part.pid
    assert group is not None
    await part.stop(0.3)

    def ended() -> bool:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        return False

    await eventually(ended)


async def test_a_part_that_was_told_to_stop_is_not_started_again(watched: Watched) -> None:
    part = watched.part("exec sleep 60")
    await part.start(10)
    await part.stop(2)
    assert part.restarts == 0
    assert watched.notices == []


async def test_a_pid_that_another_process_has_now_is_spared(watched: Watched) -> None:
    record = ProcessRecord.of("gateway", os.getpid())
    assert record is not None
    watched.book.write_text(f'[{{"name": "gateway", "pid": {os.getpid()}, "started": {record.started - 1}}}]')
    assert end_leftovers(watched.book) == []
    assert not watched.book.exists()


async def test_a_process_of_a_killed_supervisor_is_ended(watched: Watched) -> None:
    left = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", start_new_session=True, stdin=asyncio.subprocess.PIPE
    )
    ProcessBook(watched.book).note("gateway", left.pid)
    assert end_leftovers(watched.book) == ["gateway"]
    assert await left.wait() == -signal.SIGKILL
