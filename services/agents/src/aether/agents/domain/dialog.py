"""Whether the dialog on a screen is that of a certain question: keys are pressed into whatever stands there."""

import re
from collections.abc import Sequence

from aether.agents.domain.screen import FRAME

LOOKED_AT = 160  # letters of a text that count, from its beginning or its end: a dialog may not show all of it
BROKEN = 12  # from so many letters on a text is found wherever its lines are broken, also within a word


def marks(*texts: str) -> tuple[str, ...]:
    """The beginnings and the ends of texts, as a screen is searched for them."""
    found: list[str] = []
    for text in texts:
        words = " ".join(_words(text))
        found += [words[:LOOKED_AT].strip(), words[-LOOKED_AT:].strip()]
    return tuple(dict.fromkeys(mark for mark in found if mark))


def shows(lines: Sequence[str], shown: Sequence[str], above: Sequence[str]) -> bool:
    """Whether one of the marks stands below the last match of one of the patterns."""
    text = "\n".join(lines)
    start = max((found.end() for each in above for found in re.finditer(each, text, re.MULTILINE)), default=0)
    words = _words(FRAME.sub(" ", text[start:]))
    spaced, joined = f" {' '.join(words)} ", "".join(words)
    return any(f" {mark} " in spaced or _is_within(mark.replace(" ", ""), joined) for mark in shown)


def _is_within(mark: str, joined: str) -> bool:
    return len(mark) >= BROKEN and mark in joined


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)
