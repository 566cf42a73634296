"""Dialogs of agents: what makes way for an answer in words, what ends a turn, and what is left after a restart."""

import asyncio

import pytest

from aether.agents.deps import typist
from aether.agents.domain import dialog
from aether.contracts import terminal as t
from aether.contracts.agents import RunView
from aether.testkit.eventually import eventually

from .conftest import Box

ESCAPE = "\x1b"
CHOICES = [{"id": "1", "label": "Red", "keys": "1"}, {"id": "2", "label": "Blue", "keys": "2"}]
PERMISSION = [
    {"id": "yes", "label": "Yes", "keys": "1"},
    {"id": "no", "label": "No", "keys": ESCAPE, "ends": True},
]


async def asked(box: Box, **said: object) -> RunView:
    run = await box.hook(await box.start(await box.project()), "working")
    return await box.hook(run, "waiting", ask="Red or blue?", **said)


def typed(box: Box) -> list[tuple[str, str]]:
    return [(command.text, command.keys) for command in box.terminals.typed]


async def test_own_words_come_after_the_keys_that_make_way_for_them(box: Box) -> None:
    run = await asked(box, options=CHOICES, before="3")
    await box.answer(run, "Green.")
    assert typed(box) == [("", "3"), ("Green.", "")]


async def test_a_choice_needs_no_way_made(box: Box) -> None:
    await box.answer(await asked(box, options=CHOICES, before="3"), option="2")
    assert typed(box) == [("", "2")]


async def test_nothing_is_pressed_before_the_dialog_is_there(box: Box) -> None:
    run = await box.hook(await box.start(await box.project(), "mover"), "working")
    run = await box.hook(run, "waiting", ask="Red or blue?", options=CHOICES)
    box.terminals.show(run.terminal_id, "$ make")
    answering = asyncio.create_task(box.answer(run, option="2"))
    looked = [c for c in box.wire.asked if isinstance(c, t.ReadScreen)]
    await eventually(lambda: sum(isinstance(c, t.ReadScreen) for c in box.wire.asked) > len(looked) + 1)
    assert typed(box) == []
    box.terminals.show(run.terminal_id, "Red or blue?", "> 1. Red", "  2. Blue")
    await answering
    assert typed(box) == [("", "2")]


async def test_a_dialog_of_another_look_is_answered_all_the_same(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typist, "LOOK_SECONDS", 0)
    run = await box.hook(await box.start(await box.project(), "mover"), "working")
    run = await box.hook(run, "waiting", ask="Red or blue?", options=CHOICES, shown=["Red or blue?"])
    box.terminals.show(run.terminal_id, "Which one? Red, or", "blue?")
    await box.answer(run, option="2")
    assert typed(box) == [("", "2")]


@pytest.mark.parametrize(
    "screen",
    [
        ["May I run this?", "rm -rf build", "> 1. Red"],
        ["* make test", "~~~~", "May I run this?", "rm -rf build", "> 1. Red"],
        ["$"],
    ],
)
@pytest.mark.parametrize("answer", [{"option": "yes"}, {"text": "Not now."}])
async def test_no_key_is_pressed_for_another_dialog_than_the_one_that_was_answered(
    box: Box, monkeypatch: pytest.MonkeyPatch, screen: list[str], answer: dict[str, str]
) -> None:
    monkeypatch.setattr(typist, "LOOK_SECONDS", 0)
    run = await box.hook(await box.start(await box.project(), "mover"), "working")
    said = {"options": PERMISSION, "before": ESCAPE, "kind": "permission", "shown": ["make test"]}
    run = await box.hook(run, "waiting", ask="May I run this?\nmake test", **said)
    box.terminals.show(run.terminal_id, *screen)
    refusal = await box.refused(box.message(run, **answer))
    assert (refusal.type, refusal.detail) == ("not-typed", typist.ANOTHER)
    assert typed(box) == []
    again = await box.run(run)
    assert (again.state, again.question) == ("waiting", run.question)
    box.terminals.show(run.terminal_id, *screen, "~~~~", "May I run this?", "make test", "> 1. Red")
    await box.answer(again, option="yes")
    assert typed(box) == [("", "1")]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["  $ cargo test --package harb", "    our-lights --all"], True),
        (["│ $ cargo test --package  │", "│ harbour-lights --all    │"], True),
        (["  $ cargo test --all"], False),
    ],
)
def test_a_long_command_is_found_wherever_its_lines_are_broken(lines: list[str], expected: bool) -> None:
    marks = dialog.marks("cargo test --package harbour-lights --all")
    assert dialog.shows(lines, marks, ()) == expected


@pytest.mark.parametrize(("lines", "expected"), [(["$ ls", "1. Yes"], True), (["$ tools", "1. Yes"], False)])
def test_a_short_command_is_found_as_a_whole_word(lines: list[str], expected: bool) -> None:
    assert dialog.shows(lines, dialog.marks("ls"), ()) == expected


def test_a_command_longer_than_a_screen_is_known_by_its_end() -> None:
    command = " ".join(f"word{number}" for number in range(100))
    end = " ".join(f"word{number}" for number in range(50, 100))
    assert dialog.shows([end], dialog.marks(command), ())
    assert not dialog.shows([end], dialog.marks(f"{command} more"), ())


