"""What nobody tells of: holds, quiet, bells, circles, and what was held back."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from aether.contracts import machines as m
from aether.contracts import terminal as t
from aether.contracts.agents import RunChanged, RunView

from .conftest import Box


async def watched(box: Box, seconds: float, *, every: float = 5, lines: tuple[str, ...] = ()) -> None:
    """Time goes by; with `lines` the screen is written anew at each look."""
    for _ in range(round(seconds / every)):
        box.clock.advance(every)
        for terminal_id in list(box.terminals.screens) if lines else ():
            box.terminals.show(terminal_id, *lines)
        await box.runs.watch.look()


def holds(box: Box) -> list[tuple[str, str]]:
    return [(type(c).__name__, c.name) for c in box.wire.asked if isinstance(c, m.PlaceHold | m.ReleaseHold)]


async def test_a_machine_is_held_awake_while_an_agent_works_and_let_go_then(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    await box.runs.watch.look()
    await box.runs.watch.look()
    assert holds(box) == [("PlaceHold", "Talker")]
    await watched(box, 245, every=49)
    assert holds(box) == [("PlaceHold", "Talker")] * 2
    await box.hook(run, "waiting", ask="May I?")
    await box.runs.watch.look()
    await box.runs.watch.look()
    assert holds(box)[2:] == [("ReleaseHold", "Talker")]


async def test_of_two_agents_that_work_the_second_still_holds(box: Box) -> None:
    project = await box.project()
    first, second = [await box.hook(await box.start(project), "working") for _ in range(2)]
    await box.runs.watch.look()
    await box.hook(first, "done")
    await box.runs.watch.look()
    assert holds(box) == [("PlaceHold", "Talker")]
    await box.close(second)
    await box.runs.watch.look()
    assert holds(box)[-1] == ("ReleaseHold", "Talker")


async def test_nobody_holds_longer_than_its_person_is_away_for_half_a_day(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    await box.runs.watch.look()
    box.clock.advance(timedelta(hours=12))
    await box.runs.watch.look()
    assert holds(box)[-1] == ("ReleaseHold", "Talker")
    await box.answer(run, "Go on.")
    await box.runs.watch.look()
    assert holds(box)[-1] == ("PlaceHold", "Talker")


@pytest.mark.parametrize("end", [None, timedelta(hours=3)])
async def test_an_agent_that_waits_for_a_far_limit_holds_nothing_awake(box: Box, end: timedelta | None) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    await box.runs.watch.look()
    until = None if end is None else box.clock.now() + end
    await box.report(run, source="broker", reason="limited", limited_until=until)
    await watched(box, 300, every=60)
    assert holds(box) == [("PlaceHold", "Talker"), ("ReleaseHold", "Talker")]
    await box.report(run, source="broker")  # the vendor answers again
    await box.runs.watch.look()
    assert holds(box)[2:] == [("PlaceHold", "Talker")]


async def test_a_limit_that_ends_soon_is_waited_for_awake(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    await box.report(run, source="broker", reason="limited", limited_until=box.clock.now() + timedelta(hours=1))
    await watched(box, 29 * 60, every=60)
    assert holds(box) == []
    await watched(box, 60, every=60)
    assert holds(box) == [("PlaceHold", "Talker")]


async def test_a_hold_that_is_refused_is_asked_for_again_and_keeps_nothing_else_from_its_work(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working", doing="one")
    box.wire.away.add(m.PlaceHold)
    await box.hook(run, "working", doing="two")
    await watched(box, 2, every=1)
    assert (await box.said(RunChanged))[-1].run.doing == "two"
    box.wire.away.clear()
    await watched(box, 31, every=31)
    assert holds(box) == [("PlaceHold", "Talker")]


async def test_nothing_here_ever_starts_a_machine(box: Box) -> None:
    project = await box.project()
    await box.hook(await box.start(project), "working")
    await box.halt(project.id)
    await watched(box, 600, every=30)
    assert "StartMachine" not in box.machines.asked
    assert holds(box) == []


async def quiet(box: Box, *lines: str, agent: str = "mute") -> RunView:
    """A run that has written this and is silent since."""
    run = await box.start(await box.project(), agent)
    box.terminals.show(run.terminal_id, *lines)
    await watched(box, 30)
    return await box.run(run)


async def test_a_quiet_agent_without_hooks_is_done_with_its_last_lines(box: Box) -> None:
    run = await quiet(box, "I mended the roof.", "Have a look.", "")
    assert run.state == "done"
    assert run.question is not None
    assert (run.question.kind, run.question.text) == ("message", "I mended the roof.\nHave a look.")
    assert run.last_message == run.question.text


@pytest.mark.parametrize("last", ["Overwrite roof.py? [y/N]", "Really do it"])
async def test_a_quiet_agent_that_asks_is_waiting(box: Box, last: str) -> None:
    run = await quiet(box, "working", last)
    assert run.state == "waiting"
    assert run.question is not None
    assert last in run.question.text
    await watched(box, 60)
    assert len(await box.notices()) == 1


async def test_an_agent_that_writes_is_not_quiet(box: Box) -> None:
    run = await box.start(await box.project(), "mute")
    box.terminals.show(run.terminal_id, "compiling")
    await watched(box, 60, lines=("compiling",))
    assert (await box.run(run)).state == "working"


async def test_an_agent_with_hooks_is_asked_by_its_screen_until_it_has_spoken(box: Box) -> None:
    run = await quiet(box, "Trust this folder? [y/N]", agent="talker")
    assert run.state == "waiting"
    await box.hook(run, "working")
    await watched(box, 120)
    assert (await box.run(run)).state == "working"


def meanwhile(box: Box, happens: Callable[[], Awaitable[RunView]]) -> None:
    """While the next screen is read."""
    read = box.terminals.read_screen

    async def slowly(command: t.ReadScreen, _: object) -> t.ScreenView:
        view = await read(command, None)
        box.wire.handle(t.ReadScreen, read)
        await happens()
        return view

    box.wire.handle(t.ReadScreen, slowly)


async def test_what_an_agent_says_while_its_screen_is_read_is_not_overwritten(box: Box) -> None:
    run = await box.hook(await box.start(await box.project(), "mover"), "working", doing="one")
    box.terminals.show(run.terminal_id, "I mended the roof.")
    box.clock.advance(90)
    meanwhile(box, lambda: box.hook(run, "working", doing="two"))
    await box.runs.watch.look()
    now = await box.run(run)
    assert (now.state, now.doing) == ("working", "two")
    await watched(box, 90)
    assert (await box.run(run)).state == "done"


async def test_who_is_told_to_go_on_while_its_screen_is_read_is_not_done(box: Box) -> None:
    run = await box.start(await box.project(), "mute")
    box.terminals.show(run.terminal_id, "I mended the roof.")
    box.clock.advance(30)
    meanwhile(box, lambda: box.answer(run, "Paint it, too."))
    await box.runs.watch.look()
    assert (await box.run(run)).state == "working"


async def test_going_on_after_an_answer_in_the_terminal_is_seen(box: Box) -> None:
    run = await quiet(box, "Overwrite roof.py? [y/N]")
    await watched(box, 10)
    box.clock.advance(5)
    box.terminals.show(run.terminal_id, "Overwrite roof.py? [y/N] y", "Overwriting")
    await box.runs.watch.look()
    again = await box.run(run)
    assert (again.state, again.question) == ("working", None)


async def signal(box: Box, run: RunView, text: str = "") -> RunView:
    assert run.terminal_id is not None
    await box.hear(
        t.TerminalSignal(
            account_id=box.account,
            project_id=run.project_id,
            terminal_id=run.terminal_id,
            kind="notify" if text else "bell",
            text=text,
        )
    )
    return await box.run(run)


async def test_a_bell_is_for_what_stands_on_the_screen(box: Box) -> None:
    run = await box.start(await box.project(), "mute")
    box.terminals.show(run.terminal_id, "Overwrite roof.py? [y/N]")
    assert (await signal(box, run)).state == "waiting"


async def test_a_notice_is_the_last_word_where_nothing_is_asked(box: Box) -> None:
    run = await box.start(await box.project(), "mute")
    box.terminals.show(run.terminal_id, "$")
    done = await signal(box, run, "Roof mended")
    assert (done.state, done.last_message) == ("done", "Roof mended")


async def test_a_bell_of_an_agent_that_speaks_for_itself_says_nothing(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    assert (await signal(box, run, "Look here")).state == "working"


async def circling(box: Box, says: str = "") -> RunView:
    run = await box.hook(await box.start(await box.project()), "working")
    box.links.links[run.project_id].says = says
    box.terminals.show(run.terminal_id, "again")
    await watched(box, 12 * 60, every=15, lines=("try 1", "connection refused"))
    return await box.run(run)


async def test_who_goes_in_circles_is_stuck_and_nothing_is_stopped(box: Box) -> None:
    run = await circling(box)
    assert (run.state, run.detail.partition(" for ")[0]) == ("stuck", "It has repeated itself")
    assert [notice.kind for notice in await box.notices()] == ["stuck"]
    assert not [c for c in box.wire.asked if isinstance(c, t.CloseTerminal | t.TypeText)]
    # It says all the while that it works, which is true and changes nothing.
    assert (await box.hook(run, "working")).state == "stuck"
    await watched(box, 60, every=15, lines=("try 2", "connection refused"))
    assert (await box.run(run)).state == "stuck"
    await watched(box, 15, every=15, lines=("connected", "reading"))
    gone_on = await box.run(run)
    assert (gone_on.state, gone_on.detail) == ("working", "")
    assert all(notice.read_at for notice in await box.notices())


async def test_files_that_change_are_progress(box: Box) -> None:
    assert (await circling(box, "./src/roof.py\n")).state == "working"


async def test_a_file_that_changes_ends_being_stuck(box: Box) -> None:
    run = await circling(box)
    box.links.links[run.project_id].says = "./src/roof.py\n"
    await watched(box, 75, every=15, lines=("try 1", "connection refused"))
    assert (await box.run(run)).state == "working"


async def test_a_silent_agent_is_not_stuck(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    box.terminals.show(run.terminal_id, "thinking")
    await watched(box, 15 * 60, every=15)
    assert (await box.run(run)).state == "working"


async def test_a_limit_is_over_when_its_time_has_come(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    until = box.clock.now() + timedelta(hours=3)
    said = {"reason": "limited", "limited_until": until, "detail": "Limited until 15:00 UTC."}
    limited = await box.report(run, source="broker", **said)
    assert (limited.state, limited.reason, limited.limited_until) == ("working", "limited", until)
    await box.report(run, source="broker", **said)
    assert [notice.body for notice in await box.notices()] == ["Limited until 15:00 UTC."]
    box.clock.set(until)
    await box.runs.watch.look()
    over = await box.run(run)
    assert (over.reason, over.detail, over.limited_until) == ("", "", None)


async def test_what_only_counts_up_is_told_now_and_then(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    before = len(await box.said(RunChanged))
    for _ in range(50):
        await box.report(run, source="broker", tokens=(10, 1))
    await box.runs.watch.look()
    assert len(await box.said(RunChanged)) == before
    await watched(box, 10, every=10)
    told = await box.said(RunChanged)
    assert len(told) == before + 1
    assert (told[-1].run.input_tokens, told[-1].run.output_tokens) == (500, 50)
    await watched(box, 30, every=10)
    assert (await box.said(RunChanged))[-1].run.working_seconds == 40


async def test_one_part_that_fails_keeps_no_other_from_its_work(box: Box) -> None:
    run = await box.start(await box.project(), "mute")
    box.terminals.show(run.terminal_id, "Red or blue?")

    async def fail(*_: object) -> m.ProjectView:
        raise ValueError("broken")

    box.wire.handle(m.PlaceHold, fail)
    await watched(box, 30)
    assert (await box.run(run)).state == "waiting"
