"""From an order to an agent at work, and to its end."""

import pytest

from aether.agents.deps.ports import RunKey
from aether.agents.errors import TooMany
from aether.contracts import machines as m
from aether.contracts import terminal as t
from aether.contracts.agents import (
    DismissRun,
    ListCatalog,
    ListRuns,
    LookAtRun,
    PutKey,
    RunChanged,
    RunView,
    StopRun,
)
from aether.contracts.ids import AccountId, PersonId, RunId, new_id
from aether.testkit.eventually import eventually

from .conftest import Box


async def test_a_run_is_a_terminal_with_its_agent_and_its_hooks_move_it(box: Box) -> None:
    project = await box.project()
    run = await box.start(project, prompt="Mend the roof.")
    assert (run.state, run.name, run.agent_title) == ("starting", "Mend the roof.", "Talker")
    working = await box.hook(run, "working", doing="Looks for a ladder")
    assert (working.state, working.doing) == ("working", "Looks for a ladder")
    states = [said.run.state for said in await box.said(RunChanged)]
    assert (states[0], states[-1]) == ("starting", "working")
    versions = [said.run.version for said in await box.said(RunChanged)]
    assert versions == sorted(set(versions))


async def test_a_start_puts_secrets_into_files_of_the_machine_and_nowhere_else(box: Box) -> None:
    put = PutKey(account_id=box.account, person_id=box.person, name="ANTHROPIC_API_KEY", value="sk-" + "x" * 30)
    box.links.refit = lambda *_: None  # type: ignore[method-assign] # no machine runs yet
    await box.ask(put)
    run = await box.start(await box.project(), prompt="Mend it.")
    files, place = box.links.links[run.project_id].files, f"/dev/shm/aether-m/runs/{run.id}"
    script = files[f"{place}/start"]
    assert files[f"{place}/prompt"] == "Mend it."
    assert "export TALKER_URL=http://127.0.0.1:4001/v1/llm/anthropic" in script
    assert "exec talker begin" in script
    secret = next(line for line in script.splitlines() if "TALKER_KEY" in line).removeprefix("export TALKER_KEY=")
    (opened,) = box.of(run)
    assert opened.command == f"exec sh {place}/start"
    assert secret not in opened.model_dump_json()
    assert await box.runs.of_secret(run.project_id, secret) == RunKey(run.id, run.account_id, run.project_id)
    other = await box.project()
    assert await box.runs.of_secret(other.id, secret) is None
    assert await box.runs.of_secret(run.project_id, "aer_guess") is None
    await box.close(run)
    assert await box.runs.of_secret(run.project_id, secret) is None


async def test_a_stopped_machine_is_started_for_a_run_and_the_run_begins_with_it(box: Box) -> None:
    project = await box.project(running=False)
    run = await box.ask(box.wanted(project, prompt="Mend it."))
    assert box.machines.asked == ["StartMachine"]
    assert (run.state, run.detail) == ("starting", "Its machine is being started.")
    await box.boot(project.id)
    assert (await box.begun(run)).terminal_id is not None


async def test_a_start_that_machines_refuses_leaves_nothing_behind(box: Box) -> None:
    project = await box.project(running=False)
    box.wire.away.add(m.StartMachine)
    assert (await box.refused(box.wanted(project, prompt="Mend it."))).status == 503
    assert (await box.ask(ListRuns(account_id=box.account, include_ended=True))).items == []


async def test_what_is_refused_or_was_there_before_starts_no_machine(box: Box) -> None:
    box.settings.runs_per_project = 1
    project = await box.project(running=False)
    wanted = box.wanted(project, prompt="Mend it.", idempotency_key="k")
    run = await box.ask(wanted)
    box.machines.change(box.machines.projects[project.id], status="stopped")
    assert (await box.ask(wanted)).id == run.id
    assert (await box.refused(box.wanted(project, prompt="And that."))).type == "too-many"
    assert box.machines.asked == ["StartMachine"]


@pytest.mark.parametrize(
    ("agent", "wishes", "field"),
    [
        ("nobody", {"prompt": "x"}, "agent"),
        ("talker", {"command": "ls"}, "command"),
        ("command", {}, "command"),
        ("command", {"command": "  "}, "command"),
        ("command", {"command": "ls", "prompt": "x"}, "prompt"),
    ],
)
async def test_an_order_that_does_not_fit_the_agent_is_refused(
    box: Box, agent: str, wishes: dict[str, str], field: str
) -> None:
    refusal = await box.refused(box.wanted(await box.project(), agent, **wishes))
    assert [error.field for error in refusal.errors] == [field]


async def test_the_same_order_again_is_the_same_run(box: Box) -> None:
    project = await box.project()
    first = await box.start(project, prompt="Mend it.", idempotency_key="k")
    again = await box.ask(box.wanted(project, prompt="Mend it.", idempotency_key="k"))
    assert again.id == first.id
    assert len(box.terminals.commands) == 1


async def test_a_project_has_a_bounded_number_of_agents_at_a_time(box: Box) -> None:
    box.settings.runs_per_project = 2
    project = await box.project()
    first = await box.start(project)
    await box.start(project)
    assert (await box.refused(box.wanted(project))).type == "too-many"
    await box.close(first)
    await box.start(project)