async def put_off(box: Box, **answer: str) -> RunView:
    """An answer that could not be pressed before its machine was started again."""
    run = await asked(box, options=CHOICES, before="3")
    box.wire.away.add(t.TypeText)
    await box.answer(run, **answer)
    await box.halt(run.project_id)
    box.wire.away.clear()
    await box.boot(run.project_id)
    await box.begun(run, starts=2)
    box.clock.advance(2)
    await box.runs.watch.look()
    await eventually(lambda: not box.runs.typist._tasks)
    return await box.run(run)


async def test_a_key_for_an_earlier_terminal_is_not_pressed_in_the_next(box: Box) -> None:
    run = await put_off(box, option="2")
    assert typed(box) == []
    assert typist.GONE in run.detail
    assert run.question is not None
    assert (run.state, run.question.text) == ("waiting", "Red or blue?")
    await box.answer(run, option="2", question_id=run.question.id)
    assert typed(box) == [("Blue", "")]


async def test_words_for_an_earlier_terminal_are_said_in_the_next(box: Box) -> None:
    run = await put_off(box, text="Green.")
    assert typed(box) == [("Green.", "")]
    assert run.question is None


async def test_of_two_permissions_the_second_is_answered_after_the_first(box: Box) -> None:
    run = await asked(box, about="a", options=PERMISSION)
    run = await box.hook(run, "waiting", ask="And now?", about="b", options=CHOICES)
    await box.end()
    box.begin()
    assert run.question is not None
    assert run.question.text == "Red or blue?"
    run = await box.answer(run, option="yes", question_id=run.question.id)
    assert run.question is not None
    assert (run.state, run.question.text) == ("waiting", "And now?")
    assert [notice.body for notice in await box.notices()] == ["Red or blue?", "And now?"]
    run = await box.answer(run, option="2", question_id=run.question.id)
    assert (run.state, run.question) == ("working", None)
    assert typed(box) == [("", "1"), ("", "2")]


async def test_after_an_answer_that_ends_the_turn_it_is_done(box: Box) -> None:
    run = await box.answer(await asked(box, options=PERMISSION), option="no")
    assert typed(box) == [("", ESCAPE)]
    assert run.state == "done"
    assert run.question is not None
    assert run.question.kind == "message"


async def test_after_another_answer_it_works(box: Box) -> None:
    run = await box.answer(await asked(box, options=PERMISSION), option="yes")
    assert (run.state, run.question) == ("working", None)


async def test_what_was_asked_before_a_restart_is_answered_in_words(box: Box) -> None:
    run = await asked(box, options=CHOICES, before="3")
    await box.halt(run.project_id)
    await box.boot(run.project_id)
    run = await box.begun(run, starts=2)
    assert run.question is not None
    assert [option.label for option in run.question.options] == ["Red", "Blue"]
    await box.answer(run, option="2")
    await box.answer(run, "And quickly.")
    assert typed(box) == [("Blue", ""), ("And quickly.", "")]


async def test_an_agent_that_is_there_takes_up_its_prompt_first(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "ready")
    assert run.state == "starting"
    assert (await box.hook(run, "done")).state == "starting"
    assert (await box.hook(run, "done", words="It is done.")).state == "done"
    assert [notice.kind for notice in await box.notices()] == ["done"]


async def test_an_agent_without_a_prompt_is_ready_for_one(box: Box) -> None:
    run = await box.start(await box.project(), prompt="")
    run = await box.hook(run, "ready")
    assert run.state == "done"
    assert run.question is not None
    assert run.question.text == "It is ready for your first words."
    await box.answer(run, "Make a boat.", question_id=run.question.id)
    assert typed(box) == [("Make a boat.", "")]


async def shown(box: Box, run: RunView, *lines: str) -> RunView:
    """After its terminal has shown these lines for longer than an agent is quiet while it works."""
    assert run.terminal_id is not None
    box.terminals.show(run.terminal_id, *lines)
    for _ in range(10):
        box.clock.advance(5)
        await box.runs.watch.look()
    return await box.run(run)


async def test_an_agent_that_begins_slowly_is_not_taken_for_done(box: Box) -> None:
    run = await box.start(await box.project())
    assert (await shown(box, run, "Loading…")).state == "starting"
    assert await box.notices() == []
    assert (await box.hook(run, "working")).state == "working"


async def test_a_dialog_at_the_start_waits_for_its_person(box: Box) -> None:
    run = await shown(box, await box.start(await box.project()), "Log in to go on?")
    assert run.state == "waiting"
    assert run.question is not None
    assert "Log in" in run.question.text


async def test_a_turn_broken_off_in_the_terminal_is_over(box: Box) -> None:
    """Claude Code has no hook for it. Its screen is still, which it never is while it works."""
    run = await box.hook(await box.start(await box.project(), "mover"), "working", doing="$ make")
    for seconds in range(10, 200, 10):
        assert run.terminal_id is not None
        box.terminals.show(run.terminal_id, f"Working ({seconds} s)")
        box.clock.advance(10)
        await box.runs.watch.look()
    assert (await box.run(run)).state == "working"
    box.terminals.show(run.terminal_id, "Interrupted by its person.")
    for _ in range(16):
        box.clock.advance(5)
        await box.runs.watch.look()
    run = await box.run(run)
    assert run.state == "done"
    assert run.question is not None
    assert run.question.text == "Interrupted by its person."


async def test_another_may_work_in_silence(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    for _ in range(30):
        box.clock.advance(10)
        await box.runs.watch.look()
    assert (await box.run(run)).state == "working"
