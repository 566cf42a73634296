"""A project from being made to being gone: what each step changes, and what it tells."""

from dataclasses import replace

from aether.contracts.ids import OperationId, new_id
from aether.contracts.machines import MachineStarted, MachineStopped, ProjectDeleted, UsageTick
from aether.machines.domain.parts import Clone
from aether.machines.domain.project import START_TRIES

from .builders import NOW, TRACE, booted, ended, intent, later, machine, running, seen, starting, stopped

# Starting


def test_a_start_has_a_new_generation_a_new_machine_and_an_intent_with_its_trace() -> None:
    project = starting()
    assert (project.status, project.desired, project.generation) == ("starting", "running", 1)
    assert machine(project).generation == 1
    assert (intent(project).kind, intent(project).headers) == ("start", TRACE)


def test_a_starting_machine_cannot_start_again() -> None:
    project = starting()
    assert project.asked_to_start(later(seconds=1), {}) == project


def test_a_running_machine_cannot_start_again() -> None:
    project = running()
    assert project.asked_to_start(later(seconds=1), {}) == project


def test_a_booted_machine_is_told_of_with_the_providers_time() -> None:
    project, facts = booted(starting())
    [fact] = facts
    assert isinstance(fact, MachineStarted)
    assert (fact.started_at, fact.generation, project.status) == (NOW, 1, "running")
    assert project.interval is not None
    assert fact.interval_id == project.interval.id


def test_a_start_cannot_have_been_in_the_future() -> None:
    project = starting()
    _, facts = project.booted(intent(project).operation_id, seen(project, started_at=later(hours=1)), NOW)
    assert [f.started_at for f in facts if isinstance(f, MachineStarted)] == [NOW]


def test_an_operation_that_another_process_has_finished_changes_nothing() -> None:
    project = running()
    assert project.booted(OperationId(new_id()), seen(project), NOW) == (project, ())
    assert project.ended(OperationId(new_id()), NOW, NOW) == (project, ())


def test_a_passing_fault_is_tried_again_and_the_person_told() -> None:
    project = starting()
    again = project.start_failed(intent(project).operation_id, "It does not answer.", NOW, passing=True)
    assert (again.status, again.status_detail) == ("starting", "It does not answer. Trying again.")
    assert not intent(again).is_due(NOW)
    assert intent(again).is_due(later(seconds=1))


def test_passing_faults_are_tried_again_a_bounded_number_of_times() -> None:
    project = starting()
    operation = intent(project).operation_id
    for _ in range(START_TRIES):
        project = project.start_failed(operation, "It does not answer.", NOW, passing=True)
    assert (project.status, project.desired) == ("error", "stopped")


def test_a_refused_start_is_an_error_with_its_sentence_and_what_may_be_left_is_ended() -> None:
    project = starting()
    failed = project.start_failed(intent(project).operation_id, "There is no room.", NOW, passing=False)
    assert (failed.status, failed.status_detail, failed.desired) == ("error", "There is no room.", "stopped")
    assert intent(failed).kind == "stop"
    cleared, facts = ended(failed, NOW)
    assert (cleared.status, cleared.status_detail, cleared.intent, facts) == (
        "error",
        "There is no room.",
        None,
        (),
    )


def test_after_an_error_it_can_be_started_again_even_while_what_is_left_is_cleared_away() -> None:
    project = starting()
    failed = project.start_failed(intent(project).operation_id, "There is no room.", NOW, passing=False)
    again = failed.asked_to_start(NOW, TRACE)
    assert (again.status, intent(again).kind) == ("starting", "stop")
    started, _ = ended(again, NOW)
    assert (started.status, intent(started).kind, started.generation) == ("starting", "start", 2)


def test_an_error_is_acknowledged_by_a_stop() -> None:
    project = starting()
    failed = project.start_failed(intent(project).operation_id, "There is no room.", NOW, passing=False)
    settled, _ = ended(failed.asked_to_stop(NOW, {}), NOW)
    assert (settled.status, settled.status_detail) == ("stopped", "")


# Stopping


def test_a_stopped_machine_cannot_stop_again() -> None:
    project = stopped()
    assert project.asked_to_stop(NOW, {}) == project


def test_a_stop_is_told_of_with_the_providers_time_and_the_last_seconds() -> None:
    project = running().asked_to_stop(later(seconds=90), {})
    assert project.status == "stopping"
    over, facts = ended(project, later(seconds=95), later(seconds=99))
    tick, fact = facts
    assert isinstance(tick, UsageTick)
    assert isinstance(fact, MachineStopped)
    assert (tick.window_start, tick.window_end) == (NOW, later(seconds=95))
    assert (fact.stopped_at, fact.reason) == (later(seconds=95), "asked")
    assert (over.status, over.interval, over.intent) == ("stopped", None, None)


