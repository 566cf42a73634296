"""Titles, bells and notices: found in any stream, however it is cut."""

import random

import pytest

from aether.terminal.domain.activity import Rate
from aether.terminal.domain.replies import typed
from aether.terminal.domain.signals import Scanner, Signal, clean

STREAM = (
    b"plain \x1b[31mred\x1b]0;first title\x07 more\x07\x1b]2;second\x1b\\"
    b"\x1b]9;look here\x07\x1b]777;notify;Build;done \xc3\xa9\x07\x1b]9;4;1;50\x07\x1b]8;;http://x\x07link\x1b]8;;\x07"
    b"\x1bPq\x07sixel\x1b\\\x1b]7501;state=blocked;kind=permission\x1b\\\x1b]7501;state=done\x07end"
)
FOUND = [
    Signal("title", "first title"),
    Signal("bell"),
    Signal("title", "second"),
    Signal("notify", "look here"),
    Signal("notify", "Build: done é"),
    Signal("report", "state=blocked;kind=permission"),
    Signal("report", "state=done"),
]


def test_signals_are_found_in_one_piece() -> None:
    assert Scanner().scan(STREAM) == FOUND


@pytest.mark.parametrize("seed", range(40))
def test_signals_are_found_however_the_stream_is_cut(seed: int) -> None:
    dice, scanner, rest, found = random.Random(seed), Scanner(), STREAM, []
    while rest:
        size = dice.randint(1, 9)
        found += scanner.scan(rest[:size])
        rest = rest[size:]
    assert found == FOUND


def test_a_sequence_without_an_end_is_not_carried_for_ever() -> None:
    scanner = Scanner()
    scanner.scan(b"\x1b]0;" + b"x" * 10_000)
    assert len(scanner._carry) <= 4096
    assert scanner.scan(b"\x07") == [Signal("bell")]


def test_a_rate_lets_so_many_through_in_any_second() -> None:
    rate = Rate(3)
    assert [rate.allows(now) for now in (0.0, 0.1, 0.2, 0.3, 0.9, 1.0, 1.05, 1.1, 1.15)] == [
        True, True, True, False, False, True, False, True, False
    ]  # fmt: skip


def test_machine_text_is_cleaned_and_bounded() -> None:
    assert clean(b"a\x00b\x1b[31m\xffc\xe2\x80\xae", 100) == "ab[31m\ufffdc"
    assert clean("é".encode() * 500, 10) == "é" * 10


@pytest.mark.parametrize(
    "answer",
    [b"\x1b[?1;2c", b"\x1b[I", b"\x1b[O", b"\x1b[12;40R", b"\x1b]11;rgb:0000/0000/0000\x1b\\", b"\x1b[I\x1b[0n"],
)
def test_what_an_emulator_answers_by_itself_is_not_typing(answer: bytes) -> None:
    assert not typed(answer)


@pytest.mark.parametrize(
    "keys", [b"a", b"\x1b", b"\x1b[A", b"\x1bOP", b"\x1b[200~text\x1b[201~", b"\x1b[Ix", b"\r"]
)
def test_what_a_person_presses_is_typing(keys: bytes) -> None:
    assert typed(keys)
