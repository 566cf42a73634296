"""What the lines of a terminal's screen say of an agent that says nothing of itself."""

import re
from collections.abc import Sequence

from aether.agents.domain.report import Asked, Option
from aether.agents.domain.text import line, message

LOOKED_AT = 15  # lines from the end in which a question is looked for
LAST_LINES = 12
OPTIONS = 9

# What programs of all kinds ask with, beside what an agent's entry in the catalog names.
ASKS = (
    r"[\[(][Yy](?:es)?/[Nn](?:o)?[\])]\W*$",
    r"(?i)\b(?:password|passphrase)\b[^:]*:\s*$",
    r"(?i)\bpress (?:enter|return|any key)\b",
    r"\?\s*$",
)
_YES_NO = re.compile(r"[\[(]([Yy])(?:es)?/([Nn])(?:o)?[\])]")
_CHOICE = re.compile(r"^\s*(?:[❯>›▸*→]\s*)?([1-9])[.)]\s+(\S.*)$")
# Frames around boxes, and lines made of nothing else.
FRAME = re.compile(r"[\u2500-\u259f]")
_RULE = re.compile(r"^[\s\-=_*~·.]*$")


def asks(lines: Sequence[str], patterns: Sequence[str]) -> Asked | None:
    """The question that stands at the end of a screen, if one does. A pattern that is none matches nothing."""
    shown = _plain(lines)[-LOOKED_AT:]
    text = "\n".join(shown)
    if not text or not any(_found(pattern, text, shown[-1]) for pattern in (*patterns, *ASKS)):
        return None
    return Asked("question", message("\n".join(_paragraph(shown))), options(shown))


def shows(lines: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether one of the patterns is found at the end of a screen."""
    text = "\n".join(_plain(lines)[-LOOKED_AT:])
    return any(re.search(pattern, text, re.MULTILINE) for pattern in patterns)


def _found(pattern: str, text: str, last: str) -> bool:
    # What programs in general ask with counts at the very end only; it may stand anywhere else without a question.
    try:
        return re.search(pattern, last if pattern in ASKS else text, re.MULTILINE) is not None
    except re.error:
        return False


def _paragraph(lines: Sequence[str]) -> list[str]:
    """The last lines, back to an empty one that has at least two lines behind it."""
    start = len(lines)
    while start > 0 and (lines[start - 1].strip() or len(lines) - start < 2):
        start -= 1
    return list(lines[start:])


def options(lines: Sequence[str]) -> tuple[Option, ...]:
    """Numbered choices are one key each; yes or no is a letter and Enter."""
    numbered: dict[str, Option] = {}
    for text in lines:
        if choice := _CHOICE.match(text):
            number = choice.group(1)
            numbered[number] = Option(number, line(choice.group(2), 80), keys=number)
    if len(numbered) > 1 and list(numbered) == [str(n) for n in range(1, len(numbered) + 1)]:
        return tuple(numbered.values())[:OPTIONS]
    if lines and _YES_NO.search(lines[-1]):
        return (Option("yes", "Yes", keys="y\r"), Option("no", "No", keys="n\r"))
    return ()


def last_message(lines: Sequence[str]) -> str:
    """The last lines that say something."""
    return message("\n".join(_plain(lines)[-LAST_LINES:]))


def _plain(lines: Sequence[str]) -> list[str]:
    """Without frames and rules; empty lines at the end are gone."""
    plain = [FRAME.sub("", text).rstrip() for text in lines]
    kept = ["" if _RULE.match(text) else text for text in plain]
    while kept and not kept[-1].strip():
        kept.pop()
    return kept
