"""Questions of runs: asked, told of, answered once and typed once."""

import asyncio

import pytest

from aether.agents.deps.ports import Output
from aether.agents.domain.input import Input
from aether.agents.errors import TooMany
from aether.contracts import terminal as t
from aether.contracts.agents import QuestionView, RunView, StopRun
from aether.contracts.ids import QuestionId, RunId, new_id
from aether.contracts.problem import Refusal
from aether.testkit.clock import START
from aether.testkit.eventually import eventually

from .conftest import Box

OPTIONS = [
    {"id": "yes", "label": "Yes", "keys": "1"},
    {"id": "say", "label": "Tell it", "text": "Use the blue one."},
]


async def asking(box: Box, text: str = "Red or blue?", **said: object) -> RunView:
    run = await box.hook(await box.start(await box.project()), "working")
    return await box.hook(run, "waiting", ask=text, **said)


def question(run: RunView) -> QuestionView:
    assert run.question is not None
    return run.question


def typed(box: Box) -> list[tuple[str, str]]:
    return [(command.text, command.keys) for command in box.terminals.typed]


async def test_an_answer_is_typed_and_the_run_works_on(box: Box) -> None:
    run = await asking(box)
    after = await box.answer(run, "Blue.", question_id=question(run).id)
    assert (after.state, after.question) == ("working", None)
    assert typed(box) == [("Blue.", "")]
    (notice,) = await box.notices()
    assert (notice.kind, notice.body) == ("waiting", "Red or blue?")
    assert notice.read_at is not None


@pytest.mark.parametrize(("option", "expected"), [("yes", ("", "1")), ("say", ("Use the blue one.", ""))])
async def test_an_option_is_pressed_or_said(box: Box, option: str, expected: tuple[str, str]) -> None:
    run = await asking(box, options=OPTIONS)
    assert [shown.label for shown in question(run).options] == ["Yes", "Tell it"]
    await box.answer(run, option=option, question_id=question(run).id)
    assert typed(box) == [expected]


@pytest.mark.parametrize(
    "said", [{}, {"text": "Blue.", "option": "yes"}, {"option": "no-such-option"}, {"option": ""}]
)
async def test_an_answer_is_a_text_or_an_option(box: Box, said: dict[str, str]) -> None:
    run = await asking(box, options=OPTIONS)
    assert (await box.refused(box.message(run, question_id=question(run).id, **said))).status == 422
    assert typed(box) == []
    assert (await box.run(run)).state == "waiting"


async def test_words_for_a_dialog_that_takes_none_leave_it_first(box: Box) -> None:
    run = await asking(box, options=OPTIONS, before="\x1b")
    await box.answer(run, "Neither of them.", question_id=question(run).id)
    assert typed(box) == [("", "\x1b"), ("Neither of them.", "")]
    other = await asking(box, options=OPTIONS, before="\x1b")
    await box.answer(other, option="yes", question_id=question(other).id)
    assert typed(box)[2:] == [("", "1")]


async def test_an_answer_that_ends_the_turn_leaves_a_box_and_rings_for_nobody(box: Box) -> None:
    run = await asking(box, options=[{"id": "no", "label": "No", "keys": "\x1b", "ends": True}])
    done = await box.answer(run, option="no", question_id=question(run).id)
    assert (done.state, question(done).kind) == ("done", "message")
    assert [notice.kind for notice in await box.notices()] == ["waiting"]


