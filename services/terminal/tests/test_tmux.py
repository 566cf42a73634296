"""tmux's language: control mode in pieces of any size, and screens put together from its answers."""

import random
from typing import Any

import pytest

from aether.terminal.adapters.script import exports, quoted
from aether.terminal.adapters.tmux.control import ControlParser, unescape
from aether.terminal.adapters.tmux.queries import CANCEL, QueryFilter
from aether.terminal.adapters.tmux.snapshot import FIELDS, Pane, bounded, compose, standing_lines


class Heard:
    """Everything a parser tells, in order; output that follows output is one."""

    def __init__(self) -> None:
        self.all: list[Any] = []

    def output(self, data: bytes) -> None:
        if self.all and self.all[-1][0] == "output":
            data = self.all.pop()[1] + data
        self.all.append(("output", data))

    def begin(self) -> None:
        self.all.append(("begin",))

    def reply(self, lines: list[bytes], *, ok: bool) -> None:
        self.all.append(("reply", lines, ok))

    def notice(self, name: bytes, rest: bytes) -> None:
        self.all.append(("notice", name, rest))


STREAM = (
    b"%begin 1 5 0\nno such session\n%error 1 5 0\n%session-changed $0 name\n"
    b"%output %3 one\\015\\012\n%output %3 two\\134015\n%output %4 not ours\n"
    b"%begin 2 6 1\n%output is text here\n%end 9 9 9\n%end 2 6 1\n"
    b"%output %3 \\033[31m\xc3\xa9\xff\\011\\000\n%begin 3 7 1\n%error 3 7 1\n%window-renamed @0 exited 7\n"
)
TOLD: list[Any] = [
    ("notice", b"error", b"no such session"),
    ("notice", b"session-changed", b"$0 name"),
    ("output", b"one\r\ntwo\\015"),
    ("begin",),
    ("reply", [b"%output is text here", b"%end 9 9 9"], True),
    ("output", b"\x1b[31m\xc3\xa9\xff\t\x00"),
    ("begin",),
    ("reply", [], False),
    ("notice", b"window-renamed", b"@0 exited 7"),
]


@pytest.mark.parametrize("seed", range(30))
def test_control_mode_is_understood_in_pieces_of_any_size(seed: int) -> None:
    dice, heard, rest = random.Random(seed), Heard(), STREAM
    parser = ControlParser(heard)
    parser.follow(b"%3")
    while rest:
        size = dice.randint(1, 40)
        parser.feed(rest[:size])
        rest = rest[size:]
    told = [what for what in heard.all if what != ("notice", b"output", b"%4 not ours")]
    assert [what for what in told if what[0] != "output"] == [what for what in TOLD if what[0] != "output"]
    assert output_of(told) == output_of(TOLD)


def output_of(told: list[Any]) -> bytes:
    return b"".join(what[1] for what in told if what[0] == "output")


def test_any_bytes_survive_tmuxs_octal() -> None:
    data = random.Random(1).randbytes(200_000) + b"\\015\\\\134\\\\"
    escaped = b"".join(b"\\%03o" % byte if byte < 32 or byte == 92 else bytes([byte]) for byte in data)
    assert unescape(escaped) == data


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_question_is_taken_out_however_it_is_cut(cut: int) -> None:
    stream, questions = b"ab\x1b[>0ccd", QueryFilter()
    passed = questions.pass_on(stream[:cut]) + questions.pass_on(stream[cut:])
    shown = passed.split(CANCEL)
    assert shown[0].rstrip(b"\x1b[>0") + shown[-1] in (b"abcd", b"abcdabcd")


@pytest.mark.parametrize("sequence", [b"\x1b[31m", b"\x1b[5;5H", b"\x1b[6 q", b"\x1b]11;?\x07", b"\x1b[50;1H"])
def test_what_is_no_question_passes_whole_however_it_is_cut(sequence: bytes) -> None:
    for cut in range(len(sequence) + 1):
        questions = QueryFilter()
        assert questions.pass_on(sequence[:cut]) + questions.pass_on(sequence[cut:]) == sequence


def test_each_line_stands_with_its_own_colours() -> None:
    lines = [b"\x1b[31mred", b"still red\x1b[1m bold", b"\x1b[0mplain", b"more"]
    assert standing_lines(lines) == [
        b"\x1b[31mred\x1b[m",
        b"\x1b[31mstill red\x1b[1m bold\x1b[m",
        b"\x1b[31m\x1b[1m\x1b[0mplain",
        b"more",
    ]


def pane(**values: int) -> Pane:
    usual = {"pane_width": 80, "pane_height": 24, "scroll_region_lower": 23, "cursor_flag": 1, "wrap_flag": 1}
    line = " ".join(str({**usual, **values}.get(name, 0)) for name in FIELDS[:-1])
    return Pane.read(f"{line} cat".encode())


def test_modes_and_cursor_are_restored() -> None:
    there = pane(cursor_x=4, cursor_y=2, mouse_sgr_flag=1, mouse_all_flag=1, keypad_cursor_flag=1)
    drawn = compose(there, [[b""], [b"a", b"b"], [b"old", b"a", b"b"]], pasting=True)
    assert drawn == b"old\r\na\r\nb\x1b[3;5H\x1b[?1h\x1b[?1003h\x1b[?1006h\x1b[?2004h"


def test_a_cursor_behind_the_last_column_is_brought_there_by_writing_the_line() -> None:
    full = b"x" * 80
    drawn = compose(pane(cursor_x=80, cursor_y=0), [[b""], [full], [full]], pasting=False)
    assert drawn == full + b"\x1b[1;1H" + full


def test_a_sequence_that_has_only_begun_is_handed_on() -> None:
    drawn = compose(pane(), [[b"\\033[3"], [b""], [b""]], pasting=False)
    assert drawn.endswith(b"\x1b[3")


def test_a_scrollback_too_large_loses_its_oldest_lines() -> None:
    lines = [b"x" * 1000] * 20_000
    assert len(bounded(lines)) == 8 * 1024 * 1024 // 1002


def test_words_are_quoted_for_one_line_of_sh() -> None:
    assert quoted("plain/word-1") == "plain/word-1"
    assert quoted("it's\ntwo") == "'it'\\''s'\"$n\"'two'"
    assert exports({"A": "1", "B-C": "2", "D": "x y"}) == "export A=1; export D='x y'; "
