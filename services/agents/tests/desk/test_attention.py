"""Calls for a person: each kept and said once, and carried only where that person wants it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from aether.agents.domain.attention import is_quiet, reach, updated
from aether.agents.store import attention as store
from aether.agents.store import pushes, webhooks
from aether.contracts.agents import (
    AttentionSettings,
    CreateWebhook,
    GetAttentionSettings,
    ListNotices,
    NoticeKind,
    NoticeList,
    NoticeRaised,
    ReadNotices,
    UpdateAttentionSettings,
)
from aether.contracts.ids import AccountId, PersonId, ProjectId, RunId, new_id
from aether.contracts.problem import Invalid

from .conftest import Box

PERSON = PersonId(new_id())


def plain(**more: Any) -> AttentionSettings:
    return AttentionSettings(person_id=PERSON, **more)


async def notices(box: Box) -> NoticeList:
    answer: NoticeList = await box.ask(ListNotices(account_id=box.account))
    return answer


async def update(box: Box, **given: Any) -> AttentionSettings:
    command = UpdateAttentionSettings(account_id=box.account, person_id=box.person, **given)
    settings: AttentionSettings = await box.ask(command)
    return settings


# Notices


async def test_a_call_is_kept_and_said_with_how_many_are_unread(box: Box) -> None:
    await box.call()
    await box.call("done", body="All 14 tests pass.")
    first, second = await box.said(NoticeRaised)
    assert (first.unread, second.unread) == (1, 2)
    assert first.notice.body == "May I run `rm -rf build`?"
    assert first.notice.path == f"/projects/{box.project}?run={box.run}"
    shown = await notices(box)
    assert (shown.items, shown.unread) == ([second.notice, first.notice], 2)


async def test_the_same_call_again_is_the_same_notice(box: Box) -> None:
    await asyncio.gather(*(box.call(once="question-1") for _ in range(8)))
    assert len(await box.said(NoticeRaised)) == 1
    assert (await notices(box)).unread == 1


async def test_a_call_is_as_true_as_the_transaction_it_is_made_in(box: Box) -> None:
    async def failing() -> None:
        async with box.agents.transaction() as db:
            await store.add(db, box.notice(), box.person, "x")
            raise RuntimeError("the process died here")

    with pytest.raises(RuntimeError):
        await failing()
    assert (await notices(box)).items == []


async def test_a_thousand_questions_of_twenty_runs_are_a_thousand_notices(box: Box) -> None:
    runs = [RunId(new_id()) for _ in range(20)]

    async def ask(run: RunId) -> None:
        for number in range(50):
            await box.call(run_id=run, once=f"{run} {number}")
            await box.call(run_id=run, once=f"{run} {number}")  # heard of twice

    await asyncio.gather(*(ask(run) for run in runs))
    raised = await box.said(NoticeRaised)
    assert len(raised) == 1000
    assert len({event.notice.id for event in raised}) == 1000
    assert (await notices(box)).unread == 1000


async def test_what_a_machine_writes_is_cleaned_and_bounded(box: Box) -> None:
    await box.call(title="a\x1b[31m\nb\u202e" + "x" * 999, body="\x07one\ntwo" + "y" * 9000)
    (raised,) = await box.said(NoticeRaised)
    assert raised.notice.title.startswith("a bx")
    assert len(raised.notice.title) <= 240
    assert len(raised.notice.body) <= 2000
    assert "\x07" not in raised.notice.body


async def test_reading_marks_some_or_all_of_ones_own(box: Box) -> None:
    for _ in range(3):
        await box.call()
    first = (await notices(box)).items[0]
    some = await box.ask(ReadNotices(account_id=box.account, notice_ids=[first.id]))
    assert some.unread == 2
    assert some.items[0].read_at == box.clock.now()
    stranger = await box.ask(ReadNotices(account_id=AccountId(new_id())))
    assert stranger.items == []
    assert (await notices(box)).unread == 2
    assert (await box.ask(ReadNotices(account_id=box.account))).unread == 0


async def test_what_is_over_is_read(box: Box) -> None:
    await box.call()
    await box.call(run_id=RunId(new_id()))
    async with box.agents.transaction() as db:
        await box.desk.settled(db, box.run)
    assert (await notices(box)).unread == 1


# Looking


async def test_a_page_that_shows_the_run_is_enough_for_fifteen_seconds(box: Box) -> None:
    await update(box, mail=True)
    await box.call(once="before")
    async with box.agents.transaction() as db:
        await box.desk.look(db, box.account, box.person, box.run)
    assert (await notices(box)).unread == 0
    await box.call(once="meanwhile")
    box.clock.advance(15)
    await box.call(once="after")
    before, meanwhile, after = await box.said(NoticeRaised)
    assert [event.by_mail for event in (before, meanwhile, after)] == [True, False, True]
    assert meanwhile.notice.read_at is not None
    assert (meanwhile.unread, after.unread) == (0, 1)


@pytest.mark.parametrize("other", ["person_id", "run_id"])
async def test_looking_is_of_one_person_and_one_run(box: Box, other: str) -> None:
    async with box.agents.transaction() as db:
        await box.desk.look(db, box.account, box.person, box.run)
    elsewhere: dict[str, Any] = {other: new_id()}
    await box.call(**elsewhere)
    assert (await notices(box)).unread == 1


# Settings


async def test_before_anything_was_chosen_there_are_defaults(box: Box) -> None:
    settings = await box.ask(GetAttentionSettings(account_id=box.account, person_id=box.person))
    assert (settings.sound, settings.push, settings.mail, settings.time_zone) == (True, True, False, "UTC")
    assert len(settings.push_public_key) == 87


async def test_only_what_is_given_changes(box: Box) -> None:
    await update(box, mail=True, quiet_start="22:00", quiet_end="07:00", time_zone="Europe/Berlin")
    after = await update(box, kinds=["failed", "failed"], sound=False)
    assert (after.mail, after.sound, after.kinds) == (True, False, ["failed"])
    assert (after.quiet_start, after.quiet_end, after.time_zone) == ("22:00", "07:00", "Europe/Berlin")
    assert (await update(box, quiet_start="", quiet_end="")).quiet_start is None
    assert await update(box) == await box.ask(GetAttentionSettings(account_id=box.account, person_id=box.person))


async def test_settings_of_another_account_stay_where_they_are(box: Box) -> None:
    await update(box, mail=True)
    strange = UpdateAttentionSettings(account_id=AccountId(new_id()), person_id=box.person, mail=False)
    await box.ask(strange)
    assert (await box.ask(GetAttentionSettings(account_id=box.account, person_id=box.person))).mail


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"quiet_start": "24:00", "quiet_end": "07:00"}, "quiet_start"),
        ({"quiet_start": "7:00", "quiet_end": "08:00"}, "quiet_start"),
        ({"quiet_start": "07:00", "quiet_end": "٠٧:٠٠"}, "quiet_end"),
        ({"quiet_start": "07:00"}, "quiet_end"),
        ({"quiet_end": "07:00"}, "quiet_start"),
        ({"quiet_start": "07:00", "quiet_end": "07:00"}, "quiet_end"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
    ],
)
def test_what_cannot_be_chosen(given: dict[str, Any], field: str) -> None:
    command = UpdateAttentionSettings(account_id=AccountId(new_id()), person_id=PERSON, **given)
    with pytest.raises(Invalid) as refused:
        updated(plain(), command)
    assert [error.field for error in refused.value.errors] == [field]


@pytest.mark.parametrize(
    ("zone", "start", "end", "at", "quiet"),
    [
        ("UTC", "22:00", "07:00", "2026-01-01T21:59:59", False),
        ("UTC", "22:00", "07:00", "2026-01-01T22:00:00", True),
        ("UTC", "22:00", "07:00", "2026-01-02T06:59:59", True),
        ("UTC", "22:00", "07:00", "2026-01-02T07:00:00", False),
        ("UTC", "12:00", "13:00", "2026-01-01T12:30:00", True),
        ("UTC", "12:00", "13:00", "2026-01-01T13:00:00", False),
        ("America/New_York", "22:00", "07:00", "2026-01-01T11:00:00", True),
        ("America/New_York", "22:00", "07:00", "2026-01-01T12:00:00", False),
        ("Europe/Berlin", "22:00", "07:00", "2026-07-01T05:30:00", False),  # summer time: 07:30 there
        ("Europe/Berlin", "22:00", "07:00", "2026-01-01T05:30:00", True),  # winter: 06:30
        ("Asia/Kolkata", "22:00", "07:00", "2026-01-01T01:29:00", True),  # half an hour beside the others
        ("Asia/Kolkata", "22:00", "07:00", "2026-01-01T01:30:00", False),
        # In the night when clocks go back, 02:30 comes twice, and both are in.
        ("Europe/Berlin", "02:00", "03:00", "2026-10-25T00:30:00", True),
        ("Europe/Berlin", "02:00", "03:00", "2026-10-25T01:30:00", True),
        ("Europe/Berlin", "02:00", "03:00", "2026-10-25T02:00:00", False),
    ],
)
def test_quiet_hours_are_of_the_persons_own_clock(zone: str, start: str, end: str, at: str, quiet: bool) -> None:
    settings = plain(quiet_start=start, quiet_end=end, time_zone=zone)
    assert is_quiet(settings, datetime.fromisoformat(at).replace(tzinfo=UTC)) is quiet


@pytest.mark.parametrize("kind", ["waiting", "done", "failed", "stuck", "notify"])
def test_how_far_a_call_goes(kind: NoticeKind) -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    far = reach(plain(mail=True), kind, noon, looked_at=False)
    assert (far.webhooks, far.push, far.mail) == (True, True, True)
    muted = reach(plain(mail=True, kinds=[]), kind, noon, looked_at=False)
    assert (muted.webhooks, muted.push, muted.mail) == (True, False, False)
    for nowhere in (
        reach(plain(mail=True), kind, noon, looked_at=True),
        reach(plain(mail=True, quiet_start="11:00", quiet_end="13:00"), kind, noon, looked_at=False),
    ):
        assert (nowhere.webhooks, nowhere.push, nowhere.mail) == (False, False, False)


async def test_within_quiet_hours_the_pages_still_show_it(box: Box) -> None:
    await box.ask(CreateWebhook(account_id=box.account, person_id=box.person, url="https://example.com/hook"))
    await update(box, mail=True, quiet_start="11:00", quiet_end="13:00")
    await box.call()
    (raised,) = await box.said(NoticeRaised)
    assert (raised.by_mail, raised.notice.read_at) == (False, None)
    assert await box.rows("SELECT 1 FROM agents.delivery") == []


# Forgetting


async def test_after_a_month_notices_are_forgotten(box: Box) -> None:
    await box.call()
    box.clock.advance(timedelta(days=29))
    await box.call()
    box.clock.advance(timedelta(days=2))
    await box.desk.forget_old()
    assert len((await notices(box)).items) == 1


async def test_deleting_a_project_and_an_account_leaves_nothing(box: Box) -> None:
    await box.call()
    await box.call(project_id=ProjectId(uuid4()))
    async with box.agents.transaction() as db:
        await store.delete_project(db, box.project)
    assert len((await notices(box)).items) == 1
    await update(box, mail=True)
    await box.ask(CreateWebhook(account_id=box.account, person_id=box.person, url="https://example.com/hook"))
    async with box.agents.transaction() as db:
        await box.desk.look(db, box.account, box.person, box.run)
        for module in (store, pushes, webhooks):
            await module.delete_account(db, box.account)
    for table in ("notice", "attention", "look", "push", "push_call", "webhook", "delivery"):
        assert await box.rows(f"SELECT 1 FROM agents.{table}") == [], table
