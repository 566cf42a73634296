"""Text from machines and vendors, made fit for people: valid, without controls, and short."""

import re

LINE = 240
MESSAGE = 4000
# Controls but newline and tab; and the marks that turn the direction of text around.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?<=>!]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def line(text: str, length: int = LINE) -> str:
    """One line, its spaces joined; an ellipsis where it was cut."""
    joined = " ".join(_clean(text).split())
    return joined if len(joined) <= length else joined[: length - 1] + "…"


def message(text: str, length: int = MESSAGE) -> str:
    """Lines as they are, without escape sequences and controls; the end is kept where it was too long."""
    clean = _clean(text)
    return clean if len(clean) <= length else "…" + clean[-(length - 1) :]


def _clean(text: str) -> str:
    return _CONTROL.sub("", _SEQUENCE.sub("", text)).strip()
