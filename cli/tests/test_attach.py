"""Sitting down at the terminal of a run."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aether.contracts.ids import RunId, TerminalId, new_id
from aether.contracts.terminal import TerminalView
from aether.testkit.gateway import Stand

from .sitting import Shell, terminal


async def told(person: Any, *arguments: str) -> Any:
    """What a command prints as JSON."""
    done = await person.run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def at_a_terminal(stand: Stand, run_id: str) -> TerminalId:
    """Give the run an open terminal."""
    run, terminal_id = stand.agents.runs[RunId(UUID(run_id))], TerminalId(new_id())
    stand.terminals.terminals[terminal_id] = TerminalView(
        id=terminal_id,
        account_id=run.account_id,
        project_id=run.project_id,
        name=run.name,
        cols=80,
        rows=24,
        state="open",
        recorded=True,
        created_at=datetime.now(UTC),
    )
    stand.agents.change(run, terminal_id=terminal_id)
    return terminal_id


async def test_somebody_sits_down_at_a_run_types_and_detaches_and_it_goes_on(signed_in: Any) -> None:
    await told(signed_in, "projects", "create", "Demo", "--start")
    run = await told(signed_in, "runs", "start", "demo", "claude-code", "Paint it")
    shell = signed_in.stand.streams.behave = Shell()
    terminal_id = at_a_terminal(signed_in.stand, run["id"])
    async with terminal(signed_in, "runs", "attach", run["id"][-8:]) as tty:
        await tty.until(b"Ctrl-] d detaches, and the agent goes on.")
        await tty.until(b"welcome")
        tty.type(b"yes, in blue")
        await tty.until(b"yes, in blue")
        tty.type(b"\x1dd")
        assert await tty.end() == 0
    assert shell.joined == f"/stream/terminal/{terminal_id}"
    assert shell.stream.endswith(b"yes, in blue")
    assert (await told(signed_in, "runs", "ls"))[0]["ended_at"] is None


async def test_a_run_without_a_terminal_cannot_be_sat_down_at(signed_in: Any) -> None:
    await told(signed_in, "projects", "create", "Demo")
    await told(signed_in, "runs", "start", "demo", "claude-code")
    async with terminal(signed_in, "runs", "attach", "A run") as tty:
        await tty.until(b"A run has no open terminal.")
        assert await tty.end() == 4
