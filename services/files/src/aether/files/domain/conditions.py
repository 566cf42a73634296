"""Conditional and partial requests, RFC 9110: ETags, If-…, Range."""

import re
from dataclasses import dataclass
from typing import Literal

from aether.contracts.problem import Invalid

Unsatisfiable = Literal["unsatisfiable"]
TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
TAGS = re.compile(rf"\s*{TAG.pattern}\s*(?:,\s*{TAG.pattern}\s*)*\Z")
BARE = re.compile(r"\s*[0-9A-Za-z_-]+\s*\Z")
RANGE = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*\Z")


@dataclass(frozen=True)
class Span:
    """A part of a file: `length` bytes from `start`. Never empty."""

    start: int
    length: int

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def span_of(header: str | None, size: int) -> Span | Unsatisfiable | None:
    """What a Range header asks of a file of so many bytes. None means all of it: for no header, for one that is
    malformed or in other units, and for more than one range, which a server may ignore."""
    match = RANGE.match(header) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        return Span(size - length, length) if length else "unsatisfiable"
    if last and int(last) < int(first):
        return None
    start = int(first)
    if start >= size:
        return "unsatisfiable"
    return Span(start, min(int(last) if last else size, size - 1) - start + 1)


def tags(header: str, *, strong: bool) -> set[str] | None:
    """The ETags in a list, unquoted; None for `*`. With `strong`, weak ones are left out. Raises Invalid.

    One alone may come without its quotes, as it stands in JSON.
    """
    if header.strip() == "*":
        return None
    if BARE.match(header):
        return {header.strip()}
    if not TAGS.match(header):
        raise Invalid('An ETag in a header is not written as it should be: "…".')
    return {tag for weak, tag in TAG.findall(header) if not (strong and weak)}


def not_modified(if_none_match: str | None, etag: str) -> bool:
    """Whether a reader who has these already has this."""
    if if_none_match is None:
        return False
    known = tags(if_none_match, strong=False)
    return known is None or etag in known


def range_holds(if_range: str | None, etag: str) -> bool:
    """Whether the part asked for is of the file that the asker began to read. A date is never strong enough."""
    return if_range is None or if_range.strip() == quoted(etag)


def quoted(etag: str) -> str:
    return f'"{etag}"'