async def test_of_two_answers_at_once_one_is_taken_and_the_other_is_told(box: Box) -> None:
    run = await asking(box)
    asked = question(run).id
    outcomes = await asyncio.gather(
        *(box.answer(run, f"answer {n}", question_id=asked) for n in range(8)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert {refusal.type for refusal in refused} == {"answered-already"}
    assert len(refused) == 7
    assert len(typed(box)) == 1


async def test_a_question_that_is_over_takes_no_answer(box: Box) -> None:
    run = await asking(box)
    asked = question(run).id
    await box.hook(run, "working")  # answered in the terminal itself
    assert (await box.refused(box.message(run, text="Blue.", question_id=asked))).type == "question-gone"
    never = box.message(run, text="Blue.", question_id=QuestionId(new_id()))
    assert (await box.refused(never)).type == "question-gone"
    (notice,) = await box.notices()
    assert notice.read_at is not None


async def test_the_same_request_again_types_nothing_and_answers_as_before(box: Box) -> None:
    run = await asking(box)
    wanted = box.message(run, text="Blue.", question_id=question(run).id, idempotency_key="k")
    first, again = await box.ask(wanted), await box.ask(wanted)
    assert first.id == again.id
    assert typed(box) == [("Blue.", "")]


async def test_a_message_needs_no_question(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    await box.answer(run, "And the cellar, too.")
    await box.answer(run, "And the garden.")
    assert typed(box) == [("And the cellar, too.", ""), ("And the garden.", "")]


async def test_the_last_words_of_a_turn_are_answered_in_a_box(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    done = await box.hook(run, "done", words="Shall I push?")
    assert (done.state, question(done).kind, question(done).text) == ("done", "message", "Shall I push?")
    after = await box.answer(done, "Yes.", question_id=question(done).id)
    assert after.state == "working"
    assert [notice.kind for notice in await box.notices()] == ["done"]


async def test_what_no_screen_shows_was_typed_and_its_person_is_told_to_look(box: Box) -> None:
    run = await asking(box)
    box.terminals.appears = False
    after = await box.answer(run, "Blue.", question_id=question(run).id)
    assert (after.state, after.question) == ("working", None)
    assert "did not show" in after.detail
    again = box.message(run, "Blue.", question_id=question(run).id)
    assert (await box.refused(again)).type == "answered-already"
    assert (await box.hook(run, "working")).detail == ""


async def test_keys_that_change_nothing_to_see_were_pressed(box: Box) -> None:
    run = await asking(box, options=OPTIONS)
    box.terminals.appears = False
    assert (await box.answer(run, option="yes", question_id=question(run).id)).state == "working"


async def test_a_terminal_that_refuses_for_good_opens_the_question_again(box: Box) -> None:
    run = await asking(box)

    async def refuse(*_: object) -> t.Typed:
        raise TooMany("The terminal is closed.")

    box.wire.handle(t.TypeText, refuse)
    first = box.message(run, text="B", question_id=question(run).id, idempotency_key="k")
    assert (await box.refused(first)).type == "not-typed"
    again = await box.run(run)
    assert (again.state, again.question) == ("waiting", run.question)
    assert "was not typed" in again.detail
    assert len(await box.notices()) == 1
    box.wire.handle(t.TypeText, box.terminals.type_text)
    after = await box.ask(first)
    assert (after.state, after.question, after.detail) == ("working", None, "")


async def test_what_cannot_be_typed_now_is_typed_later_in_its_order(box: Box) -> None:
    run = await asking(box)
    box.wire.away.add(t.TypeText)
    after = await box.answer(run, "Blue.", question_id=question(run).id)
    assert (after.state, after.question) == ("working", None)
    await box.answer(run, "And hurry.")
    assert typed(box) == []
    box.wire.away.clear()
    for _ in range(3):
        box.clock.advance(2)
        await box.runs.watch.look()
        await eventually(lambda: not box.runs.typist._tasks)
    assert typed(box) == [("Blue.", ""), ("And hurry.", "")]


async def test_what_can_never_be_typed_is_given_up_and_told(box: Box) -> None:
    run = await asking(box)
    box.wire.away.add(t.TypeText)
    await box.answer(run, "Blue.", question_id=question(run).id)
    for _ in range(8):
        box.clock.advance(61)
        await box.runs.watch.look()
        await eventually(lambda: not box.runs.typist._tasks)
    again = await box.run(run)
    assert (again.state, again.question) == ("waiting", run.question)
    assert "was not typed" in again.detail


async def test_a_kill_after_the_claim_and_before_the_typing_types_once(box: Box) -> None:
    run = await asking(box)
    reached = asyncio.Event()

    async def never(*_: object) -> t.Typed:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    box.wire.handle(t.TypeText, never)
    answering = asyncio.create_task(box.answer(run, "Blue.", question_id=question(run).id))
    await reached.wait()
    answering.cancel()
    await box.end()
    box.wire.handle(t.TypeText, box.terminals.type_text)
    box.begin()
    assert (await box.refused(box.message(run, text="Red", question_id=question(run).id))).status == 409
    await box.runs.watch.look()
    await eventually(lambda: typed(box) == [("Blue.", "")])


async def test_a_kill_after_the_typing_and_before_our_note_of_it_types_once(box: Box) -> None:
    run = await asking(box)
    reached = asyncio.Event()

    async def typed_and_hangs(command: t.TypeText, context: object) -> t.Typed:
        await box.terminals.type_text(command, context)
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    box.wire.handle(t.TypeText, typed_and_hangs)
    answering = asyncio.create_task(box.answer(run, "Blue.", question_id=question(run).id))
    await reached.wait()
    answering.cancel()
    await box.end()
    box.wire.handle(t.TypeText, box.terminals.type_text)
    box.begin()
    await box.runs.watch.look()
    await eventually(lambda: len(box.terminals.tries) == 2)
    await eventually(lambda: not box.runs.typist._tasks)
    assert typed(box) == [("Blue.", "")]
    assert len({command.key for command in box.terminals.tries}) == 1


async def test_what_was_typed_is_not_kept(box: Box) -> None:
    run = await asking(box)
    await box.answer(run, "the password is canary-71", question_id=question(run).id)
    async with box.database.reading() as db:
        assert await db.fetchval("SELECT count(*) FROM agents.input WHERE text <> '' OR keys <> ''") == 0


async def test_a_run_that_has_ended_goes_on_with_a_message(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working", session="s-1")
    await box.close(run, 0)
    woken = await box.answer(run, "One more thing.")
    assert (woken.ended_at, woken.state, woken.restarts) == (None, "starting", 1)
    again = await box.begun(run, starts=2)
    assert again.terminal_id != run.terminal_id
    files = box.links.links[run.project_id].files
    place = f"/dev/shm/aether-m/runs/{run.id}"
    assert files[f"{place}/prompt"] == "One more thing."
    assert "exec talker resume s-1" in files[f"{place}/start"]
    assert (await box.hook(again, "working")).state == "working"


async def test_of_two_messages_to_a_run_that_has_ended_one_starts_it_and_the_other_is_told(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    await box.close(run, 0)
    outcomes = await asyncio.gather(
        *(box.answer(run, text) for text in ("One.", "Another.")), return_exceptions=True
    )
    (refusal,) = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert refusal.type in {"run-ended", "not-ready"}
    taken = "Another." if outcomes[0] is refusal else "One."
    await box.begun(run, starts=2)
    assert box.links.links[run.project_id].files[f"/dev/shm/aether-m/runs/{run.id}/prompt"] == taken
    assert typed(box) == []


async def test_the_same_message_to_a_run_that_has_ended_starts_it_once(box: Box) -> None:
    run = await box.start(await box.project())
    await box.close(run, 0)
    wanted = box.message(run, "One more thing.", idempotency_key="k")
    first, second = await asyncio.gather(box.ask(wanted), box.ask(wanted))
    assert (first.restarts, second.restarts) == (1, 1)
    again = await box.begun(run, starts=2)
    assert (await box.ask(wanted)).ended_at is None
    await box.close(again, 0)
    assert (await box.ask(wanted)).ended_at is not None
    assert typed(box) == []


async def test_a_run_that_has_ended_takes_a_place_when_it_goes_on(box: Box) -> None:
    box.settings.runs_per_project = 1
    project = await box.project()
    run = await box.start(project)
    await box.close(run, 0)
    other = await box.start(project)
    assert (await box.refused(box.message(run, "Again."))).type == "too-many"
    await box.close(other, 0)
    assert (await box.answer(run, "Again.")).ended_at is None


async def test_a_run_is_started_again_when_all_that_its_end_left_is_tidied(box: Box) -> None:
    run = await box.start(await box.project())
    link, go_on, done = box.links.links[run.project_id], asyncio.Event(), list[str]()

    async def execute(script: str, *_: object, **__: object) -> Output:
        await go_on.wait()
        done.append("tidied")
        return Output(0, "", "")

    link.execute = execute  # type: ignore[method-assign] # a machine that is slow
    box.wire.before = lambda command: done.append("opened") if isinstance(command, t.OpenTerminal) else None
    await box.ask(StopRun(account_id=box.account, run_id=run.id))
    await box.answer(run, "One more thing.")
    started, _ = await asyncio.wait({box.runs.launcher._tasks[run.project_id]}, timeout=0.3)
    assert not started
    go_on.set()
    await box.begun(run, starts=2)
    assert done == ["tidied", "tidied", "opened"]


async def test_a_run_that_cannot_go_on_says_so(box: Box) -> None:
    project = await box.project()
    once = await box.start(project, "command", command="make")
    await box.close(once)
    assert (await box.refused(box.message(once, text="Again."))).type == "run-ended"
    run = await box.start(project)
    await box.close(run)
    await box.halt(project.id)
    assert (await box.refused(box.message(run, text="Again."))).type == "cannot-start"
    assert "StartMachine" not in box.machines.asked


def test_what_is_said_to_an_agent_is_not_shown_where_it_waits() -> None:
    waits = Input(new_id(), RunId(new_id()), "canary-5531", "", START, START)
    assert "canary-5531" not in repr(waits)


@pytest.mark.timeout(300)
async def test_a_thousand_questions_of_twenty_runs_are_each_told_once_and_answered_once(box: Box) -> None:
    project = await box.project()
    runs = await asyncio.gather(*(box.start(project) for _ in range(20)))

    async def ask_all(run: RunView) -> None:
        for number in range(50):
            waiting = await box.hook(run, "waiting", ask=f"Question {number}?")
            await box.hook(run, "waiting", ask=f"Question {number}?")
            asked = question(waiting)
            answers = await asyncio.gather(
                *(box.answer(run, f"{run.id} {number}", question_id=asked.id) for _ in range(2)),
                return_exceptions=True,
            )
            assert sorted(isinstance(answer, Refusal) for answer in answers) == [False, True]

    await asyncio.gather(*(ask_all(run) for run in runs))
    assert len(box.terminals.typed) == 1000
    assert {command.text for command in box.terminals.typed} == {
        f"{run.id} {number}" for run in runs for number in range(50)
    }
    async with box.database.reading() as db:
        assert await db.fetchval("SELECT count(*) FROM agents.notice WHERE kind = 'waiting'") == 1000
        assert await db.fetchval("SELECT count(*) FROM agents.notice WHERE read_at IS NULL") == 0
