"""What the service does when something is said."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aether.contracts.event import consumed_by
from aether.contracts.gateway import AccountDeleted
from aether.contracts.ids import AccountId, IntervalId, MachineId, PersonId, new_id
from aether.contracts.machines import MachineStopped, ProjectDeleted
from aether.contracts.service import Service
from aether.files.handlers import EVENTS
from aether.kit.postgres import AlreadyHandled

from .conftest import Box


def test_every_event_for_this_service_has_its_handler() -> None:
    assert set(EVENTS) == consumed_by(Service.FILES)


def stopped(box: Box) -> MachineStopped:
    now = datetime.now(UTC)
    return MachineStopped(
        account_id=box.account,
        project_id=box.project,
        machine_id=MachineId(new_id()),
        generation=1,
        interval_id=IntervalId(new_id()),
        started_at=now,
        stopped_at=now,
        reason="asked",
    )


async def test_a_machine_that_stops_ends_what_watches_it(box: Box) -> None:
    async with box.watching("/") as page:
        await box.hear(stopped(box))
        assert await page.ends() == 1013
        assert page.problem is not None
    assert (await box.get("files")).status_code == 200  # the next one makes a new connection


async def test_what_was_uploaded_in_part_outlives_the_machine(box: Box) -> None:
    upload = await box.upload("/a", 6)
    await box.send(upload, 0, b"abc")
    await box.hear(stopped(box))
    assert (await box.get(f"files/uploads/{upload}")).json()["offset"] == 3
    assert (await box.send(upload, 3, b"def")).json()["complete"] is True


async def test_a_deleted_project_leaves_no_row_and_no_open_page(box: Box) -> None:
    await box.upload("/a", 6)
    await box.put("/b", "x")
    async with box.watching("/") as page:
        event = ProjectDeleted(account_id=box.account, project_id=box.project)
        await box.hear(event)
        assert await page.ends() == 4004
    assert [await box.rows(table) for table in ("upload", "change", "telling")] == [0, 0, 0]
    with pytest.raises(AlreadyHandled):
        await box.hear(event)


@pytest.mark.parametrize("own", [True, False])
async def test_a_deleted_account_takes_what_is_its_own(box: Box, own: bool) -> None:
    await box.upload("/a", 6)
    await box.put("/b", "x")
    account: Any = box.account if own else AccountId(new_id())
    async with box.watching("/") as page:
        await box.hear(AccountDeleted(account_id=account, person_id=PersonId(new_id())))
        if own:
            assert await page.ends() == 4004
        else:
            assert page.closed_with is None
    expected = 0 if own else 1
    assert [await box.rows(table) for table in ("upload", "change", "telling")] == [expected] * 3
