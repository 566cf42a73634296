"""What time brings: ticks, idleness, and clocks that jump."""

from datetime import timedelta

import pytest

from aether.contracts.machines import MachineStopped, UsageTick
from aether.machines.domain.clock import Look
from aether.machines.domain.parts import Intent
from aether.machines.domain.views import project_view
from aether.machines.errors import NotRunning, TooMany

from .builders import NOW, ended, later, running, stopped

# Ticks and clocks


def test_ticks_are_whole_minutes_that_adjoin() -> None:
    project = running()
    first, facts = project.ticked(later(seconds=61))
    second, more = first.ticked(later(seconds=185))
    windows = [(t.window_start, t.window_end) for t in (*facts, *more) if isinstance(t, UsageTick)]
    assert windows == [(NOW, later(seconds=60)), (later(seconds=60), later(seconds=180))]
    assert second.ticked(later(seconds=200)) == (second, ())


def test_a_clock_that_went_back_bills_no_second_twice() -> None:
    project, _ = running().ticked(later(minutes=10))
    assert project.ticked(later(minutes=5)) == (project, ())
    _, facts = ended(project.asked_to_stop(later(minutes=5), {}), later(minutes=5))
    [fact] = facts
    assert isinstance(fact, MachineStopped)
    assert fact.stopped_at == later(minutes=10)


def test_a_leap_of_the_clock_is_in_no_interval() -> None:
    project, _ = running().ticked(later(minutes=1))
    jumped, facts = project.clock_jumped(later(seconds=90), later(hours=8))
    assert [(t.window_start, t.window_end) for t in facts if isinstance(t, UsageTick)] == [
        (later(minutes=1), later(seconds=90))
    ]
    assert jumped.interval is not None
    assert jumped.interval.started_at == later(hours=8)
    assert not jumped.is_idle(later(hours=8, minutes=29))
    assert jumped.clock_jumped(later(seconds=95), later(hours=8)) == (jumped, ())


def test_a_leap_back_makes_nobody_idle_and_opens_no_interval() -> None:
    project = running()
    jumped, facts = project.clock_jumped(later(minutes=10), NOW - timedelta(hours=1))
    assert (jumped.interval, facts) == (project.interval, ())
    assert not jumped.is_idle(NOW - timedelta(minutes=31))


def test_two_looks_at_the_clocks_find_a_jump_and_not_a_slow_round() -> None:
    look = Look(NOW, 100.0)
    assert look.jump_until(Look(later(minutes=10), 700.0)) is None
    jump = look.jump_until(Look(later(hours=1), 105.0))
    assert jump is not None
    assert (jump.before, jump.after) == (later(seconds=5), later(hours=1))


def test_an_intent_put_off_before_the_clock_went_back_is_due() -> None:
    assert Intent.new("stop", later(hours=1), {}).is_due(NOW)


# Idleness


def test_starting_counts_as_input() -> None:
    project = running()
    assert not project.is_idle(later(minutes=29))
    assert project.is_idle(later(minutes=30))


def test_input_keeps_it_awake_and_the_view_says_until_when() -> None:
    project = running().noticed("input", later(minutes=20), later(minutes=20))
    view = project_view(project, later(minutes=21))
    assert [(r.kind, r.until) for r in view.awake_because] == [("input", later(minutes=50))]
    assert view.stops_at == later(minutes=50)


def test_output_alone_keeps_it_awake_for_two_hours() -> None:
    project = running()
    for minute in range(1, 200):
        project = project.noticed("output", later(minutes=minute), later(minutes=minute))
    assert not project.is_idle(later(minutes=119))
    assert project.is_idle(later(minutes=120))


def test_output_counts_for_two_hours_more_after_a_hold() -> None:
    project = running().held("build", 3600, later(minutes=10))
    for minute in range(1, 400):
        project = project.noticed("output", later(minutes=minute), later(minutes=minute))
    assert not project.is_idle(later(minutes=189))
    assert project.is_idle(later(minutes=190))


def test_a_hold_keeps_it_awake_until_it_ends_or_is_released() -> None:
    project = running().held("agent", 3600, later(minutes=5))
    assert [r.name for r in project_view(project, later(minutes=6)).awake_because] == ["agent", ""]
    assert not project.is_idle(later(minutes=64))
    assert project.is_idle(later(minutes=65))
    assert project.released("agent", later(minutes=40)).is_idle(later(minutes=41))


def test_holds_alone_keep_it_awake_for_twelve_hours_after_the_last_input() -> None:
    project = running()
    for minute in range(0, 20 * 60, 4):
        project = project.held("agent", 600, later(minutes=minute))
    assert [(r.kind, r.until) for r in project_view(project, later(hours=11, minutes=55)).awake_because] == [
        ("hold", later(hours=12))
    ]
    assert not project.is_idle(later(hours=11, minutes=59))
    assert project.is_idle(later(hours=12))
    assert not project.noticed("input", later(hours=11), later(hours=11)).is_idle(later(hours=20))


def test_output_counts_from_no_hold_that_does_not_count_itself() -> None:
    project = running()
    for minute in range(0, 20 * 60, 4):
        project = project.held("agent", 600, later(minutes=minute)).noticed(
            "output", later(minutes=minute), later(minutes=minute)
        )
    assert not project.is_idle(later(hours=13, minutes=59))
    assert project.is_idle(later(hours=14))


def test_a_hold_is_an_hour_at_most_and_a_repetition_renews_it() -> None:
    project = running().held("agent", 9999, NOW)
    assert project.activity.holds == {"agent": later(hours=1)}
    assert project.held("agent", 60, later(minutes=1)).activity.holds == {"agent": later(minutes=2)}


def test_a_project_has_a_bounded_number_of_holds() -> None:
    project = running()
    for number in range(32):
        project = project.held(str(number), 60, NOW)
    with pytest.raises(TooMany):
        project.held("one more", 60, NOW)
    assert project.held("31", 60, NOW)


def test_a_stopped_machine_cannot_be_held() -> None:
    with pytest.raises(NotRunning, match="stopped"):
        stopped().held("agent", 60, NOW)


def test_a_sign_of_life_with_an_implausible_time_counts_as_now() -> None:
    project = running().noticed("input", NOW - timedelta(days=1), later(minutes=25))
    assert not project.is_idle(later(minutes=54))
    project = running().noticed("input", later(days=1), later(minutes=25))
    assert project.is_idle(later(minutes=55))


def test_a_stop_for_idleness_says_so() -> None:
    project = running().asked_to_stop(later(minutes=30), {}, "idle")
    over, facts = ended(project, later(minutes=30))
    assert over.status_detail == "Stopped after 30 minutes without input."
    assert [f.reason for f in facts if isinstance(f, MachineStopped)] == ["idle"]
