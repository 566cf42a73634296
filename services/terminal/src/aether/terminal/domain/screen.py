"""A session's screen as plain text, and what it says of something that was just typed.

Everything on it is data from the machine.
"""

import re
from collections.abc import Sequence

from aether.terminal.domain.signals import without_controls

LINE_LENGTH = 2000
TAIL = 40  # letters and digits at the end of a text by which it is known again
LONG = 300  # of a text this long, or of several lines, a program may show a placeholder only

_SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])"
)
_NEITHER_WORD_NOR_LINE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(lines: Sequence[bytes], most: int) -> list[str]:
    """The last `most` lines for people, without the empty ones at the end."""
    shown = [without_controls(line.decode("utf-8", "replace"))[:LINE_LENGTH].rstrip() for line in lines]
    while shown and not shown[-1]:
        shown.pop()
    return shown[-most:]


def plain_output(data: bytes, most: int) -> list[str]:
    """The same from output alone, where nobody keeps the screen: true for what is written line after line."""
    lines = _SEQUENCE.sub(b"", data).replace(b"\r\n", b"\n").split(b"\n")
    return plain([line.rpartition(b"\r")[2] for line in lines], most)


def typeable(text: str) -> str:
    """A text as it may be pasted: nothing in it ends the paste or is a key of its own, and Enter is not in it."""
    return _NEITHER_WORD_NOR_LINE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).rstrip("\n")


def has_appeared(text: str, before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether the screen shows a text that it did not show before, whatever it has drawn around it.

    A program may put a long text's place in its stead, so of one any change will do; and of one without a letter.
    """
    tail = _letters(text)[-TAIL:]
    if not tail or len(text) > LONG or "\n" in text.strip():
        return list(after) != list(before)
    return _letters("".join(after)).count(tail) > _letters("".join(before)).count(tail)


def _letters(text: str) -> str:
    """Borders, blanks and the ends of lines are the program's own, and break a text where they like."""
    return "".join(character for character in text if character.isalnum())
