"""What the service hears, and what it says of itself."""

import pytest

from aether.contracts.gateway import AccountDeleted
from aether.contracts.machines import ProjectDeleted
from aether.contracts.terminal import ListTerminals
from aether.kit.postgres import AlreadyHandled
from aether.terminal.deps import session as sessions
from aether.testkit.eventually import eventually

from .conftest import Box


async def test_a_machine_that_stops_ends_its_terminals_and_tells_who_looks(box: Box) -> None:
    terminal = await box.open()
    viewer = await box.view(terminal)
    box.machine.running = False
    event = box.stopped()
    await box.hear(event)
    assert await viewer.ends() == 4004
    assert viewer.told("exit")[0]["reason"] == "machine_stopped"
    assert [e["reason"] for e in await box.said("terminal.closed.v1")] == ["machine_stopped"]
    with pytest.raises(AlreadyHandled):
        await box.hear(event)


async def test_a_late_event_of_an_earlier_start_leaves_later_terminals_alone(box: Box) -> None:
    box.machine.generation = 2
    terminal = await box.open()
    await box.hear(box.stopped(generation=1))
    assert await box.ask_state(terminal) == "open"


async def test_a_machine_that_starts_is_connected_to_before_anyone_asks(box: Box) -> None:
    await box.hear(box.started())
    assert list(box.terminals.connections._open) == [box.project]


@pytest.mark.parametrize("what", ["project", "account"])
async def test_what_is_deleted_is_gone_with_its_recordings(box: Box, what: str) -> None:
    terminal = await box.open()
    viewer = await box.view(terminal)
    await viewer.type("echo se''en\r")
    await viewer.sees("seen")
    await next(iter(box.terminals.live.values())).finish_recording()
    if what == "project":
        await box.hear(ProjectDeleted(account_id=box.account, project_id=box.project))
        assert await viewer.ends() == 4004
    else:
        await box.hear(AccountDeleted(account_id=box.account, person_id=box.person))
        assert await viewer.ends() == 4001
    listed = await box.ask(ListTerminals(account_id=box.account, project_id=box.project, include_closed=True))
    assert listed.items == []
    async with box.database.reading() as db:
        assert await db.fetchval("SELECT count(*) FROM terminal.recording_chunk") == 0


async def test_typing_is_activity_and_opening_or_resizing_is_not(box: Box) -> None:
    terminal = await box.open()
    viewer = await box.view(terminal)
    await viewer.sees("$ ")
    await viewer.type(b"\x1b[I")
    await viewer.tell(type="resize", cols=77, rows=20)
    await viewer.until(lambda: viewer.told("resize"))
    assert not box.terminals.teller._waiting
    assert await box.said("activity.seen.v1") == []
    await viewer.type("echo ac''tive\r")
    await viewer.sees("active")
    await eventually(lambda: box.has_said("activity.seen.v1"))
    assert {event["kind"] for event in await box.said("activity.seen.v1")} == {"input"}
    await viewer.close()


async def test_a_program_that_writes_alone_is_output_activity(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "QUIET_SECONDS", 0.0)
    await box.open(command="echo working; sleep 100")
    await eventually(lambda: box.has_said("activity.seen.v1"))
    assert [event["kind"] for event in await box.said("activity.seen.v1")] == ["output"]


async def test_titles_and_bells_are_told(box: Box) -> None:
    terminal = await box.open()
    viewer = await box.view(terminal)
    await viewer.type("printf '\\033]0;building\\007\\007'\r")
    await eventually(lambda: box.has_said("terminal.signal.v1"))
    await eventually(lambda: box.has_said("terminal.changed.v1"))
    assert (await box.said("terminal.signal.v1"))[0]["kind"] == "bell"
    assert (await box.said("terminal.changed.v1"))[-1]["terminal"]["title"] == "building"
    await viewer.close()


async def test_an_orderly_stop_tells_viewers_to_come_back_and_terminals_live_on(box: Box) -> None:
    terminal = await box.open()
    viewer = await box.view(terminal)
    await viewer.type("KEPT=ye''s\r")
    await box.stop()
    assert await viewer.ends() == 1012
    await box.start()
    again = await box.view(terminal, query=f"?offset={viewer.offset}&epoch={viewer.epoch}")
    await again.type("echo $KEPT-still\r")
    await again.sees("yes-still")
    await again.close()


async def test_terminals_that_ended_while_nobody_looked_are_found_at_the_start(box: Box) -> None:
    terminal = await box.open(command="sleep 0.5; exit 9")
    await box.die()
    await box.start()
    await box.terminals.find_all()
    await eventually(lambda: box.has_said("terminal.closed.v1"))
    closed = (await box.said("terminal.closed.v1"))[0]
    assert (closed["terminal_id"], closed["terminal"]["exit_code"]) == (str(terminal.id), 9)
