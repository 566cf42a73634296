"""Machines stop and start, and so does the service: a run is what it was."""

import asyncio
from datetime import timedelta

import pytest
from starlette.applications import Starlette

from aether.agents.adapters.machine.links import SshLinks
from aether.agents.domain.run import GO_ON
from aether.contracts import machines as m
from aether.contracts.agents import ListRuns, RunView, StopRun
from aether.contracts.gateway import AccountDeleted
from aether.contracts.machines import SshCertificate
from aether.kit.ssh import MachineUnreachable
from aether.testkit.eventually import eventually

from .conftest import Box


async def test_a_run_that_worked_is_resumed_with_a_word_to_go_on(box: Box) -> None:
    project = await box.project()
    run = await box.hook(await box.start(project), "working", session="s-9")
    box.clock.advance(60)
    await box.halt(project.id)
    stopped = await box.run(run)
    assert (stopped.state, stopped.reason, stopped.working_seconds) == ("working", "machine_stopped", 60)
    box.clock.advance(3600)
    assert (await box.run(run)).working_seconds == 60
    await box.boot(project.id)
    again = await box.begun(run, starts=2)
    assert (again.state, again.reason, again.restarts) == ("starting", "", 1)
    files = box.links.links[project.id].files
    assert files[f"/dev/shm/aether-m/runs/{run.id}/prompt"] == GO_ON
    assert "resume s-9" in files[f"/dev/shm/aether-m/runs/{run.id}/start"]
    assert (await box.hook(again, "working")).state == "working"


def said_to(box: Box, run: RunView) -> tuple[str, str]:
    """How the agent was started last, and with what words."""
    files, place = box.links.links[run.project_id].files, f"/dev/shm/aether-m/runs/{run.id}"
    return files[f"{place}/start"].splitlines()[-1], files[f"{place}/prompt"]


async def opened(box: Box, run: RunView) -> RunView:
    """Its terminal is there, and its start script is at work."""

    async def is_there() -> bool:
        return (await box.run(run)).terminal_id is not None

    await eventually(is_there)
    return await box.run(run)


async def started_again(box: Box, run: RunView, *, starts: int = 2) -> RunView:
    await box.halt(run.project_id)
    await box.boot(run.project_id)
    return await box.begun(run, starts=starts)


@pytest.mark.parametrize("phase", ["installing", "silent", "there"])
async def test_a_prompt_is_given_again_where_the_machine_stopped_before_the_first_word(
    box: Box, phase: str
) -> None:
    project = await box.project()
    run = await opened(box, await box.ask(box.wanted(project, prompt="Mend it.")))
    if phase != "installing":
        run = await box.begun(run)
    if phase == "there":
        run = await box.hook(run, "ready", session="s-1")
    run = await started_again(box, run)
    assert said_to(box, run) == ("exec talker begin", "Mend it.")
    await box.hook(run, "working", session="s-2")
    await started_again(box, run, starts=3)
    assert said_to(box, run) == ("exec talker resume s-2", GO_ON)


async def test_a_run_that_could_not_be_installed_is_woken_with_all_that_it_was_told(box: Box) -> None:
    project = await box.project()
    run = await opened(box, await box.ask(box.wanted(project, prompt="Mend it.")))
    assert (await box.close(run, 97)).reason == "not_installed"
    await box.answer(run, "And hurry.")
    again = await box.begun(run, starts=2)
    assert said_to(box, again) == ("exec talker begin", "Mend it.\n\nAnd hurry.")


