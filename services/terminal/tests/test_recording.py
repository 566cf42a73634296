"""Recordings: written as it happens, read back as asciicast v2, bounded and honest about gaps."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from aether.contracts.ids import TerminalId, new_id
from aether.contracts.problem import Unavailable
from aether.terminal.deps import recorder as recorders
from aether.terminal.deps.recorder import Recorder
from aether.terminal.domain.recording import MARK, OUTPUT, RESIZE, asciicast, pack, unpack
from aether.testkit.eventually import eventually

from .conftest import Box


async def played(chunks: list[bytes]) -> list[Any]:
    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    lines = asciicast(stream(), cols=80, rows=24, created_at=datetime.now(UTC), title="t")
    return [json.loads(line) for piece in [p async for p in lines] for line in piece.splitlines()]


def test_entries_come_back_and_output_of_one_moment_is_one_entry() -> None:
    chunk = pack([(5, OUTPUT, b"a"), (5, OUTPUT, b"b"), (9, RESIZE, b"80x24"), (9, OUTPUT, b"\xff")])
    assert list(unpack(chunk)) == [(5, OUTPUT, b"ab"), (9, RESIZE, b"80x24"), (9, OUTPUT, b"\xff")]


async def test_a_character_split_over_chunks_is_whole_and_invalid_bytes_are_replaced() -> None:
    euro = "€".encode()
    events = await played([pack([(1, OUTPUT, euro[:1])]), pack([(1500, OUTPUT, euro[1:] + b"\xff")])])
    assert events[0] | {"timestamp": 0} == {"version": 2, "width": 80, "height": 24, "timestamp": 0, "title": "t"}
    assert events[1:] == [[1.5, "o", "€\ufffd"]]


async def test_a_terminal_is_recorded_and_played_by_its_owner(box: Box) -> None:
    terminal = await box.open(cols=90, rows=25)
    viewer = await box.view(terminal)
    await viewer.type("echo reco''rded\r")
    await viewer.sees("recorded\r\n")
    await viewer.tell(type="resize", cols=70, rows=20)
    await viewer.until(lambda: viewer.told("resize"))
    url = f"http://127.0.0.1:{box.port}/stream/terminal/{terminal.id}/recording"
    async with httpx2.AsyncClient() as client:
        grant = box.grant("read", terminal.id)
        answer = await client.get(url, headers={"Authorization": f"Grant {grant}"})
        again = await client.get(url, headers={"Authorization": f"Grant {grant}"})
        wrong = await client.get(url, headers={"Authorization": f"Grant {box.grant('input', terminal.id)}"})
        nobody = await client.get(url)
    header, *events = [json.loads(line) for line in answer.text.splitlines()]
    assert (header["width"], header["height"], header["version"]) == (90, 25, 2)
    assert "recorded\r\n" in "".join(text for _, kind, text in events if kind == "o")
    assert [text for _, kind, text in events if kind == "r"] == ["70x20"]
    assert (again.status_code, wrong.status_code, nobody.status_code) == (401, 403, 401)
    assert nobody.headers["content-type"] == "application/problem+json"
    await viewer.close()


async def test_a_project_without_recording_keeps_nothing(box: Box) -> None:
    box.machine.recording = False
    terminal = await box.open(command="echo secret")
    assert not terminal.recorded
    await eventually(lambda: box.has_said("terminal.closed.v1"))
    async with box.database.reading() as db:
        assert await db.fetchval("SELECT count(*) FROM terminal.recording_chunk") == 0


class Shelf:
    """Keeps chunks, or is away."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.away = False

    async def keep(self, _terminal: TerminalId, chunk: bytes) -> None:
        if self.away:
            raise Unavailable
        self.chunks.append(chunk)

    def recorder(self, limit: int = 1 << 20) -> Recorder:
        return Recorder(TerminalId(new_id()), datetime.now(UTC), self.keep, size=0, limit=limit)

    def entries(self) -> list[tuple[bytes, bytes]]:
        return [(kind, data) for chunk in self.chunks for _, kind, data in unpack(chunk)]


async def test_a_recording_that_reaches_its_limit_says_so_and_stops() -> None:
    shelf = Shelf()
    recorder = shelf.recorder(limit=40)
    recorder.output(bytes(range(256)))
    await recorder.finish()
    recorder.output(b"more")
    await recorder.finish()
    assert [kind for kind, _ in shelf.entries()] == [MARK]
    assert recorder.full


async def test_while_postgres_is_away_output_is_kept_up_to_a_bound_and_the_gap_is_marked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorders, "GATHER_BYTES", 100)
    monkeypatch.setattr(recorders, "WAITING_BYTES", 1000)
    monkeypatch.setattr(recorders, "RETRY_SECONDS", 0.01)
    shelf = Shelf()
    shelf.away = True
    recorder = shelf.recorder()
    recorder.output(b"a" * 100)
    await eventually(lambda: recorder._writer is not None and not recorder._entries)
    for _ in range(3):
        recorder.output(b"b" * 600)
    recorder.output(b"c" * 50)
    shelf.away = False
    await recorder.finish()
    assert shelf.entries()[0] == (OUTPUT, b"a" * 100)
    assert shelf.entries()[1] == (MARK, b"Some output is missing here")
    assert shelf.entries()[-1][1].endswith(b"c" * 50)
