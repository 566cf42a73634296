"""Counting tokens in a vendor's answer as it passes, whichever vendor's it is."""

import json
from typing import Any

# A longer line or answer is passed on and not read: what it cost is then not counted.
LONGEST = 8 * 1024 * 1024
_INPUTS = (
    ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),  # Anthropic counts them apart
    ("prompt_tokens",),
    ("promptTokenCount", "toolUsePromptTokenCount"),
)
_OUTPUTS = (("output_tokens",), ("completion_tokens",), ("candidatesTokenCount", "thoughtsTokenCount"))


class UsageReader:
    """Takes the bytes of one answer: JSON, or server-sent events, which it counts as they come.

    Vendors repeat and raise their counts within an answer, so the largest of each is what it was.
    """

    def __init__(self, content_type: str) -> None:
        self._events = "event-stream" in content_type
        self._waiting = bytearray()
        self._passed = False
        self.tokens = (0, 0)

    def feed(self, data: bytes) -> None:
        if not self._events:
            self._keep(data)
            return
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._keep(line)
            self._line()
        self._keep(rest)

    def end(self) -> tuple[int, int]:
        """Tokens in and out, now that all has come."""
        if self._events:
            self._line()
        elif not self._passed:
            self._read(bytes(self._waiting))
        return self.tokens

    def _keep(self, data: bytes) -> None:
        if len(self._waiting) + len(data) > LONGEST:
            self._passed = True
            self._waiting.clear()
        if not self._passed:
            self._waiting += data

    def _line(self) -> None:
        line = bytes(self._waiting)
        self._waiting.clear()
        passed, self._passed = self._passed, False
        if not passed and line.startswith(b"data:"):
            self._read(line[5:])

    def _read(self, text: bytes) -> None:
        if b'"usage' not in text:
            return
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return
        for each in said if isinstance(said, list) else [said]:
            self._count(each)

    def _count(self, said: Any) -> None:
        """Where each vendor has it: beside the answer, or in the message or response that an event is about."""
        if not isinstance(said, dict):
            return
        for holder in (said, said.get("message"), said.get("response")):
            if isinstance(holder, dict):
                for usage in (holder.get("usage"), holder.get("usageMetadata")):
                    self._raise(usage)

    def _raise(self, usage: Any) -> None:
        if isinstance(usage, dict):
            ins, outs = _sum(usage, _INPUTS), _sum(usage, _OUTPUTS)
            self.tokens = max(self.tokens[0], ins), max(self.tokens[1], outs)


def _sum(usage: dict[str, Any], kinds: tuple[tuple[str, ...], ...]) -> int:
    """The largest of the sums that one vendor's names make."""
    return max(sum(_number(usage.get(name)) for name in names) for names in kinds)


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12 else 0