async def test_what_a_run_was_woken_with_is_not_lost_with_its_machine(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working", session="s-1")
    await box.close(run)
    await box.answer(run, "One more thing.")
    run = await box.begun(run, starts=2)
    await started_again(box, run, starts=3)
    assert said_to(box, run) == ("exec talker resume s-1", "One more thing.")


async def test_a_question_is_open_again_after_its_machine_and_nobody_is_rung_twice(box: Box) -> None:
    project = await box.project()
    run = await box.hook(await box.start(project), "waiting", ask="Red or blue?")
    await box.halt(project.id)
    refusal = await box.refused(box.message(run, "Blue."))
    assert refusal.detail == "Its machine has stopped."
    await box.boot(project.id)
    again = await box.begun(run, starts=2)
    assert run.question is not None
    assert again.question is not None
    assert (again.state, again.question.id) == ("waiting", run.question.id)
    assert box.links.links[project.id].files[f"/dev/shm/aether-m/runs/{run.id}/prompt"] == ""
    answered = await box.answer(again, "Blue.", question_id=run.question.id)
    assert answered.state == "working"
    assert len(await box.notices()) == 1


@pytest.mark.parametrize("first", ["terminal", "machine"])
async def test_an_agent_that_ends_with_its_machine_has_not_failed(box: Box, first: str) -> None:
    project = await box.project()
    run = await box.hook(await box.start(project), "working")
    if first == "machine":
        await box.halt(project.id)
        await box.close(run, None, "machine_stopped")
    else:
        # The programs of a machine that is being stopped end before it has.
        box.machines.change(box.machines.projects[project.id], status="stopping")
        await box.close(run, 143)
        await box.halt(project.id)
    stopped = await box.run(run)
    assert (stopped.state, stopped.reason, stopped.ended_at) == ("working", "machine_stopped", None)
    assert await box.notices() == []


async def test_a_late_word_of_an_earlier_machine_ends_nothing(box: Box) -> None:
    project = await box.project()
    run = await box.hook(await box.start(project), "working")
    await box.halt(project.id)
    await box.boot(project.id)
    again = await box.begun(run, starts=2)
    await box.hear(
        m.MachineStopped(
            **{**box.machine(box.machines.projects[project.id]), "generation": 1},
            started_at=box.clock.now(),
            stopped_at=box.clock.now(),
            reason="died",
        )
    )
    await box.close(run, 1)
    kept = await box.run(run)
    assert (kept.reason, kept.ended_at, kept.terminal_id) == ("", None, again.terminal_id)


async def test_a_command_is_not_run_a_second_time_by_itself(box: Box) -> None:
    project = await box.project()
    run = await box.start(project, "command", command="make")
    await box.halt(project.id)
    ended = await box.run(run)
    assert (ended.state, ended.reason) == ("failed", "machine_stopped")
    await box.boot(project.id)
    assert len(box.terminals.commands) == 1


async def test_stopping_what_waits_for_its_machine_ends_it_for_good(box: Box) -> None:
    project = await box.project()
    run = await box.hook(await box.start(project), "working")
    await box.halt(project.id)
    assert (await box.ask(StopRun(account_id=box.account, run_id=run.id))).reason == "stopped"
    await box.boot(project.id)
    assert len(box.terminals.commands) == 1


async def test_the_service_may_be_killed_in_the_middle_and_the_run_is_there(box: Box) -> None:
    project = await box.project()
    run = await box.hook(await box.start(project), "waiting", ask="Red or blue?", session="s-1")
    await box.end()
    box.begin()
    there = await box.run(run)
    assert there == run
    await box.runs.watch.look()
    answered = await box.answer(there, "Blue.")
    assert answered.state == "working"
    assert len(box.terminals.commands) == 1


async def test_a_start_that_was_missed_is_found_by_looking(box: Box) -> None:
    """The event was handled, and the process ended before it acted."""
    project = await box.project(running=False)
    run = await box.ask(box.wanted(project, prompt="Mend it."))
    await box.end()
    box.begin()
    booted = await box.machines.start(m.StartMachine(account_id=box.account, project_id=project.id), None)
    await box.begin_link(booted)
    await box.runs.watch.look()
    assert (await box.begun(run)).terminal_id is not None


async def test_what_waits_for_a_stopped_machine_is_left_alone_until_that_runs(box: Box) -> None:
    project = await box.project()
    run = await box.start(project)
    await box.halt(project.id)
    box.wire.asked.clear()
    for _ in range(6):
        box.clock.advance(10)
        await box.runs.watch.look()
    assert box.wire.asked == []
    booted = await box.machines.start(m.StartMachine(account_id=box.account, project_id=project.id), None)
    await box.begin_link(booted)
    box.clock.advance(10)
    await box.runs.watch.look()
    assert (await box.begun(run, starts=2)).reason == ""


async def test_more_machines_than_there_are_connections_start_and_stop_at_once(box: Box) -> None:
    async def issue(*_: object) -> SshCertificate:
        raise MachineUnreachable("It has just begun.")

    projects = [await box.project(running=False) for _ in range(30)]
    box.agents.links = links = SshLinks(box.agents, issue, lambda *_, **__: Starlette())
    try:
        await asyncio.gather(*(box.boot(project.id) for project in projects))
        assert links._keepers.keys() == {project.id for project in projects}
        await asyncio.gather(*(box.halt(project.id) for project in projects))
        assert not links._keepers
    finally:
        await links.close()


async def test_a_machine_that_does_not_answer_yet_is_tried_again(box: Box) -> None:
    project = await box.project(running=False)
    run = await box.ask(box.wanted(project, prompt="Mend it."))
    booted = await box.machines.start(m.StartMachine(account_id=box.account, project_id=project.id), None)
    await box.runs.watch.look()
    await eventually(lambda: not box.runs.launcher._tasks)
    await box.begin_link(booted)
    box.clock.advance(11)
    await box.runs.watch.look()
    assert (await box.begun(run)).terminal_id is not None


async def test_an_end_that_nobody_told_of_is_found_by_looking(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    assert run.terminal_id is not None
    view = box.terminals.terminals[run.terminal_id]
    box.terminals.terminals[view.id] = view.model_copy(update={"state": "closed", "exit_code": 4})
    await box.runs.watch.look()
    assert (await box.run(run)).detail == "It ended with status 4."


async def test_a_machine_that_cannot_be_started_fails_the_run(box: Box) -> None:
    project = await box.project(running=False)
    run = await box.ask(box.wanted(project, prompt="Mend it."))
    box.machines.change(box.machines.projects[project.id], status="error", status_detail="The disk is full.")
    await box.runs.watch.look()
    failed = await box.run(run)
    assert (failed.state, failed.detail) == (
        "failed",
        "Its machine could not be started. The disk is full.",
    )
    assert [notice.kind for notice in await box.notices()] == ["failed"]


async def test_a_machine_that_was_stopped_again_is_not_waited_for_in_silence(box: Box) -> None:
    project = await box.project(running=False)
    run = await box.ask(box.wanted(project, prompt="Mend it."))
    box.machines.change(box.machines.projects[project.id], status="stopped")
    box.clock.advance(timedelta(minutes=3))
    await box.runs.watch.look()
    assert (await box.run(run)).detail == "Its machine has stopped."
    await box.boot(project.id)
    assert (await box.begun(run)).state == "starting"


@pytest.mark.parametrize("what", ["project", "account"])
async def test_what_is_deleted_is_gone(box: Box, what: str) -> None:
    project = await box.project()
    await box.hook(await box.start(project), "waiting", ask="Red or blue?")
    if what == "project":
        await box.hear(m.ProjectDeleted(account_id=box.account, project_id=project.id))
    else:
        await box.hear(AccountDeleted(account_id=box.account, person_id=box.person))
    assert (await box.ask(ListRuns(account_id=box.account, include_ended=True))).items == []
    assert await box.notices() == []