def test_a_stop_during_a_start_abandons_it_and_tells_of_no_machine() -> None:
    project = starting().asked_to_stop(later(seconds=1), {})
    assert (project.status, intent(project).kind) == ("stopping", "start")
    abandoned, facts = booted(project)
    assert (facts, intent(abandoned).kind) == ((), "stop")
    over, facts = ended(abandoned, later(seconds=2))
    assert (over.status, facts) == ("stopped", ())


def test_a_start_during_a_stop_follows_it_with_the_next_generation() -> None:
    project = running().asked_to_stop(NOW, {}).asked_to_start(NOW, {})
    assert project.status == "stopping"
    again, facts = ended(project, later(seconds=1))
    assert (again.status, again.generation, intent(again).kind) == ("starting", 2, "start")
    assert any(isinstance(f, MachineStopped) for f in facts)


def test_start_stop_start_in_a_hurry_is_one_start() -> None:
    project = starting().asked_to_stop(NOW, {}).asked_to_start(NOW, {})
    started, facts = booted(project)
    assert (started.status, started.generation, len(facts)) == ("running", 1, 1)


def test_a_restart_replaces_the_machine() -> None:
    project = running().asked_to_restart(later(seconds=5), TRACE)
    again, facts = ended(project, later(seconds=6))
    assert (again.status, again.generation) == ("starting", 2)
    assert [f.reason for f in facts if isinstance(f, MachineStopped)] == ["replaced"]
    assert intent(again).headers == TRACE


def test_a_stop_in_vain_is_tried_again_for_as_long_as_it_takes_and_told_of() -> None:
    project = running().asked_to_stop(NOW, {})
    for _ in range(20):
        project = project.postponed(intent(project).operation_id, "It does not answer.", NOW)
    assert (project.status, project.status_detail, intent(project).attempts) == (
        "stopping",
        "It does not answer.",
        20,
    )
    assert intent(project).is_due(later(seconds=30))


def test_a_machine_that_died_is_stopped_with_the_reason_and_not_started_again() -> None:
    project = running()
    over, facts = project.died(machine(project).id, later(seconds=70), "It ended by itself.", later(seconds=80))
    assert (over.status, over.status_detail, over.desired) == ("stopped", "It ended by itself.", "stopped")
    assert [f.stopped_at for f in facts if isinstance(f, MachineStopped)] == [later(seconds=70)]
    assert [f.reason for f in facts if isinstance(f, MachineStopped)] == ["died"]


def test_a_machine_that_vanished_without_a_time_ended_when_it_was_last_seen() -> None:
    project = running()
    project = replace(project, machine=replace(machine(project), seen_at=later(seconds=65)))
    _, facts = project.died(machine(project).id, None, "", later(seconds=80))
    assert [f.stopped_at for f in facts if isinstance(f, MachineStopped)] == [later(seconds=65)]


def test_a_machine_that_is_being_stopped_has_not_died() -> None:
    project = running().asked_to_stop(NOW, {})
    assert project.died(machine(project).id, NOW, "", NOW) == (project, ())


# Deleting


def test_a_stopped_project_is_deleted_by_destroying_its_volume() -> None:
    project, facts = stopped().asked_to_delete(NOW, {})
    assert [type(f) for f in facts] == [ProjectDeleted]
    assert intent(project).kind == "destroy"
    assert project.destroyed(intent(project).operation_id)


def test_a_running_project_is_deleted_by_ending_its_machine_first() -> None:
    project, _ = running().asked_to_delete(NOW, {})
    assert intent(project).kind == "stop"
    over, facts = ended(project, later(seconds=1))
    assert [f.reason for f in facts if isinstance(f, MachineStopped)] == ["deleted"]
    assert intent(over).kind == "destroy"


def test_a_delete_during_a_start_abandons_it() -> None:
    project, _ = starting().asked_to_delete(NOW, {})
    abandoned, facts = booted(project)
    assert facts == ()
    assert machine(abandoned).reason == "deleted"
    over, _ = ended(abandoned, NOW)
    assert intent(over).kind == "destroy"


# The clone


def test_a_failed_clone_is_pending_again_at_the_next_start() -> None:
    project = replace(starting(), clone=Clone("failed", message="No."))
    assert booted(project)[0].clone == Clone("pending")


def test_a_clone_that_its_machine_did_not_outlive_is_pending_again() -> None:
    project = replace(running(), clone=Clone("running")).asked_to_stop(NOW, {})
    assert ended(project, NOW)[0].clone == Clone("pending")


def test_progress_from_an_older_machine_is_not_taken() -> None:
    project = replace(running(), clone=Clone("running"))
    other = starting()
    assert project.cloning(machine(other).id, Clone("done")) == project


def test_a_clone_that_is_done_stays_done() -> None:
    project = replace(running(), clone=Clone("done"))
    assert project.cloning(machine(project).id, Clone("running")) == project
