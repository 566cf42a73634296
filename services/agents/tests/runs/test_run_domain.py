"""A run's ends, its machine's, and what of it its person hears."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aether.agents.domain.launch import Agent, Launch, Plan
from aether.agents.domain.notable import notable
from aether.agents.domain.report import Asked, State
from aether.agents.domain.run import GO_ON, Run
from aether.agents.domain.start import script
from aether.agents.domain.telling import changed, told
from aether.agents.domain.views import run_view
from aether.contracts.ids import TerminalId, new_id

from .conftest import MUTE, TALKER
from .test_hearing import LATER, NOW, STATES, a_run, say


@pytest.mark.parametrize("state", STATES)
def test_an_exit_with_success_is_done_unless_it_had_failed(state: State) -> None:
    ended = a_run(state).ended("exited", 0, LATER)
    assert ended.state == ("failed" if state == "failed" else "done")
    assert (ended.reason, ended.ended_at, ended.question, ended.counted_at) == ("exited", LATER, None, None)
    assert ended.ended("exited", 1, NOW) == ended


@pytest.mark.parametrize(("code", "says"), [(1, "status 1"), (137, "status 137"), (None, "not known")])
def test_another_exit_is_a_failure_with_its_status(code: int | None, says: str) -> None:
    ended = a_run().ended("exited", code, LATER)
    assert (ended.state, ended.reason) == ("failed", "exited")
    assert says in ended.detail


def test_what_a_person_ends_has_not_failed_and_calls_for_nobody() -> None:
    run = replace(a_run(), stop_asked=True)
    for ended in (run.ended("exited", 129, LATER), a_run().ended("closed", None, LATER)):
        assert (ended.state, ended.reason) == ("done", "stopped")
        assert notable(run, ended) is None


def test_an_agent_that_could_not_be_installed_says_so_and_one_that_exits_alike_does_not() -> None:
    ended = replace(a_run("starting"), launched=False).ended("exited", 97, LATER)
    assert (ended.state, ended.reason, ended.detail) == (
        "failed",
        "not_installed",
        "Talker could not be installed.",
    )
    assert a_run().ended("exited", 97, LATER).reason == "exited"


@pytest.mark.parametrize("state", STATES)
def test_a_stopped_machine_keeps_the_state_in_view_and_the_next_goes_on(state: State) -> None:
    run = a_run(state)
    stopped = run.machine_stopped(LATER, resumes=True)
    assert (stopped.state, stopped.reason, stopped.wanted) == (state, "machine_stopped", True)
    assert (stopped.question, stopped.terminal_id) == (run.question, run.terminal_id)
    assert stopped.next_prompt == (GO_ON if state in {"working", "stuck"} else "")
    assert stopped.worked_until(LATER + timedelta(hours=1)) == (5 if state in {"working", "stuck"} else 0)
    assert stopped.machine_stopped(LATER, resumes=True) == stopped
    again = stopped.resumed(LATER).opened(TerminalId(new_id()), 2, LATER)
    assert (again.reason, again.detail, again.restarts, again.generation) == ("", "", 1, 2)
    assert again.state == ("starting" if state in {"working", "stuck"} else state)


def test_a_question_of_before_a_restart_is_open_again_and_answered_in_words() -> None:
    before = a_run("waiting")
    again = before.machine_stopped(LATER, resumes=True).resumed(LATER)
    assert before.question is not None
    assert again.question == replace(
        before.question, kind="question", options=(), key="", before="", in_words=True
    )


def test_what_cannot_be_resumed_ends_with_its_machine() -> None:
    stopped = a_run().machine_stopped(LATER, resumes=False)
    assert (stopped.state, stopped.reason, stopped.ended_at) == ("failed", "machine_stopped", LATER)


def test_what_was_to_stop_ends_with_its_machine() -> None:
    stopped = replace(a_run(), stop_asked=True).machine_stopped(LATER, resumes=True)
    assert (stopped.state, stopped.reason, stopped.ended_at) == ("done", "stopped", LATER)


def test_the_terminal_of_an_earlier_start_ends_nothing() -> None:
    run = a_run()
    assert run.closed(TerminalId(new_id()), "exited", 0, LATER, gone=False, resumes=True) == run


def test_what_it_printed_last_are_its_last_words_if_it_said_none() -> None:
    def ended(run: Run) -> str:
        over = run.closed(run.terminal_id, "exited", 0, LATER, gone=False, resumes=False, printed="bye")
        assert over.ended_at == LATER
        return over.last_message

    assert ended(a_run()) == "bye"
    assert ended(replace(a_run(), last_message="All is tidy.")) == "All is tidy."


def test_an_agent_without_hooks_works_once_it_has_begun_and_one_with_hooks_says_so_itself() -> None:
    assert a_run("starting").began(MUTE, LATER).state == "working"
    assert a_run("starting").began(TALKER, LATER).state == "starting"


def test_each_need_is_told_once_and_in_its_own_words() -> None:
    run = a_run()
    asks = say(run, "waiting", asked=Asked("question", "Red or blue?"))
    found = notable(run, asks)
    assert found is not None
    assert (found.kind, found.title, found.body) == ("waiting", "Mend the roof asks", "Red or blue?")
    done = say(run, "done", last_message="Shall I push?")
    found = notable(run, done)
    assert found is not None
    assert (found.kind, found.body) == ("done", "Shall I push?")
    failed = notable(run, run.ended("exited", 3, LATER))
    assert failed is not None
    assert (failed.kind, failed.body) == ("failed", "It ended with status 3.")
    stuck = notable(run, run.grown_stuck("It has repeated itself.", LATER))
    assert stuck is not None
    assert stuck.kind == "stuck"
    finished = notable(run, run.ended("exited", 0, LATER))
    assert finished is not None
    assert finished.kind == "done"
    assert notable(done, done.ended("exited", 0, LATER)) is None


def test_a_limit_is_told_as_a_failure_once() -> None:
    run = a_run()
    limited = say(run, None, "broker", reason="limited", limited_until=LATER, detail="Limited until 03:00 UTC.")
    found = notable(run, limited)
    assert found is not None
    assert (found.kind, found.body) == ("failed", "Limited until 03:00 UTC.")
    assert notable(limited, replace(limited, limited_until=LATER + timedelta(seconds=1))) is None


def test_a_question_is_told_at_once_and_what_it_does_at_most_once_a_second() -> None:
    run = replace(a_run(), told_at=NOW)
    _, at_once = told(run, say(run, "waiting"), NOW)
    assert at_once
    held, at_once = told(run, replace(run, doing="Reads"), NOW)
    assert not at_once
    assert held.tell_at == NOW + timedelta(seconds=1)
    held, at_once = told(held, replace(held, input_tokens=5), NOW)
    assert not at_once
    assert held.tell_at == NOW + timedelta(seconds=1)
    counted, at_once = told(run, replace(run, input_tokens=5), NOW)
    assert not at_once
    assert counted.tell_at == NOW + timedelta(seconds=10)
    assert not changed(run, replace(run, worked=9.0, counted_at=LATER))


def test_an_hour_of_work_costs_what_the_list_says() -> None:
    view = run_view(a_run(), NOW + timedelta(minutes=61), 2)
    assert (view.working_seconds, view.cost_cents) == (3660, 122)


def launch() -> Launch:
    place, workspace = "/dev/shm/aether-m/runs/r", "/home/dev/it's mine"
    return Launch("r-1", "p", "", "/home/dev", workspace, place, "", secret="aer_s3cret", brokers={})


def test_the_start_script_quotes_what_it_is_given() -> None:
    agent = Agent(**{**vars(TALKER), "title": "Talker's"})
    text = script(agent, launch(), Plan("exec talker", {"KEY": "a'b $(reboot)"}))
    assert "export KEY='a'\"'\"'b $(reboot)'" in text
    assert "cd '/home/dev/it'\"'\"'s mine' || exit 1" in text
    assert text.index("get talker") < text.index("phase=begun") < text.index("exec talker")


def test_an_agent_that_needs_no_installing_is_not_looked_for() -> None:
    assert "detect" not in script(MUTE, launch(), Plan("exec mute", {}))
