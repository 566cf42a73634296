"""What a run becomes by what is reported of it: without a database, a bus or a machine."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any, get_args

import pytest

from aether.agents.domain.hearing import READY, WAITS, heard
from aether.agents.domain.notable import notable
from aether.agents.domain.report import Asked, Option, Report, Source, State
from aether.agents.domain.run import GO_ON, Run
from aether.contracts.ids import AccountId, PersonId, ProjectId, RunId, TerminalId, new_id
from aether.testkit.clock import START

NOW = START
LATER = NOW + timedelta(seconds=5)
STATES: tuple[State, ...] = get_args(State)
SOURCES: tuple[Source, ...] = get_args(Source)


def a_run(state: State = "working", **values: Any) -> Run:
    """One that is in its terminal."""
    run = Run(
        id=RunId(new_id()),
        account_id=AccountId(new_id()),
        project_id=ProjectId(new_id()),
        person_id=PersonId(new_id()),
        agent="talker",
        agent_title="Talker",
        name="Mend the roof",
        prompt="Mend the roof.",
        command="",
        created_at=NOW,
        since=NOW,
        attended_at=NOW,
    ).opened(TerminalId(new_id()), 1, NOW)
    run = replace(run, launched=True, talked=state != "starting")
    if state == "waiting":
        return replace(say(run, "waiting", asked=Asked("permission", "May I?", key="q1")), **values)
    if state == "done":
        return replace(say(run, "done", last_message="I am done."), **values)
    return replace(run.into(state, NOW), **values)


def say(run: Run, state: State | None, source: Source = "hook", **said: Any) -> Run:
    return heard(run, Report(source, LATER, state, **said), LATER)


@pytest.mark.parametrize(("before", "told"), list(product(STATES, STATES)))
def test_an_agents_own_word_is_taken_from_every_state(before: State, told: State) -> None:
    after = say(a_run(before), told)
    expected: dict[tuple[State, State], State] = {
        # It says all the while that it works.
        ("stuck", "working"): "stuck",
        # Only what works can go in circles.
        **{(state, "stuck"): state for state in STATES if state != "working"},
        # It has begun already, whatever it says.
        **{(state, "starting"): state for state in STATES},
        # What it waits for was said before; the end of its turn has a message already.
        ("done", "waiting"): "done",
        # Without a last word it is only there, and has not yet taken up what it was started for.
        ("starting", "done"): "starting",
    }
    assert after.state == expected.get((before, told), told)


@pytest.mark.parametrize(("before", "told"), list(product(STATES, STATES)))
def test_a_run_that_waits_or_is_done_has_a_question_and_no_other_has(before: State, told: State) -> None:
    after = say(a_run(before), told)
    assert (after.question is not None) == (after.state in {"waiting", "done"})
    if after.question is not None:
        assert (after.question.kind == "message") == (after.state == "done")


@pytest.mark.parametrize(("source", "told"), list(product(SOURCES, STATES)))
def test_nothing_is_heard_of_a_run_that_has_ended(source: Source, told: State) -> None:
    run = a_run().ended("exited", 0, NOW)
    assert say(run, told, source, tokens=(1, 1), session="s") == run


@pytest.mark.parametrize("told", STATES)
def test_a_stopped_machine_says_nothing_of_a_state(told: State) -> None:
    run = a_run("waiting").machine_stopped(NOW, resumes=True)
    after = say(run, told, session="s-2", tokens=(3, 4))
    assert (after.state, after.reason, after.question) == ("waiting", "machine_stopped", run.question)
    assert (after.session, after.input_tokens, after.output_tokens) == ("s-2", 3, 4)


@pytest.mark.parametrize("source", ["signal", "screen"])
def test_a_guess_counts_until_the_agent_has_spoken(source: Source) -> None:
    assert say(a_run(), "done", source).state == "done"
    spoken = say(a_run(), "working", "hook")
    assert say(spoken, "done", source).state == "working"


def test_an_agent_that_has_only_said_that_it_is_there_may_still_wait_in_silence() -> None:
    there = say(a_run("starting"), None, session="s-1")
    assert say(there, "done", "screen").state == "done"


def test_an_agent_without_a_prompt_is_ready_as_soon_as_it_is_there() -> None:
    ready = say(a_run("starting", prompt=""), None, session="s-1")
    assert ready.question is not None
    assert (ready.state, ready.question.kind, ready.question.text) == ("done", "message", READY)


def test_an_agent_that_is_started_again_has_not_spoken() -> None:
    run = (
        say(a_run(), "working")
        .machine_stopped(NOW, resumes=True)
        .resumed(NOW)
        .opened(TerminalId(new_id()), 2, NOW)
    )
    assert say(replace(run, launched=True), "done", "screen").state == "done"


def test_a_question_told_twice_is_one_question() -> None:
    asked = Asked("permission", "May I?", (Option("1", "Yes", keys="1"),))
    first = say(a_run(), "waiting", asked=asked)
    again = say(first, "waiting", asked=replace(asked, key="tool-7"))
    assert first.question is not None
    assert again.question is not None
    assert again.question.id == first.question.id
    assert again.question.key == "tool-7"
    assert notable(first, again) is None


@pytest.mark.parametrize(
    "asked",
    [Asked("permission", "May I?", key="q2"), Asked("question", "May I?"), Asked("permission", "And now?")],
)
def test_another_question_is_another_question(asked: Asked) -> None:
    first = a_run("waiting")
    second = say(first, "waiting", asked=asked)
    assert first.question is not None
    assert second.question is not None
    assert second.question.id != first.question.id
    assert second.question.text == asked.text
    assert second.since == LATER


def test_a_word_about_a_question_is_no_second_question() -> None:
    first = a_run("waiting")
    assert say(first, "waiting", last_message="I need your permission").question == first.question


def test_who_waits_without_a_word_can_be_answered_for_all_that() -> None:
    waiting = say(a_run(), "waiting")
    assert waiting.question is not None
    assert waiting.question.text == WAITS


def test_an_answered_question_is_not_asked_again_by_a_late_word_of_it() -> None:
    answered = a_run("waiting").answered(LATER)
    assert answered.question is None
    late = say(answered, "waiting", asked=Asked("permission", "May I?", key="q1"))
    assert (late.state, late.question) == ("working", None)


def test_the_same_words_asked_after_an_answer_are_a_new_question() -> None:
    first = say(a_run(), "waiting", asked=Asked("question", "Which one?"))
    second = say(first.answered(LATER), "waiting", asked=Asked("question", "Which one?"))
    assert first.question is not None
    assert second.question is not None
    assert second.question.id != first.question.id


def test_going_on_takes_a_question_away() -> None:
    assert say(a_run("waiting"), "working").question is None


def asking(*abouts: str) -> Run:
    """A run of which so many tools have asked for permission, one after the other."""
    run = a_run()
    for about in abouts:
        run = say(run, "waiting", asked=Asked("permission", f"May I {about}?", about=about))
    return run


def asked_for(run: Run) -> str:
    return run.question.text if run.question is not None else ""


def test_what_another_tool_says_is_no_answer_to_a_permission() -> None:
    run = say(asking("write"), "working", about="read", doing="Read boat.txt")
    assert (run.state, asked_for(run), run.doing) == ("waiting", "May I write?", "Read boat.txt")
    after = say(run, "working", about="write")
    assert (after.state, after.question) == ("working", None)


@pytest.mark.parametrize("told", ["working", "done", "failed"])
def test_a_word_of_no_tool_ends_all_that_was_asked(told: State) -> None:
    after = say(asking("write", "run"), told, last_message="So it is.")
    assert after.state == told
    assert after.question is None or after.question.kind == "message"


def test_a_second_permission_is_shown_when_the_first_is_answered() -> None:
    run = asking("write", "run")
    assert asked_for(run) == "May I write?"
    answered = run.answered(LATER)
    assert (answered.state, asked_for(answered)) == ("waiting", "May I run?")
    assert notable(run, answered) is not None
    assert answered.answered(LATER).state == "working"


def test_a_second_permission_is_shown_when_the_first_was_answered_in_the_terminal() -> None:
    run = say(asking("write", "run"), "working", about="write")
    assert (run.state, asked_for(run)) == ("waiting", "May I run?")


def test_a_permission_that_waits_behind_another_is_told_of_once_and_ends_with_its_tool() -> None:
    run = say(asking("write", "run"), "waiting", asked=Asked("permission", "May I run?", about="run"))
    assert run.question is not None
    assert len(run.question.behind) == 1
    run = say(run, "working", about="run")
    assert run.question is not None
    assert (run.question.text, run.question.behind) == ("May I write?", ())


def test_an_answer_that_ends_the_turn_ends_what_was_asked_behind_it() -> None:
    answered = asking("write", "run").answered(LATER, ends_turn=True)
    assert (answered.state, answered.question) == ("working", None)


def test_a_question_that_could_not_be_answered_is_before_the_next_again() -> None:
    run = asking("write", "run")
    again = run.answered(LATER).reopened(run.question, "It was not typed.", LATER)
    assert again.question is not None
    assert (again.question, again.detail) == (run.question, "It was not typed.")


def started_again(run: Run) -> Run:
    stopped = run.machine_stopped(NOW, resumes=True).resumed(NOW)
    return replace(stopped.opened(TerminalId(new_id()), 2, NOW), launched=True)


def test_a_question_stands_when_an_agent_that_was_started_again_says_that_it_is_there() -> None:
    run = started_again(a_run("waiting"))
    there = say(say(run, None), "done")
    assert (there.state, there.question) == ("waiting", run.question)
    assert notable(run, there) is None
    assert say(there, "working").question is None


def test_a_screen_that_changes_while_an_agent_starts_again_answers_no_question() -> None:
    run = started_again(a_run("waiting", session="s-1"))
    for told in ("working", "done"):
        assert say(run, told, "screen").question == run.question
    silent = started_again(a_run("waiting"))
    assert say(silent, "working", "screen").question is None


@pytest.mark.parametrize("session", ["", "s-1"])
def test_an_agent_that_is_only_there_has_not_taken_up_what_it_is_to_do(session: str) -> None:
    run = say(say(a_run("starting"), None, session=session), "waiting")
    assert (run.talked, started_again(run).first_words) == (False, "Mend the roof.")


@pytest.mark.parametrize("said", [("working", ""), ("done", "It is mended.")])
def test_an_agent_that_has_taken_up_what_it_is_to_do_goes_on_with_that(said: tuple[State, str]) -> None:
    run = say(a_run("starting"), said[0], last_message=said[1])
    assert run.talked
    assert started_again(run).first_words == (GO_ON if said[0] == "working" else "")


def test_what_is_to_be_said_next_stays_until_it_is_taken_up() -> None:
    run = started_again(started_again(a_run()))
    assert run.first_words == GO_ON
    assert say(run, "working").first_words == ""


def test_the_end_of_a_turn_shows_its_last_words_whichever_source_has_them() -> None:
    first = say(a_run(), "done")
    second = say(first, "done", last_message="Shall I push?")
    assert first.question is not None
    assert second.question is not None
    assert (second.question.id, second.question.text) == (first.question.id, "Shall I push?")
    assert second.question.kind == "message"
    assert second.last_message == "Shall I push?"


def test_a_refused_key_fails_a_run_that_its_agent_says_works() -> None:
    refused = say(a_run(), None, "broker", reason="key_refused")
    assert (refused.state, refused.reason, refused.detail) == ("failed", "key_refused", "The key was refused.")
    assert say(refused, "failed", detail="401 from somewhere").detail == "The key was refused."
    again = say(refused, None, "broker", tokens=(1, 2))
    assert (again.state, again.reason, again.detail) == ("working", "", "")


@pytest.mark.parametrize("state", ["working", "waiting", "done"])
def test_a_limit_leaves_the_state_and_the_next_answer_of_the_vendor_ends_it(state: State) -> None:
    until = NOW + timedelta(hours=3)
    said = {"reason": "limited", "limited_until": until, "detail": "Limited until 03:00 UTC."}
    limited = say(a_run(state), None, "broker", **said)
    assert (limited.state, limited.reason, limited.limited_until) == (state, "limited", until)
    failed = say(limited, "failed", detail="rate_limit")
    assert (failed.reason, failed.detail, failed.limited_until) == ("limited", "Limited until 03:00 UTC.", until)
    clear = say(limited, None, "broker")
    assert (clear.state, clear.reason, clear.limited_until, clear.detail) == (state, "", None, "")


def test_tokens_and_the_conversation_are_kept_whoever_tells_of_them() -> None:
    run = say(say(a_run(), None, "broker", tokens=(10, 2)), None, "hook", session="abc", tokens=(1, 1))
    assert (run.input_tokens, run.output_tokens, run.session) == (11, 3, "abc")


def test_time_counts_while_it_works_and_never_backwards() -> None:
    run = a_run()
    assert run.worked_until(NOW + timedelta(seconds=30)) == 30
    assert run.worked_until(NOW - timedelta(seconds=30)) == 0
    waiting = heard(run, Report("hook", LATER, "waiting"), LATER)
    assert waiting.worked_until(LATER + timedelta(hours=1)) == 5
