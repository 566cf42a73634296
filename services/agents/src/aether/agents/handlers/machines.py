"""What machines, terminals and accounts say that concerns runs and the connections to machines."""

from aether.agents.deps.agents import Agents
from aether.agents.deps.ports import Machine
from aether.agents.deps.runs import desk
from aether.agents.domain.run import Run
from aether.agents.domain.screen import last_message
from aether.agents.store import attention, keys, machines, pushes, tokens, webhooks
from aether.agents.store import runs as store
from aether.contracts.event import Event
from aether.contracts.gateway import AccountDeleted
from aether.contracts.ids import TerminalId
from aether.contracts.machines import MachineStarted, MachineStopped, ProjectDeleted
from aether.contracts.terminal import TerminalClosed, TerminalReported, TerminalSignal
from aether.kit.consumer import Handler


async def take_up(event: MachineStarted, agents: Agents) -> None:
    """Connect to it, and start what is to be started in it. The watch does so too, should this process end now."""
    machine = Machine(event.project_id, event.account_id, event.machine_id, event.generation)
    async with agents.transaction(event) as db:
        await agents.links.begin(db, machine)
    # Not inside: who waits for a connection while holding one may wait for those who do the same.
    await agents.links.look()
    desk(agents).launcher.soon(event.project_id)


async def put_down(event: MachineStopped, agents: Agents) -> None:
    """Runs of this start of the machine keep what they were in view, until it is started again."""
    runs = desk(agents)
    async with agents.transaction(event) as db:
        for run in await store.locked_in(db, event.project_id, event.generation):
            after = run.machine_stopped(event.stopped_at, resumes=runs.launcher.resumes(run))
            await runs.ledger.keep(db, run, after)
        await agents.links.end(db, event.project_id, event.generation)
    await agents.links.look()


async def end_of_terminal(event: TerminalClosed, agents: Agents) -> None:
    """The run that was in it has ended, or waits for its machine."""
    run = await _in_terminal(event.terminal_id, agents)
    if run is not None:
        printed = last_message(event.last_lines)
        await desk(agents).launcher.terminal_closed(
            run, event.reason, event.terminal.exit_code, printed=printed, cause=event
        )


async def rang(event: TerminalSignal, agents: Agents) -> None:
    """What it is for stands on the screen. A repetition finds the same there."""
    run = await _in_terminal(event.terminal_id, agents)
    if run is not None:
        await desk(agents).watch.screens.signalled(run, event.text)


async def reported(event: TerminalReported, agents: Agents) -> None:
    run = await _in_terminal(event.terminal_id, agents)
    if run is not None:
        await desk(agents).reported(run.id, event.text, cause=event)


async def _in_terminal(terminal_id: TerminalId, agents: Agents) -> Run | None:
    """Most terminals have a person in them, and no run."""
    async with agents.reading() as db:
        return await store.of_terminal(db, terminal_id)


async def forget_project(event: ProjectDeleted, agents: Agents) -> None:
    """Its runs, tokens and notices, and its place in the lists of keys."""
    async with agents.transaction(event) as db:
        await store.delete_project(db, event.project_id)
        await tokens.delete_project(db, event.project_id)
        await keys.delete_project(db, event.project_id)
        await attention.delete_project(db, event.project_id)
        await agents.links.end(db, event.project_id)
    await agents.links.look()


async def forget_account(event: AccountDeleted, agents: Agents) -> None:
    """All that is kept of it. Its machines end by themselves, and each says so."""
    async with agents.transaction(event) as db:
        for part in (store, tokens, keys, attention, pushes, webhooks, machines):
            await part.delete_account(db, event.account_id)
    await agents.links.look()


EVENTS: dict[type[Event], Handler] = {
    MachineStarted: take_up,
    MachineStopped: put_down,
    ProjectDeleted: forget_project,
    AccountDeleted: forget_account,
    TerminalClosed: end_of_terminal,
    TerminalSignal: rang,
    TerminalReported: reported,
}
