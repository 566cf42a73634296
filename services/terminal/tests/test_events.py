"""What the service hears, and what it says of itself."""

from pathlib import Path

import asyncssh
import pytest

from aether.contracts.gateway import AccountDeleted
from aether.contracts.ids import AccountId, ProjectId, new_id
from aether.contracts.machines import ProjectDeleted
from aether.contracts.terminal import ListTerminals
from aether.kit.postgres import AlreadyHandled
from aether.terminal.deps import session as sessions
from aether.testkit.eventually import eventually

from .conftest import Box
from .jumping import Jump


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


async def test_what_a_program_reports_is_told_each_time(box: Box) -> None:
    states = ["working", "blocked;kind=permission;text=Run \u202els?", "done"]
    said = "".join(f"\\033]7501;state={state}\\033\\\\" for state in states)
    await box.open(command=f"printf '{said}'; cat")
    await eventually(lambda: box.has_said("terminal.reported.v1"))
    told = [event["text"] for event in await box.said("terminal.reported.v1")]
    assert told == ["state=working", "state=blocked;kind=permission;text=Run ls?", "state=done"]
    assert await box.said("terminal.signal.v1") == []


async def test_one_that_reports_without_end_is_told_of_twenty_times_a_second(box: Box) -> None:
    terminal = await box.open(
        command="for n in $(seq 500); do printf '\\033]7501;n=%s\\007' $n; done; echo end; cat"
    )

    async def ended() -> bool:
        return "end" in await box.screen(terminal)

    await eventually(ended)
    await eventually(lambda: not box.terminals.teller._waiting)
    told = [event["text"] for event in await box.said("terminal.reported.v1")]
    assert told[:20] == [f"n={n}" for n in range(1, 21)]
    assert len(told) <= 60  # of so many, in no more than three seconds


@pytest.mark.parametrize("tmux", [True, False])
async def test_a_session_begins_with_the_keys_of_its_time(box: Box, *, tmux: bool) -> None:
    box.machine.tmux = tmux
    box.machine.give_keys("export OPENAI_API_KEY='sk one'\n")
    first = await box.view(await box.open())
    await first.type("echo [$OPENAI_API_KEY]\r")
    await first.sees("[sk one]")
    box.machine.give_keys("export OPENAI_API_KEY='sk two'\n")
    second = await box.view(await box.open(command="echo [$OPENAI_API_KEY]; cat"))
    await second.sees("[sk two]")
    await first.close()
    await second.close()


async def test_agents_of_what_is_deleted_are_cut(box: Box, tmp_path: Path) -> None:
    there = Jump(box.machine, tmp_path)
    there.jumps = box.terminals.jumps
    await there.start()
    others = asyncssh.generate_private_key("ssh-ed25519")
    there.tokens.give(others, ProjectId(new_id()), AccountId(new_id()))
    kept = await there.connect(others)
    first = await there.connect()
    await box.hear(ProjectDeleted(account_id=there.account, project_id=there.project))
    await first.wait_closed()
    second = await there.connect()
    await box.hear(AccountDeleted(account_id=there.account, person_id=box.person))
    await second.wait_closed()
    assert not kept.is_closed()
    kept.close()
    await there.stop()


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
