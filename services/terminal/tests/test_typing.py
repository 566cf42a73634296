"""Typing for others: once for each key whatever happens in between, as one paste, and proven by the screen."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from aether.contracts.ids import AccountId, TerminalId, new_id
from aether.contracts.problem import Invalid, NotFound, Refusal
from aether.contracts.terminal import TerminalView, Typed, TypeText
from aether.terminal.deps import typist
from aether.terminal.errors import TerminalClosed
from aether.testkit.eventually import eventually

from .conftest import Box

# Writes down what it is sent as it is sent it, and echoes what can be shown. With "marked" it wants pastes marked.
RAW = r"""
import os, sys, termios, tty
marked, quiet = "marked" in sys.argv, "quiet" in sys.argv
tty.setraw(0)
sys.stdout.write(("\x1b[?2004h" if marked else "") + "up>")
sys.stdout.flush()
with open(os.path.expanduser("~/heard"), "ab", buffering=0) as heard:
    while data := os.read(0, 65536):
        heard.write(data)
        if not quiet:
            os.write(1, bytes(b for b in data if b >= 32).replace(b"[200~", b"").replace(b"[201~", b""))
        if data.endswith(b"\x04"):
            break
"""


async def raw(box: Box, *words: str) -> TerminalView:
    """A program that reads its terminal byte for byte, as agents do, and is ready."""
    (box.machine.home / "raw.py").write_text(RAW)
    terminal = await box.open(command=f"exec python3 ~/raw.py {' '.join(words)}")
    await shows(box, terminal, "up>")
    return terminal


def heard(box: Box) -> bytes:
    path = box.machine.home / "heard"
    return path.read_bytes() if path.exists() else b""


async def hears(box: Box, expected: bytes) -> None:
    """The program has been sent this and nothing else."""
    await eventually(lambda: len(heard(box)) >= len(expected))
    assert heard(box) == expected


async def typed(box: Box, terminal: TerminalView, key: str = "one", **what: str) -> bool:
    answer: Typed = await box.ask(TypeText(account_id=box.account, terminal_id=terminal.id, key=key, **what))
    return answer.appeared


async def shows(box: Box, terminal: TerminalView, text: str) -> None:
    async def shown() -> bool:
        return any(text in line for line in await box.screen(terminal))

    await eventually(shown)


async def test_a_text_appears_and_enter_follows(box: Box) -> None:
    terminal = await box.open()
    await shows(box, terminal, "$")
    assert await typed(box, terminal, text="echo sum-$((40+2))")
    await shows(box, terminal, "sum-42")


async def test_the_same_key_types_nothing_more_and_is_answered_as_before(box: Box) -> None:
    terminal = await raw(box)
    assert await typed(box, terminal, text="hello")
    assert await typed(box, terminal, text="hello")
    assert await typed(box, terminal, text="another text")
    await hears(box, b"hello\r")
    assert await typed(box, terminal, key="two", text="hello")
    await hears(box, b"hello\rhello\r")


async def test_twenty_at_once_with_one_key_are_one(box: Box) -> None:
    terminal = await raw(box)
    assert all(await asyncio.gather(*(typed(box, terminal, text="once") for _ in range(20))))
    await hears(box, b"once\r")


async def test_texts_that_come_at_once_do_not_mingle(box: Box) -> None:
    terminal = await raw(box)
    texts = [f"text {n:02} " + "x" * n for n in range(8)]
    assert all(await asyncio.gather(*(typed(box, terminal, key=text, text=text) for text in texts)))
    await eventually(lambda: heard(box).count(b"\r") == len(texts))
    assert sorted(heard(box).decode().split("\r")[:-1]) == sorted(texts)


@pytest.mark.parametrize("died", ["before the paste", "before enter", "before it was noted"])
async def test_after_a_crash_in_the_middle_the_same_key_ends_in_one(box: Box, died: str) -> None:
    terminal = await raw(box)
    shell = await box.terminals.live[terminal.id].shell(5)
    if died != "before the paste":
        assert await shell.paste("one", "hello")
    if died == "before it was noted":
        assert await shell.press("one enter", b"\r")
    await box.die()
    await box.start()
    assert await typed(box, terminal, text="hello")
    await hears(box, b"hello\r")


async def test_a_broken_connection_in_the_middle_is_tried_again_by_whoever_asked(box: Box) -> None:
    terminal = await raw(box)
    for number in range(5):
        box.machine.cut()
        text = f"again {number}"
        await until_typed(box, terminal, text)
    await hears(box, b"".join(b"again %d\r" % number for number in range(5)))


async def until_typed(box: Box, terminal: TerminalView, text: str) -> None:
    async def done() -> bool:
        try:
            return await typed(box, terminal, key=text, text=text)
        except Refusal as refusal:
            if refusal.status != 503:
                raise
            return False

    await eventually(done)


@pytest.mark.parametrize("marked", [True, False])
async def test_lines_come_as_one_paste_that_is_marked_where_the_program_asked_for_it(
    box: Box, *, marked: bool
) -> None:
    terminal = await raw(box, "marked" if marked else "")
    text = "one; 'two' \"three\" $HOME #{x} \\ ~\n\tfour {\n}five äö€😀;"
    assert await typed(box, terminal, text=text)
    body = text.encode()
    await hears(box, (b"\x1b[200~" + body + b"\x1b[201~" if marked else body) + b"\r")


async def test_nothing_in_a_text_ends_the_paste_or_is_a_key(box: Box) -> None:
    terminal = await raw(box, "marked")
    assert await typed(box, terminal, text="a\x1b[201~\x03b\r\nc\x9b\n")
    await hears(box, b"\x1b[200~a[201~b\nc\x1b[201~\r")


async def test_a_text_of_64_kb_arrives_whole(box: Box) -> None:
    terminal = await raw(box)
    text = "".join(f"{n:07} " for n in range(8191))
    assert await typed(box, terminal, text=text)
    await hears(box, text.encode() + b"\r")


async def test_keys_are_sent_as_they_are_once(box: Box) -> None:
    terminal = await raw(box)
    assert await typed(box, terminal, keys="1")
    assert await typed(box, terminal, keys="1")
    assert await typed(box, terminal, key="down", keys="\x1b[B")
    await hears(box, b"1\x1b[B")


async def test_a_program_that_shows_nothing_gets_enter_all_the_same(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typist, "APPEAR_SECONDS", 0.2)
    terminal = await raw(box, "quiet")
    assert not await typed(box, terminal, text="secret")
    assert not await typed(box, terminal, text="secret")
    await hears(box, b"secret\r")


async def test_without_tmux_it_is_typed_once_too(box: Box) -> None:
    box.machine.tmux = False
    terminal = await raw(box, "marked")
    assert await typed(box, terminal, text="hello")
    assert await typed(box, terminal, text="hello")
    assert await typed(box, terminal, key="key", keys="y")
    await hears(box, b"\x1b[200~hello\x1b[201~\ry")


async def test_it_counts_as_a_persons_input(box: Box) -> None:
    terminal = await raw(box)
    await typed(box, terminal, text="hello")
    await eventually(lambda: box.has_said("activity.seen.v1"))
    assert "input" in {event["kind"] for event in await box.said("activity.seen.v1")}


@pytest.mark.parametrize("what", [{}, {"text": "a", "keys": "b"}])
async def test_a_text_or_keys_are_given_and_not_both(box: Box, what: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await typed(box, await box.open(), **what)


async def test_a_terminal_that_has_ended_takes_nothing_and_answers_for_what_it_took(box: Box) -> None:
    terminal = await raw(box)
    assert await typed(box, terminal, text="hello")
    assert await typed(box, terminal, key="end", keys="\x04")
    await eventually(lambda: box.has_said("terminal.closed.v1"))
    with pytest.raises(TerminalClosed):
        await typed(box, terminal, key="two", text="more")
    assert await typed(box, terminal, text="hello")


async def test_a_foreign_terminal_is_as_missing_as_none(box: Box) -> None:
    terminal = await box.open()
    for account, terminal_id in ((AccountId(new_id()), terminal.id), (box.account, TerminalId(new_id()))):
        with pytest.raises(NotFound):
            await box.ask(TypeText(account_id=account, terminal_id=terminal_id, text="x", key="one"))
    assert not Path(box.machine.home, "heard").exists()
