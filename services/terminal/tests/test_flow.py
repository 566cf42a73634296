"""Nobody slows anybody: who stops reading, who only looks on, and whose network died."""

import asyncio
import re

import psutil
import pytest

from aether.terminal.domain import pace
from aether.terminal.domain.pace import LAG, PATIENCE, RELEASE, Pace, holds_back
from aether.testkit.eventually import eventually

from .conftest import Box
from .viewer import Viewer

LINES = 400_000  # 30 MB


def setting(lag: int, heard_at: float = 0.0) -> Pace:
    return Pace(sets_pace=True, floor=-LAG * 9, acked=1000 - lag, heard_at=heard_at)


def test_a_typing_viewer_that_lags_holds_the_machine_until_it_has_caught_up() -> None:
    assert not holds_back([setting(LAG)], 1000, 1.0, held=False)
    assert holds_back([setting(LAG + 1)], 1000, 1.0, held=False)
    assert holds_back([setting(RELEASE + 1)], 1000, 1.0, held=True)
    assert not holds_back([setting(RELEASE)], 1000, 1.0, held=True)


def test_an_onlooker_holds_nobody() -> None:
    looking = Pace(sets_pace=False, floor=-LAG * 9, acked=-LAG * 9, heard_at=0.0)
    assert not holds_back([looking], 1000, 0.0, held=False)


def test_a_silent_viewer_holds_the_machine_only_so_long_and_less_in_company() -> None:
    silent = setting(LAG * 2)
    assert holds_back([silent], 1000, PATIENCE, held=True)
    assert not holds_back([silent], 1000, PATIENCE + 1, held=True)
    assert not holds_back([silent, setting(0)], 1000, 2.0, held=True)


def test_bytes_of_a_snapshot_hold_nobody() -> None:
    assert Pace(sets_pace=True, floor=990, acked=-LAG * 4, heard_at=0.0).lag(1000) == 10


async def flood(box: Box, viewer: Viewer) -> None:
    text = "".join(f"line-{number:09d} {'x' * 58}\n" for number in range(LINES))
    (box.machine.home / "flood").write_text(text)
    await viewer.type("cat ~/flood; echo do'ne'\r")


async def test_a_viewer_that_stops_reading_costs_little_memory_and_loses_nothing(box: Box) -> None:
    viewer = await box.view(await box.open(), query="?cols=120&rows=30")
    await viewer.type("echo wa''rm\r")
    await viewer.sees("warm")
    process = psutil.Process()
    viewer.reading.clear()
    await flood(box, viewer)
    session = next(iter(box.terminals.live.values()))
    await eventually(lambda: session._held, within=10)
    before = process.memory_info().rss
    await asyncio.sleep(2)
    assert process.memory_info().rss - before < 16 * 1024 * 1024
    viewer.reading.set()
    await viewer.sees("done\r\n", within=60)
    found = re.findall(rb"line-(\d{9}) x{58}\r\n", bytes(viewer.data))
    assert [int(number) for number in found] == list(range(LINES))
    await viewer.close()


async def test_an_onlooker_that_stops_reading_slows_nobody_and_is_brought_up_to_date(box: Box) -> None:
    terminal = await box.open()
    typing = await box.view(terminal)
    looking = await box.view(terminal, "watch")
    looking.reading.clear()
    await flood(box, typing)
    await typing.sees("done\r\n", within=60)
    looking.reading.set()
    await looking.until(lambda: looking.told("epoch"), within=30)
    await looking.sees("done\r\n")
    epoch = looking.told("epoch")[-1]["epoch"]
    assert epoch != typing.epoch
    assert not typing.told("epoch")
    await typing.type("echo af''ter\r")
    await looking.sees("after")
    await typing.close()
    await looking.close()


async def test_a_silent_viewer_is_brought_up_to_date_when_it_speaks_again(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "PATIENCE", 0.5)
    viewer = await box.view(await box.open(), query="?cols=120&rows=30")
    viewer.acks = False
    await flood(box, viewer)
    session = next(iter(box.terminals.live.values()))
    # What was sent may still be on its way here, so it is the sender who knows what the ring has lost.
    await eventually(lambda: not session.ring.holds(session.viewers[0].sent), within=30)
    viewer.acks = True
    await viewer.ack()
    await viewer.until(lambda: viewer.told("epoch"))
    await viewer.sees("done\r\n", within=60)
    await viewer.close()
