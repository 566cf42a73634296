"""Intents carried out: against a provider that refuses, falls silent, or does it and does not say so."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from aether.contracts.gateway import AccountDeleted
from aether.contracts.ids import EventId, PersonId, new_id
from aether.contracts.machines import (
    DeleteProject,
    MachineStarted,
    MachineStopped,
    PlaceHold,
    ProjectChanged,
    ProjectDeleted,
    RestartMachine,
    StartMachine,
    StopMachine,
    UsageTick,
)
from aether.kit.postgres import AlreadyHandled
from aether.machines.errors import ProjectNotFound
from aether.machines.handlers import delete_projects_of_account
from aether.machines.reconciler.work import carry_out
from aether.testkit.eventually import eventually

from .conftest import Box


async def finish(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# Starts


async def test_two_starts_at_once_are_one_start(box: Box) -> None:
    project = await box.create()
    await asyncio.gather(*(box.about(StartMachine, project) for _ in range(8)))
    await box.settle(project)
    assert box.provider.calls.count("start") == 1
    assert len(await box.said(MachineStarted)) == 1


async def test_two_processes_carry_out_an_intent_once(box: Box) -> None:
    project = await box.create()
    box.provider.gate = asyncio.Event()
    async with box.process() as one, box.process() as other:
        tasks = [asyncio.create_task(reconciler.run()) for reconciler in (one, other)]
        await box.about(StartMachine, project)
        await asyncio.wait_for(box.provider.at_gate.wait(), 10)
        for _ in range(20):
            one.wake()
            other.wake()
            await asyncio.sleep(0.01)
        box.provider.gate.set()
        await eventually(lambda: runs(box, project))
        await finish(*tasks)
    assert len(box.provider.specs) == 1


async def test_a_start_cut_short_is_finished_by_the_next_process_as_the_same_operation(box: Box) -> None:
    project = await box.create()
    await box.about(StartMachine, project)
    box.provider.gate = asyncio.Event()
    async with box.process() as dying:
        task = asyncio.create_task(dying.run())
        await asyncio.wait_for(box.provider.at_gate.wait(), 10)
        await finish(task)
    box.provider.gate.set()
    async with box.process() as following:
        task = asyncio.create_task(following.run())
        await eventually(lambda: runs(box, project))
        await finish(task)
    assert len({spec.operation_id for spec in box.provider.specs}) == 1
    assert len({spec.machine_id for spec in box.provider.specs}) == 1
    assert len(await box.said(MachineStarted)) == 1


async def test_a_start_that_was_done_and_not_acknowledged_makes_one_machine(box: Box) -> None:
    project = await box.create()
    box.provider.rule("start", "commit")
    await box.about(StartMachine, project)
    await box.settle(project)
    assert (await box.view(project)).status == "starting"
    box.clock.advance(2)
    await box.settle(project)
    assert (await box.view(project)).status == "running"
    assert len(box.provider.machines) == 1


async def test_a_volume_that_was_made_and_not_acknowledged_is_not_made_twice(box: Box) -> None:
    project = await box.create()
    box.provider.rule("create_volume", "commit", "unavailable")
    await box.about(StartMachine, project)
    for _ in range(3):
        await box.settle(project)
        box.clock.advance(10)
    assert (await box.view(project)).status == "running"
    assert box.provider.volumes == {str(project.id)}


async def test_a_provider_that_refuses_is_quoted_to_the_person(box: Box) -> None:
    project = await box.create()
    box.provider.rule("start", "refuse")
    await box.about(StartMachine, project)
    await box.settle(project)
    view = await box.view(project)
    assert (view.status, view.status_detail) == ("error", "This host has no room for another machine.")
    await box.about(StartMachine, project)
    await box.settle(project)
    assert (await box.view(project)).status == "running"


@pytest.mark.parametrize("fault", ["unavailable", "crash"])
async def test_a_provider_that_stays_away_ends_in_an_error_and_no_machine(box: Box, fault: str) -> None:
    project = await box.create()
    box.provider.rule("start", *[fault] * 4, "commit")
    await box.about(StartMachine, project)
    for _ in range(8):
        await box.settle(project)
        box.clock.advance(30)
    assert (await box.view(project)).status == "error"
    assert box.provider.running == set()
    assert await box.said(MachineStarted) == []


async def test_a_machine_that_never_answers_by_ssh_is_ended(box: Box) -> None:
    project = await box.create()
    box.door.closed = True
    await box.about(StartMachine, project)
    for _ in range(8):
        await box.settle(project)
        box.clock.advance(30)
    view = await box.view(project)
    assert (view.status, box.provider.running) == ("error", set())
    assert "does not answer" in view.status_detail


# Stops and deletes


async def test_a_stop_is_tried_until_it_is_done(box: Box) -> None:
    project = await box.running()
    box.provider.rule("stop", *["unavailable"] * 9)
    await box.about(StopMachine, project)
    for _ in range(10):
        await box.settle(project)
        box.clock.advance(30)
    assert (await box.view(project)).status == "stopped"
    assert len(await box.said(MachineStopped)) == 1


async def test_a_restart_is_the_next_generation_of_the_same_project(box: Box) -> None:
    project = await box.running()
    await box.about(RestartMachine, project)
    await box.settle(project)
    view = await box.view(project)
    assert view.machine is not None
    assert (view.status, view.machine.generation) == ("running", 2)
    assert len(box.provider.running) == 1
    assert [event.reason for event in await box.said(MachineStopped)] == ["replaced"]


async def test_a_project_deleted_while_it_starts_leaves_nothing_behind(box: Box) -> None:
    project = await box.create()
    box.provider.gate = asyncio.Event()
    await box.about(StartMachine, project)
    working = asyncio.create_task(box.settle(project))
    await asyncio.wait_for(box.provider.at_gate.wait(), 10)
    await box.about(DeleteProject, project)
    with pytest.raises(ProjectNotFound):
        await box.view(project)
    box.provider.gate.set()
    await working
    assert (box.provider.running, box.provider.volumes) == (set(), set())
    assert await box.count("SELECT count(*) FROM machines.project") == 0
    assert (await box.said(MachineStarted), await box.said(MachineStopped)) == ([], [])
    assert len(await box.said(ProjectDeleted)) == 1


async def test_a_volume_that_cannot_be_destroyed_yet_is_destroyed_later(box: Box) -> None:
    project = await box.running()
    box.provider.rule("destroy_volume", "unavailable", "commit")
    await box.about(DeleteProject, project)
    for _ in range(4):
        await box.settle(project)
        box.clock.advance(30)
    assert box.provider.volumes == set()
    assert await box.count("SELECT count(*) FROM machines.project") == 0
    assert await box.count("SELECT count(*) FROM machines.run_interval WHERE stopped_at IS NOT NULL") == 1


async def test_a_volume_made_by_a_start_that_was_cut_short_is_destroyed_too(box: Box) -> None:
    project = await box.create()
    box.provider.rule("create_volume", "commit")
    await box.about(StartMachine, project)
    await box.settle(project)
    await box.about(DeleteProject, project)
    await box.settle(project)
    assert box.provider.volumes == set()
    assert await box.count("SELECT count(*) FROM machines.project") == 0


async def test_with_an_account_all_its_projects_go_once(box: Box) -> None:
    running, plain = await box.running("One"), await box.create("Two")
    event = AccountDeleted(event_id=EventId(new_id()), account_id=box.account, person_id=PersonId(new_id()))
    await delete_projects_of_account(event, box.machines)
    with pytest.raises(AlreadyHandled):
        await delete_projects_of_account(event, box.machines)
    for project in (running, plain):
        await box.settle(project)
    assert await box.count("SELECT count(*) FROM machines.project") == 0
    assert box.provider.running == set()
    assert {e.project_id for e in await box.said(ProjectDeleted)} == {running.id, plain.id}


# The watch


async def test_a_machine_that_died_is_found_by_the_first_look(box: Box) -> None:
    project = await box.running()
    assert project.machine is not None
    box.clock.advance(20)
    box.provider.vanish(project.machine.id, "The computer was restarted.", box.clock.now() - timedelta(seconds=5))
    await box.watch.round()
    view = await box.view(project)
    assert (view.status, view.status_detail) == ("stopped", "The computer was restarted.")
    [fact] = await box.said(MachineStopped)
    assert (fact.reason, fact.stopped_at) == ("died", box.clock.now() - timedelta(seconds=5))


async def test_a_provider_that_does_not_answer_has_lost_no_machine(box: Box) -> None:
    project = await box.running()
    box.provider.rule("list", "unavailable", "crash")
    for _ in range(2):
        await box.watch.round()
    assert (await box.view(project)).status == "running"


async def test_a_machine_nobody_knows_and_one_of_an_older_start_are_ended(box: Box) -> None:
    project = await box.running()
    spec = box.provider.specs[0]
    await box.about(RestartMachine, project)
    await box.settle(project)
    # The first generation comes back, as one may after a provider's own repair.
    del box.provider.machines[spec.machine_id]
    await box.provider.start(spec)
    await box.watch.round()
    view = await box.view(project)
    assert view.machine is not None
    assert box.provider.running == {view.machine.id}


async def test_a_machine_that_ended_since_it_was_listed_is_not_stopped_again(box: Box) -> None:
    project = await box.running()
    assert project.machine is not None
    listed = list(box.provider.machines.values())
    await box.about(StopMachine, project)
    await box.settle(project)
    await box.about(DeleteProject, project)
    await box.settle(project)
    box.provider.listed_before = listed
    stops = box.provider.calls.count("stop")
    await box.watch.round()
    assert box.provider.calls.count("stop") == stops


async def test_a_machine_that_is_just_being_started_is_not_a_stray(box: Box) -> None:
    project = await box.create()
    box.door.closed = True
    await box.about(StartMachine, project)
    await carry_out(project.id, box.machines)
    assert len(box.provider.running) == 1
    await box.watch.round()
    assert len(box.provider.running) == 1


async def test_ticks_tell_of_every_second_once_and_only_of_what_was_seen(box: Box) -> None:
    project = await box.running()
    for _ in range(5):
        box.clock.advance(50)
        await box.watch.round()
    box.clock.advance(600)
    box.provider.rule("list", "unavailable")
    await box.watch.round()
    box.clock.advance(-590)
    await box.about(StopMachine, project)
    await box.settle(project)
    ticks = await box.said(UsageTick)
    [stopped] = await box.said(MachineStopped)
    assert ticks[0].window_start == stopped.started_at
    assert ticks[-1].window_end == stopped.stopped_at
    assert all(one.window_end == two.window_start for one, two in pairwise(ticks))
    assert (stopped.stopped_at - stopped.started_at).total_seconds() == 260


async def test_an_idle_machine_is_stopped_and_the_person_told_why(box: Box) -> None:
    project = await box.running()
    box.clock.advance(29 * 60)
    await box.watch.round()
    assert (await box.view(project)).status == "running"
    box.clock.advance(60)
    await box.watch.round()
    await box.settle(project)
    assert (await box.view(project)).status_detail == "Stopped after 30 minutes without input."


async def test_a_held_machine_is_not_stopped(box: Box) -> None:
    project = await box.running()
    box.clock.advance(20 * 60)
    held = await box.about(PlaceHold, project, name="agent", expires_in=3600)
    assert held.awake_because[0].kind == "hold"
    box.clock.advance(59 * 60)
    await box.watch.round()
    assert (await box.view(project)).status == "running"


async def test_a_clock_that_leaps_stops_and_bills_nobody(box: Box) -> None:
    project = await box.running()
    box.clock.advance(30)
    await box.watch.round()
    box.clock.jump(timedelta(hours=9))
    await box.watch.round()
    assert (await box.view(project)).status == "running"
    box.clock.advance(30)
    await box.about(StopMachine, project)
    await box.settle(project)
    told = sum(((t.window_end - t.window_start) for t in await box.said(UsageTick)), timedelta())
    assert told == timedelta(seconds=60)


async def test_a_clock_that_goes_back_stops_nobody_and_bills_nothing_twice(box: Box) -> None:
    project = await box.running()
    for _ in range(3):
        box.clock.advance(60)
        await box.watch.round()
    box.clock.jump(-timedelta(hours=1))
    for _ in range(3):
        await box.watch.round()
        box.clock.advance(60)
    assert (await box.view(project)).status == "running"
    await box.about(StopMachine, project)
    await box.settle(project)
    ticks = await box.said(UsageTick)
    assert all(one.window_end <= two.window_start for one, two in pairwise(ticks))
    assert sum((t.window_end - t.window_start for t in ticks), timedelta()) == timedelta(seconds=180)


# What is told


async def test_versions_grow_by_one_with_each_change_that_is_told(box: Box) -> None:
    project = await box.running()
    await box.about(StopMachine, project)
    await box.settle(project)
    versions = [event.project.version for event in await box.said(ProjectChanged)]
    assert versions == list(range(2, 2 + len(versions)))


async def runs(box: Box, project: Any) -> bool:
    return bool((await box.view(project)).status == "running")