async def test_a_run_of_somebody_else_is_as_missing_as_none(box: Box) -> None:
    run = await box.start(await box.project())
    stranger = {"account_id": AccountId(new_id()), "run_id": run.id}
    nobody = {"account_id": box.account, "run_id": RunId(new_id())}
    for who in (stranger, nobody):
        for command in (StopRun(**who), DismissRun(**who), LookAtRun(**who, person_id=PersonId(new_id()))):
            assert (await box.refused(command)).status == 404
    foreign = m.CreateProject(account_id=AccountId(new_id()), person_id=box.person, name="Theirs")
    assert (await box.refused(box.wanted(await box.machines.create(foreign, None)))).status == 404


async def test_a_kill_between_the_terminal_and_our_note_of_it_opens_no_second_one(box: Box) -> None:
    project = await box.project()
    box.wire.away.add(t.GetTerminal)
    opened = box.terminals.open

    async def open_and_die(command: t.OpenTerminal, context: object) -> t.TerminalView:
        await opened(command, context)
        raise SystemError("killed")

    box.wire.handle(t.OpenTerminal, open_and_die)
    # A process that is gone gives nothing up.
    box.runs.launcher._give_up = _die  # type: ignore[method-assign,assignment]
    run = await box.ask(box.wanted(project, prompt="Mend it."))
    await eventually(lambda: len(box.terminals.commands) == 1)
    await box.end()
    box.wire.handle(t.OpenTerminal, opened)
    box.wire.away.clear()
    box.begin()
    await box.runs.watch.look()
    begun = await box.begun(run)
    assert list(box.terminals.terminals) == [begun.terminal_id]


async def _die(*_: object) -> None:
    raise SystemError("killed")


async def test_an_end_before_anyone_knew_whose_terminal_it_was_is_found(box: Box) -> None:
    project = await box.project()
    opened = box.terminals.open

    async def open_and_end(command: t.OpenTerminal, context: object) -> t.TerminalView:
        view = await opened(command, context)
        closed = view.model_copy(update={"state": "closed", "exit_code": 97})
        box.terminals.terminals[view.id] = closed
        return view

    box.wire.handle(t.OpenTerminal, open_and_end)
    run = await box.ask(box.wanted(project, prompt="Mend it."))

    async def ended() -> bool:
        return (await box.run(run)).ended_at is not None

    await eventually(ended)
    assert (await box.run(run)).reason == "not_installed"


async def test_a_terminal_that_is_refused_for_good_ends_the_run(box: Box) -> None:
    async def refuse(*_: object) -> t.TerminalView:
        raise TooMany("There are too many terminals.")

    project = await box.project()
    box.wire.handle(t.OpenTerminal, refuse)
    run = await box.ask(box.wanted(project, prompt="Mend it."))

    async def ended() -> bool:
        return (await box.run(run)).ended_at is not None

    await eventually(ended)
    kept = await box.run(run)
    assert (kept.state, kept.detail) == ("failed", "There are too many terminals.")
    assert [notice.kind for notice in await box.notices()] == ["failed"]


async def installing(box: Box) -> RunView:
    """A run whose agent is just being installed."""
    run = await box.ask(box.wanted(await box.project(), "mute", prompt="Mend it."))

    async def there() -> bool:
        return (await box.run(run)).terminal_id is not None

    await eventually(there)
    run = await box.run(run)
    await box.reported(run, "phase=installing")
    return run


async def test_installing_is_shown_and_an_agent_without_hooks_works_when_it_has_begun(box: Box) -> None:
    run = await installing(box)
    assert (await box.run(run)).doing == "Installing Mute"
    await box.reported(run, "phase=begun")
    begun = await box.run(run)
    assert (begun.state, begun.doing) == ("working", "")


async def test_what_is_said_to_an_agent_that_is_being_installed_is_not_typed_into_its_installer(box: Box) -> None:
    run = await installing(box)
    refusal = await box.refused(box.message(run, "Hurry."))
    assert (refusal.type, refusal.detail) == ("not-ready", "Mute is not ready yet. Try again in a moment.")
    assert box.terminals.typed == []
    await box.reported(run, "phase=begun")
    await box.answer(run, "Hurry.")
    assert [typed.text for typed in box.terminals.typed] == ["Hurry."]


@pytest.mark.parametrize("text", ["state=blocked;kind=permission;message=May I?", "state=waiting message=May I?"])
async def test_a_program_may_say_by_its_terminal_that_it_waits(box: Box, text: str) -> None:
    run = await box.start(await box.project(), "command", command="make")
    await box.reported(run, text)
    waiting = await box.run(run)
    assert waiting.state == "waiting"
    assert waiting.question is not None
    assert waiting.question.text == "May I?"
    await box.reported(run, "state=done")
    assert (await box.run(run)).state == "done"


