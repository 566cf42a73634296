"""How a person wants to be called, and what of a call may therefore leave aether."""

import re
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from aether.contracts.agents import AttentionSettings, NoticeKind, UpdateAttentionSettings
from aether.contracts.problem import Invalid

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True)
class Reach:
    """How far a call goes beyond the pages."""

    webhooks: bool
    push: bool
    mail: bool


NOWHERE = Reach(webhooks=False, push=False, mail=False)


def reach(settings: AttentionSettings, kind: NoticeKind, at: datetime, *, looked_at: bool) -> Reach:
    """Nothing leaves while a page shows the run, or within quiet hours. The kinds are those of push and mail:
    a webhook has its own."""
    if looked_at or is_quiet(settings, at):
        return NOWHERE
    wanted = kind in settings.kinds
    return Reach(webhooks=True, push=settings.push and wanted, mail=settings.mail and wanted)


def is_quiet(settings: AttentionSettings, at: datetime) -> bool:
    """Whether the person's own clock stands within quiet hours: start is in them, end is not."""
    if settings.quiet_start is None or settings.quiet_end is None:
        return False
    start, end = time.fromisoformat(settings.quiet_start), time.fromisoformat(settings.quiet_end)
    clock = at.astimezone(ZoneInfo(settings.time_zone)).time()
    return start <= clock < end if start < end else clock >= start or clock < end


def updated(settings: AttentionSettings, command: UpdateAttentionSettings) -> AttentionSettings:
    """With what the command gives. Raises Invalid, with the field."""
    given = command.model_dump(exclude={"account_id", "person_id"}, exclude_none=True)
    if "kinds" in given:
        given["kinds"] = list(dict.fromkeys(given["kinds"]))
    for name in ("quiet_start", "quiet_end"):
        if name in given:
            given[name] = _checked_time(name, given[name])
    if "time_zone" in given and given["time_zone"] not in _zones():
        raise Invalid.field("time_zone", "There is no time zone of that name. One is Europe/Berlin.")
    after = settings.model_copy(update=given)
    if "quiet_start" in given or "quiet_end" in given:
        _check_hours(after)
    return after


def _checked_time(name: str, text: str) -> str | None:
    if text and not _TIME.fullmatch(text):
        raise Invalid.field(name, "Give a time of day as HH:MM, or nothing.")
    return text or None


def _check_hours(settings: AttentionSettings) -> None:
    start, end = settings.quiet_start, settings.quiet_end
    if (start is None) != (end is None):
        raise Invalid.field("quiet_end" if end is None else "quiet_start", "Quiet hours have a start and an end.")
    if start is not None and start == end:
        raise Invalid.field("quiet_end", "Quiet hours end at another time than they start.")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
