"""Commands run once: streams apart, signals, exit code, and nothing lost on the way."""

import hashlib
from typing import Any

import pytest

from aether.testkit.eventually import eventually

from .conftest import Box
from .viewer import Viewer


async def run(box: Box, **message: Any) -> Viewer:
    viewer = await box.connect(f"/stream/terminal/exec/{box.project}", box.grant("exec"))
    viewer.frames_kept = []
    await viewer.tell(type="run", **message)
    return viewer


def out(viewer: Viewer, stream: int = 1) -> bytes:
    return b"".join(frame[1:] for frame in viewer.frames_kept or [] if frame[0] == stream)


async def code(viewer: Viewer) -> int:
    assert await viewer.ends(20) == 1000
    return int(viewer.told("exit")[0]["code"])


async def test_output_and_errors_come_apart_with_the_exit_code(box: Box) -> None:
    viewer = await run(box, command="echo out; echo err >&2; exit 3")
    assert await code(viewer) == 3
    assert (out(viewer), out(viewer, 2)) == (b"out\n", b"err\n")


async def test_words_arrive_as_they_are_given(box: Box) -> None:
    words = ["it's", 'a "b"', "$HOME", "two\nlines", "", "ü;&|"]
    viewer = await run(box, argv=["printf", "[%s]", *words], env={"X": "y"}, cwd="/")
    assert await code(viewer) == 0
    assert out(viewer).decode() == "".join(f"[{word}]" for word in words)


async def test_environment_and_folder_are_heeded_and_in_no_argument(box: Box) -> None:
    viewer = await run(
        box, command="echo $SECRET-$PWD; ps -eo args | grep -c 'hu[s]h'", cwd="/tmp", env={"SECRET": "hush"}
    )
    await code(viewer)
    assert out(viewer) == b"hush-/tmp\n0\n"


async def test_a_missing_folder_is_said_plainly(box: Box) -> None:
    viewer = await run(box, command="true", cwd="/no/such")
    assert await code(viewer) == 126
    assert out(viewer, 2) == b"aether: there is no folder /no/such\n"


async def test_input_reaches_the_command_and_ends(box: Box) -> None:
    viewer = await run(box, argv=["md5sum"])
    data = bytes(range(256)) * 8192
    for at in range(0, len(data), 100_000):
        await viewer.type(data[at : at + 100_000])
    await viewer.tell(type="eof")
    assert await code(viewer) == 0
    assert out(viewer).startswith(hashlib.md5(data).hexdigest().encode())


async def test_much_output_arrives_whole_though_its_reader_is_slow(box: Box) -> None:
    viewer = await run(box, command="head -c 20000000 /dev/zero; echo; echo last >&2; exit 4")
    viewer.reading.clear()
    await eventually(lambda: any(not c.writable for c in box.sockets()))
    viewer.reading.set()
    assert await code(viewer) == 4
    assert len(out(viewer)) == 20_000_001
    assert out(viewer, 2) == b"last\n"


@pytest.mark.parametrize(("name", "expected"), [("TERM", 143), ("SIGINT", 130), ("KILL", 137)])
async def test_a_signal_reaches_the_command(box: Box, name: str, expected: int) -> None:
    viewer = await run(box, argv=["sh", "-c", "echo ready; exec sleep 100"])
    await viewer.sees("ready")
    await viewer.tell(type="signal", name=name)
    assert await code(viewer) == expected


async def test_a_pty_is_given_where_one_is_asked_for(box: Box) -> None:
    viewer = await run(box, command="tty; stty size; read x; echo got-$x", pty=True, cols=91, rows=17)
    await viewer.sees("17 91")
    await viewer.type("word\r")
    assert await code(viewer) == 0
    assert b"got-word\r\n" in out(viewer)
    assert out(viewer).startswith(b"/dev/pts/")


async def test_an_order_that_makes_no_sense_is_refused_in_a_sentence(box: Box) -> None:
    for message in ({}, {"argv": ["a"], "command": "b"}, {"argv": "a"}, {"command": "a", "cols": 0}):
        viewer = await run(box, **message)
        await viewer.ends()
        assert viewer.problem is not None
        assert viewer.problem["status"] == 422


async def test_a_command_nobody_waits_for_is_hung_up(box: Box) -> None:
    viewer = await run(box, command="echo $$; sleep 300")
    await viewer.until(lambda: b"\n" in viewer.data)
    await viewer.close()
    pid = int(out(viewer))
    await eventually(lambda: not box.machine.runs(pid))


async def test_a_command_is_activity_once(box: Box) -> None:
    await code(await run(box, command="echo a; echo b"))
    await code(await run(box, command="echo c"))
    await eventually(lambda: box.has_said("activity.seen.v1"))
    assert sorted(event["kind"] for event in await box.said("activity.seen.v1")) == ["input", "output"]