async def test_an_exit_is_told_with_its_status_and_calls_for_the_person(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    ended = await box.close(run, 3)
    assert (ended.state, ended.detail, ended.reason) == ("failed", "It ended with status 3.", "exited")
    (notice,) = await box.notices()
    assert (notice.kind, notice.run_id) == ("failed", run.id)
    assert notice.path == f"/projects/{run.project_id}?run={run.id}"


async def test_a_run_is_stopped_with_all_that_it_has_left_behind(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    stopped: RunView = await box.ask(StopRun(account_id=box.account, run_id=run.id))
    assert (stopped.state, stopped.reason) == ("done", "stopped")
    assert run.terminal_id is not None
    assert box.terminals.terminals[run.terminal_id].state == "closed"
    link = box.links.links[run.project_id]
    await eventually(lambda: len(link.scripts) == 2)
    assert f"AETHER_RUN={run.id}" in link.scripts[0]
    assert link.scripts[1] == f"rm -rf /dev/shm/aether-m/runs/{run.id}"
    again: RunView = await box.ask(StopRun(account_id=box.account, run_id=run.id))
    assert again.ended_at == stopped.ended_at
    assert (await box.close(run, 129)).reason == "stopped"
    assert await box.notices() == []


async def test_a_run_that_is_stopped_before_it_is_there_leaves_no_terminal(box: Box) -> None:
    project = await box.project(running=False)
    run = await box.ask(box.wanted(project, prompt="Mend it."))
    stopped = await box.ask(StopRun(account_id=box.account, run_id=run.id))
    assert (stopped.state, stopped.reason) == ("done", "stopped")
    await box.boot(project.id)
    assert box.terminals.commands == []


async def test_a_stop_while_its_terminal_is_being_opened_closes_that(box: Box) -> None:
    project = await box.project()
    opened = box.terminals.open

    async def open_late(command: t.OpenTerminal, context: object) -> t.TerminalView:
        view = await opened(command, context)
        (run,) = (await box.ask(ListRuns(account_id=box.account))).items
        await box.ask(StopRun(account_id=box.account, run_id=run.id))
        return view

    box.wire.handle(t.OpenTerminal, open_late)
    await box.ask(box.wanted(project, prompt="Mend it."))
    await eventually(lambda: [v.state for v in box.terminals.terminals.values()] == ["closed"])
    (run,) = (await box.ask(ListRuns(account_id=box.account))).items
    assert (run.reason, run.terminal_id) == ("stopped", None)


async def test_a_stop_that_the_terminal_did_not_hear_is_said_again(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    box.wire.away.add(t.CloseTerminal)
    assert (await box.refused(StopRun(account_id=box.account, run_id=run.id))).status == 503
    assert (await box.run(run)).ended_at is None
    box.wire.away.clear()
    await box.runs.watch.look()
    assert (await box.run(run)).reason == "stopped"


async def test_the_board_shows_what_has_ended_lately_until_it_is_dismissed(box: Box) -> None:
    project = await box.project()
    first, second = await box.start(project), await box.start(project)
    elsewhere = await box.start(await box.project())
    assert (await box.refused(DismissRun(account_id=box.account, run_id=first.id))).type == "run-goes-on"
    await box.close(first)
    await box.close(second)
    await box.ask(DismissRun(account_id=box.account, run_id=first.id))
    shown = ListRuns(account_id=box.account)
    assert [run.id for run in (await box.ask(shown)).items] == [elsewhere.id, second.id]
    of_one = ListRuns(account_id=box.account, project_id=project.id, include_ended=True, limit=1)
    page = await box.ask(of_one)
    assert [run.id for run in page.items] == [second.id]
    rest = await box.ask(of_one.model_copy(update={"cursor": page.next_cursor}))
    assert [run.id for run in rest.items] == [first.id]
    box.clock.advance(25 * 3600)
    assert [run.id for run in (await box.ask(shown)).items] == [elsewhere.id]
    assert (await box.refused(ListRuns(account_id=box.account, cursor="nonsense"))).status == 422


async def test_long_runs_come_on_as_many_pages_as_nats_carries(box: Box) -> None:
    project = await box.project(running=False)
    started = [await box.ask(box.wanted(project, prompt="€" * 65_536)) for _ in range(7)]
    shown: list[RunId] = []
    cursor = None
    while cursor is not None or not shown:
        page = await box.ask(ListRuns(account_id=box.account, cursor=cursor))
        assert len(page.model_dump_json().encode()) < 1024 * 1024
        shown += [run.id for run in page.items]
        cursor = page.next_cursor
    assert shown == [run.id for run in reversed(started)]


async def test_who_looks_at_a_run_is_not_rung_for_it(box: Box) -> None:
    run = await box.hook(await box.start(await box.project()), "working")
    await box.ask(LookAtRun(account_id=box.account, person_id=box.person, run_id=run.id))
    await box.hook(run, "waiting", ask="May I?")
    (notice,) = await box.notices()
    assert notice.read_at is not None


async def test_the_catalog_says_whose_key_an_agent_needs(box: Box) -> None:
    listed = await box.ask(ListCatalog())
    talker = next(entry for entry in listed.items if entry.name == "talker")
    assert (talker.vendors, talker.key_names, talker.resumes) == (["anthropic"], ["ANTHROPIC_API_KEY"], True)
