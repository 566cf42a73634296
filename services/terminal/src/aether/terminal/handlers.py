"""What comes in by NATS."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog

from aether.contracts.agents import TokenRevoked
from aether.contracts.command import Command, Done
from aether.contracts.event import Event
from aether.contracts.gateway import AccountDeleted, AccountRevoked
from aether.contracts.ids import TerminalId, new_id
from aether.contracts.machines import MachineStarted, MachineStopped, ProjectDeleted
from aether.contracts.problem import Invalid, Refusal
from aether.contracts.terminal import (
    CloseTerminal,
    FindPort,
    GetJumpHost,
    GetTerminal,
    JumpHostView,
    ListPorts,
    ListTerminals,
    OpenTerminal,
    PortList,
    PortView,
    ReadScreen,
    RenameTerminal,
    ScreenView,
    TerminalList,
    TerminalView,
    Typed,
    TypeText,
    UpdatePort,
)
from aether.kit.bus import Answerer
from aether.kit.consumer import Handler
from aether.kit.revocations import concerns
from aether.terminal import store
from aether.terminal.deps.session import Session
from aether.terminal.deps.terminals import Terminals
from aether.terminal.deps.typist import type_into
from aether.terminal.domain.terminal import Terminal
from aether.terminal.errors import NoJumpHost

HANG_UP_SECONDS = 3.0  # to find a session that this process has not had yet, in order to end it

log = structlog.get_logger()


async def open_terminal(command: OpenTerminal, terminals: Terminals) -> TerminalView:
    """Keep it, say so, and make the session in the machine; if that fails, it is closed again."""
    await terminals.require_project(command.account_id, command.project_id)
    machine = (await terminals.connections.get(command.project_id)).machine
    wanted = Terminal(
        id=TerminalId(new_id()),
        account_id=command.account_id,
        project_id=command.project_id,
        person_id=command.person_id,
        generation=machine.generation,
        name=command.name,
        command=command.command,
        cols=command.cols,
        rows=command.rows,
        recorded=machine.recording,
        created_at=datetime.now(UTC),
        first_cols=command.cols,
        first_rows=command.rows,
    )
    session = None
    try:
        async with terminals.transaction() as db:
            await store.know_project(db, wanted.project_id, wanted.account_id)
            if not wanted.name:
                wanted = replace(wanted, name=await store.next_name(db, wanted.project_id))
            terminal = await store.add(
                db, wanted, idempotency_key=command.idempotency_key, limit=terminals.sessions_per_project
            )
            if terminal.id == wanted.id:
                # Before anyone can hear of it, so that whoever comes at once finds this session and no second one.
                session = terminals.begin(terminal)
                session.announce()
                db.publish(terminal.opened())
        if session is not None:
            await session.create()
    except BaseException:
        if session is not None:
            await _give_up(session, terminals)
        raise
    return terminals.view(terminal)


async def _give_up(session: Session, terminals: Terminals) -> None:
    """It could not be made: those who wait for it are told, and it is kept as closed."""
    terminals.drop(session.terminal.id)
    session.finish("closed", None)
    async with terminals.transaction() as db:
        await terminals.close_kept(db, session.terminal, "closed")


async def list_terminals(command: ListTerminals, terminals: Terminals) -> TerminalList:
    async with terminals.reading() as db:
        found = await store.listed(
            db, command.project_id, command.account_id, include_closed=command.include_closed
        )
    return TerminalList(items=[terminals.view(terminal) for terminal in found])


async def get_terminal(command: GetTerminal, terminals: Terminals) -> TerminalView:
    async with terminals.reading() as db:
        return terminals.view(await store.get(db, command.terminal_id, command.account_id))


async def rename_terminal(command: RenameTerminal, terminals: Terminals) -> TerminalView:
    async with terminals.transaction() as db:
        await store.get(db, command.terminal_id, command.account_id)
        kept = await store.locked(db, command.terminal_id)
        assert kept is not None
        renamed = replace(kept, name=command.name)
        await store.keep(db, renamed)
        session = terminals.live.get(command.terminal_id)
        if session is not None:
            session.terminal = replace(session.terminal, name=command.name)
        db.publish(renamed.changed(len(session.viewers) if session else 0))
    return terminals.view(renamed)


async def close_terminal(command: CloseTerminal, terminals: Terminals) -> Done:
    async with terminals.reading() as db:
        terminal = await store.get(db, command.terminal_id, command.account_id)
    if terminal.state == "closed":
        return Done()
    session = await terminals.session(terminal.id, command.account_id)
    await _hang_up(session, terminals)
    return Done()


async def _hang_up(session: Session, terminals: Terminals) -> None:
    await session.attached(HANG_UP_SECONDS)
    await session.finish_recording()
    async with terminals.transaction() as db:
        kept = await store.locked(db, session.terminal.id)
        if kept is not None and kept.state == "open":
            await terminals.close_kept(db, kept, "closed")
    terminals.finish(session.terminal.id, "closed")


async def read_screen(command: ReadScreen, terminals: Terminals) -> ScreenView:
    session = await terminals.session(command.terminal_id, command.account_id)
    return (await terminals.screens.read(session, command.lines)).view


async def type_text(command: TypeText, terminals: Terminals) -> Typed:
    """What was typed with this key before is answered from what was kept, also of a session that has ended."""
    if bool(command.text) == bool(command.keys):
        raise Invalid("Give either a text or keys.")
    async with terminals.reading() as db:
        await store.get(db, command.terminal_id, command.account_id)
    appeared = await _typed(command, terminals)
    if appeared is None:
        session = await terminals.session(command.terminal_id, command.account_id)
        async with terminals.typing(session):
            # Whoever waited here may have waited for the same key.
            appeared = await _typed(command, terminals)
            if appeared is None:
                appeared = await _type(command, session, terminals)
    return Typed(appeared=appeared)


async def _typed(command: TypeText, terminals: Terminals) -> bool | None:
    async with terminals.reading() as db:
        return await store.typed(db, command.terminal_id, command.key)


async def _type(command: TypeText, session: Session, terminals: Terminals) -> bool:
    appeared = await type_into(session, command)
    async with terminals.transaction() as db:
        await store.note_typed(db, command.terminal_id, command.key, appeared=appeared)
    terminals.seen(session, "input")
    return appeared


async def get_jump_host(_command: GetJumpHost, terminals: Terminals) -> JumpHostView:
    if terminals.jump_host is None:
        raise NoJumpHost
    return terminals.jump_host


async def list_ports(command: ListPorts, terminals: Terminals) -> PortList:
    await terminals.require_project(command.account_id, command.project_id)
    return PortList(items=await terminals.ports.listed(command.account_id, command.project_id))


async def update_port(command: UpdatePort, terminals: Terminals) -> PortView:
    await terminals.require_project(command.account_id, command.project_id)
    return await terminals.ports.said(
        command.account_id,
        command.project_id,
        command.port,
        label=command.label,
        visibility=command.visibility,
    )


async def find_port(command: FindPort, terminals: Terminals) -> PortView:
    return await terminals.ports.found(command.project_id, command.port)


async def warm_connection(event: MachineStarted, terminals: Terminals) -> None:
    """Connect before anyone asks, so that the first shell does not wait for it. A failure costs nothing."""
    async with terminals.transaction(event) as db:
        await store.know_project(db, event.project_id, event.account_id)
    try:
        await terminals.connections.get(event.project_id)
    except Refusal as refusal:
        log.info("ssh.not_warm", project_id=str(event.project_id), why=refusal.type)
    terminals.ports.watchers.wake(event.project_id)


async def close_terminals(event: MachineStopped, terminals: Terminals) -> None:
    """The machine is gone and with it every session of that start, and all that listened in it."""
    terminals.tunnels.drop(event.project_id)
    await terminals.ports.watchers.drop(event.project_id)
    sessions = [s for s in terminals.of_project(event.project_id) if s.terminal.generation <= event.generation]
    for session in sessions:
        await session.finish_recording()
    async with terminals.transaction(event) as db:
        gone = await store.open_in(db, event.project_id, event.generation)
        for terminal in gone:
            await terminals.close_kept(db, terminal, "machine_stopped")
        await terminals.ports.ended(db, event.project_id, event.generation)
    for session in sessions:
        terminals.finish(session.terminal.id, "machine_stopped")
    await terminals.leave_machine(event.project_id)
    # A row of looks that begins anew tells of all it sees, should a newer machine run already.
    terminals.ports.watchers.wake(event.project_id)


async def delete_terminals(event: ProjectDeleted, terminals: Terminals) -> None:
    """Sessions, recordings and ports."""
    async with terminals.transaction(event) as db:
        await store.delete_project(db, event.project_id)
    terminals.jumps.cut(lambda token: token.project_id == event.project_id)
    for session in terminals.of_project(event.project_id):
        terminals.finish(session.terminal.id, "closed")
    await terminals.ports.watchers.forget(event.project_id)
    await terminals.leave_machine(event.project_id)
    terminals.activity.forget(event.project_id)


async def cut_streams(event: AccountRevoked, terminals: Terminals) -> None:
    """Before the transaction: cutting twice is nothing, and cutting late is what must not be."""
    terminals.revocations.add(event)
    terminals.cut(lambda grant: concerns(event, grant))
    async with terminals.transaction(event):
        pass


async def cut_agents(event: TokenRevoked, terminals: Terminals) -> None:
    terminals.jumps.cut(lambda token: token.id == event.token_id)
    async with terminals.transaction(event):
        pass


async def delete_account(event: AccountDeleted, terminals: Terminals) -> None:
    terminals.cut(lambda grant: grant.account_id == event.account_id)
    terminals.jumps.cut(lambda token: token.account_id == event.account_id)
    async with terminals.transaction(event) as db:
        projects = await store.delete_account(db, event.account_id)
    for project_id in projects:
        for session in terminals.of_project(project_id):
            terminals.finish(session.terminal.id, "closed")
        await terminals.ports.watchers.forget(project_id)
        await terminals.leave_machine(project_id)


COMMANDS: dict[type[Command[Any]], Answerer] = {
    OpenTerminal: open_terminal,
    ListTerminals: list_terminals,
    GetTerminal: get_terminal,
    RenameTerminal: rename_terminal,
    CloseTerminal: close_terminal,
    ReadScreen: read_screen,
    TypeText: type_text,
    GetJumpHost: get_jump_host,
    ListPorts: list_ports,
    UpdatePort: update_port,
    FindPort: find_port,
}
EVENTS: dict[type[Event], Handler] = {
    MachineStarted: warm_connection,
    MachineStopped: close_terminals,
    ProjectDeleted: delete_terminals,
    AccountRevoked: cut_streams,
    TokenRevoked: cut_agents,
    AccountDeleted: delete_account,
}
