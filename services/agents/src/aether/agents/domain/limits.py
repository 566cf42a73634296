"""What a vendor that takes no request means by it: when it takes some again, or that the key is no good."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

# A reset nearer than this is the agent's own business: it waits and tries again.
FAR = timedelta(seconds=60)
# What says of a time that is further away than this is no reset of anything.
FURTHEST = timedelta(days=60)
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?\Z")
_PREFIXES = ("anthropic-ratelimit-", "x-ratelimit-")
_IN_BODY = ("resets_at", "reset_at", "resets_in_seconds", "retryDelay", "retry_after", "retry_after_seconds")
_DEEPEST = 6
# An hour of the day is clear for less than this.
SAME_DAY = timedelta(hours=20)
# Codes in a body that mean that no waiting helps.
_PAYMENT, _UNPAID = (400, 402), b"credit balance is too low"
_USED_UP = (b'"insufficient_quota"', b'"billing_hard_limit_reached"', b'"usage_limit_reached"')
# Where a refusal says what it is about. What it quotes of the request stands elsewhere.
_SAYING = ("message", "reason")
_KEY = re.compile(r"api[ _-]?key", re.IGNORECASE)
# A key that may not do one thing may do others: no other key is wanted for that.
_ONE_THING = "does not have permission"


@dataclass(frozen=True)
class Limit:
    """A vendor takes no requests before `until`; None where it did not say when it will."""

    until: datetime | None

    def sentence(self, now: datetime) -> str:
        """For a person: "Limited until 03:00 UTC." """
        if self.until is None:
            return "The vendor's quota is used up."
        at = self.until.astimezone(UTC)
        day = "" if at - now < SAME_DAY else f"{at.day} {at:%B}, "
        return f"Limited until {day}{at:%H:%M} UTC."


def limit(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Limit | None:
    """What an answer says of a limit whose end is far away; None where it is near, or there is none.

    `retry-after` is the vendor's own word for this very request. Else the body's counts, and else the latest
    reset among what is used up. Names of headers are in lower case.
    """
    if status in _PAYMENT:
        return Limit(None) if status == 402 or _UNPAID in body else None
    if status != 429:
        return None
    for found in (_retry_after(headers, now), _in_body(body, now), _in_headers(headers, now)):
        if found is not None:
            return Limit(found) if FAR < found - now < FURTHEST else None
    return Limit(None) if any(code in body for code in _USED_UP) else None


def refuses_key(status: int, body: bytes) -> bool:
    """Whether it is the key that is no good: unknown, revoked, leaked. A 403 may also be of a model, a region, or
    what was asked, which no other key would change; Google answers 400 to a key that it does not know."""
    if status == 400:
        return "API_KEY_INVALID" in _sayings(body)
    if status != 403:
        return status == 401
    return any(_KEY.search(said) and _ONE_THING not in said for said in _sayings(body))


def _retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if (seconds := _seconds(text)) is not None:
        return _later(now, seconds)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _in_headers(headers: Mapping[str, str], now: datetime) -> datetime | None:
    found = []
    for name, value in headers.items():
        if name.startswith(_PREFIXES) and "reset" in name.split("-"):
            left = headers.get("-".join("remaining" if part == "reset" else part for part in name.split("-")))
            at = _moment(value, now)
            if at is not None and (left is None or left.strip() == "0"):
                found.append(at)
    return max(found, default=None)


def _in_body(body: bytes, now: datetime) -> datetime | None:
    return max(_found(_parsed(body), now, _DEEPEST), default=None)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _found(said: Any, now: datetime, depth: int) -> list[datetime]:
    if depth == 0:
        return []
    if isinstance(said, list):
        return [at for each in said[:20] for at in _found(each, now, depth - 1)]
    if not isinstance(said, dict):
        return []
    here = [_moment(str(value), now) for name, value in said.items() if name in _IN_BODY]
    deeper = [at for value in said.values() for at in _found(value, now, depth - 1)]
    return [at for at in here if at is not None] + deeper


def _sayings(body: bytes) -> list[str]:
    return list(_said(_parsed(body), _DEEPEST))


def _said(value: Any, depth: int) -> Iterator[str]:
    if depth == 0 or not isinstance(value, dict | list):
        return
    if isinstance(value, dict):
        yield from (text for name, text in value.items() if name in _SAYING and isinstance(text, str))
    for each in value.values() if isinstance(value, dict) else value[:20]:
        yield from _said(each, depth - 1)


def _moment(text: str, now: datetime) -> datetime | None:
    """A time of day, a time since 1970 in seconds or milliseconds, seconds from now, or a duration as "6m0s"."""
    text = text.strip()
    if (number := _seconds(text)) is not None:
        if number > 10**11:
            return _since_epoch(number / 1000)
        return _since_epoch(number) if number > 10**8 else _later(now, number)
    if (match := _DURATION.match(text)) and text:
        days, hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
        total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds + milliseconds / 1000
        return _later(now, total)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,15}(?:\.\d{1,9})?", text) else None


def _later(now: datetime, seconds: float) -> datetime | None:
    return now + timedelta(seconds=seconds) if seconds < FURTHEST.total_seconds() else None


def _since_epoch(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
