"""What a program says of itself in its output: its title, a bell, a notice, how far it is.

The text comes from the machine and is data: control characters are taken out and its length is bounded.
"""

import re
from dataclasses import dataclass
from typing import Literal

TITLE_LENGTH = 256
NOTICE_LENGTH = 1024
CARRY = 4096  # a sequence that is longer than this is not one

_SEQUENCE = re.compile(rb"\x1b\](\d{1,4});([^\x07\x1b]*)(?:\x07|\x1b\\)|\x07|\x1b[PX^_][^\x1b]*\x1b\\")
_UNFINISHED = re.compile(rb"\x1b(?:\](?:\d{0,4}|\d{1,4};[^\x07\x1b]*\x1b?)|[PX^_][^\x1b]*\x1b?)?\Z")
# Cc are controls, Cf holds the marks that turn the direction of text around.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Signal:
    kind: Literal["title", "bell", "notify", "report"]
    text: str = ""


class Scanner:
    """Finds signals in a stream that comes in pieces. A sequence may be split over two of them."""

    __slots__ = ("_carry",)

    def __init__(self) -> None:
        self._carry = b""

    def scan(self, data: bytes) -> list[Signal]:
        """The signals in this piece. Most pieces hold none, and cost a few searches for a byte."""
        if self._carry:
            data = self._carry + data
            self._carry = b""
        end, tail = len(data), max(0, len(data) - CARRY)
        if data.find(b"\x1b", tail) >= 0 and (unfinished := _UNFINISHED.search(data, tail)):
            end, self._carry = unfinished.start(), unfinished.group()
        if b"\x07" not in data and b"\x1b]" not in data:
            return []
        matches = _SEQUENCE.finditer(data, 0, end)
        return [signal for match in matches if (signal := _signal(match)) is not None]


def _signal(match: re.Match[bytes]) -> Signal | None:
    if match.group() == b"\x07":
        return Signal("bell")
    if match.group(1) is None:
        return None
    number, text = int(match.group(1)), match.group(2)
    if number in (0, 2):
        return Signal("title", clean(text, TITLE_LENGTH))
    return _notice(number, text)


def _notice(number: int, text: bytes) -> Signal | None:
    if number == 7501:
        return Signal("report", clean(text, NOTICE_LENGTH))
    if number == 9 and not text.startswith(b"4;"):  # 9;4 is ConEmu's progress bar
        return Signal("notify", clean(text, NOTICE_LENGTH))
    if number == 777 and text.startswith(b"notify;"):
        title, _, body = text.removeprefix(b"notify;").partition(b";")
        return Signal("notify", clean(b": ".join(part for part in (title, body) if part), NOTICE_LENGTH))
    return None


def without_controls(text: str) -> str:
    """What may be shown of it."""
    return _CONTROL.sub("", text)


def clean(text: bytes, length: int) -> str:
    """Machine text for people: valid, without controls, at most `length` characters."""
    return without_controls(text[: length * 4].decode("utf-8", "replace"))[:length].strip()
