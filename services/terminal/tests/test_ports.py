"""The ports of a project: what listens in a real machine, and what its people say of it."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from aether.cli.embedded.ports import any_free_port
from aether.contracts.gateway import AccountDeleted
from aether.contracts.ids import AccountId, ProjectId, new_id
from aether.contracts.machines import ProjectDeleted
from aether.contracts.problem import NotFound
from aether.contracts.terminal import FindPort, ListPorts, PortView, UpdatePort
from aether.terminal.deps import port_table
from aether.terminal.deps.watchers import Sight
from aether.terminal.errors import TooManyPorts
from aether.testkit.eventually import eventually

from .conftest import Box
from .program import Program


async def listed(box: Box) -> dict[int, PortView]:
    found = await box.ask(ListPorts(account_id=box.account, project_id=box.project))
    return {view.port: view for view in found.items}


async def find(box: Box, port: int) -> PortView:
    view: PortView = await box.ask(FindPort(project_id=box.project, port=port))
    return view


async def said_last(box: Box) -> dict[int, PortView]:
    facts = await box.said("ports.changed.v1")
    return {view["port"]: PortView.model_validate(view) for view in facts[-1]["ports"]} if facts else {}


async def update(box: Box, port: int, **wishes: Any) -> PortView:
    command = UpdatePort(account_id=box.account, project_id=box.project, port=port, **wishes)
    view: PortView = await box.ask(command)
    return view


@pytest.fixture
def canary() -> Iterator[int]:
    """A port on which a program of the host listens, not one of the machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_a_server_is_listed_by_its_name_while_it_listens(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    before = datetime.now(UTC)
    async with Program.http(inside) as server:
        view = (await listed(box))[server.port]
        assert view.process == "python3"
        assert view.visibility == "private"
        assert view.listening_since is not None
        assert before <= view.listening_since <= datetime.now(UTC)
    await eventually(lambda: _is_gone(box, server.port))


async def _is_gone(box: Box, port: int) -> bool:
    return port not in await listed(box)


async def test_a_page_that_looks_is_told_when_ports_come_and_go_within_two_seconds(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    await listed(box)
    async with Program.http(inside) as server:
        await eventually(lambda: _is_said(box, server.port), within=2.5)
        since = (await said_last(box))[server.port].listening_since
        assert (await listed(box))[server.port].listening_since == since
        assert (await find(box, server.port)).listening_since == since
    await eventually(lambda: _is_said(box, server.port, here=False), within=2.5)


async def _is_said(box: Box, port: int, *, here: bool = True) -> bool:
    return (port in await said_last(box)) == here


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "127.0.0.9"])
async def test_a_program_is_found_whatever_it_binds_to(
    box: Box, inside: asyncssh.SSHClientConnection, address: str
) -> None:
    async with Program.listening(inside, address) as server:
        assert server.port in await listed(box)


async def test_what_the_host_listens_on_is_no_port_of_the_machine(
    box: Box, inside: asyncssh.SSHClientConnection, canary: int
) -> None:
    database = int(box.url.rsplit(":", 1)[-1].split("/")[0]) if ":" in box.url.split("@")[-1] else 5432
    async with Program.http(inside) as server:
        found = await listed(box)
        assert set(found) == {server.port}
        for port in (canary, database, box.port, box.tunnel_port, box.machine.port):
            assert (await find(box, port)).listening_since is None


async def test_a_file_named_like_a_socket_makes_no_port_of_the_host_s_one_s_own(
    box: Box, inside: asyncssh.SSHClientConnection, canary: int
) -> None:
    inode = _inode_of(canary)
    hostile = f"""
import os, signal
for name in ("a -> socket:[{inode}]", "b\\n/proc/1/fd:\\nlrwx 9 -> socket:[{inode}]", "socket:[{inode}]"):
    os.makedirs("/tmp/{box.project}/" + os.path.dirname(name), exist_ok=True)
    os.open("/tmp/{box.project}/" + name, os.O_CREAT | os.O_RDWR)
print("ready", flush=True)
signal.pause()
"""
    async with Program.python(inside, hostile):
        assert canary not in await listed(box)
        assert (await find(box, canary)).listening_since is None
    await inside.run(f"rm -r /tmp/{box.project}")


def _inode_of(port: int) -> str:
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return next(row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A")


async def test_a_hostile_name_of_a_program_is_shown_as_a_short_line(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    async with Program.listening(inside, "127.0.0.1", name="\x1b[2J\nheld 1\u202e") as server:
        assert (await listed(box))[server.port].process == "[2J"


async def test_ports_that_the_shell_s_own_files_speak_over_are_found_all_the_same(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    async with Program.http(inside) as server:
        greeting = "echo welcome; echo 'tcp 0100007F:0050 1'; echo 'held 1 1 fake'; echo .; echo =\n"
        (box.machine.home / ".bashrc").write_text(greeting)
        assert set(await listed(box)) == {server.port}


async def test_a_label_and_a_visibility_outlive_the_program_and_are_told(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    async with Program.http(inside) as server:
        await listed(box)
        view = await update(box, server.port, visibility="team")
        assert view.visibility == "team"
        view = await update(box, server.port, label="shop")
        assert (view.visibility, view.label) == ("team", "shop")
        assert (await said_last(box))[server.port].label == "shop"
    await eventually(lambda: _is_quiet(box, server.port))
    view = (await listed(box))[server.port]
    assert (view.label, view.visibility, view.process) == ("shop", "team", "python3")
    await update(box, server.port, label="", visibility="private")
    assert server.port not in await said_last(box)
    assert server.port not in await listed(box)


async def _is_quiet(box: Box, port: int) -> bool:
    return (await said_last(box))[port].listening_since is None


async def test_a_port_that_was_listed_a_moment_ago_is_answered_and_told_as_listening(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    async with Program.http(inside) as server:
        watchers = box.terminals.ports.watchers
        watchers._found = _keep_nothing  # as if the transaction took a while
        shown = (await listed(box))[server.port]
        view = await update(box, server.port, label="shop")
        assert view == shown.model_copy(update={"label": "shop"})
        assert (await said_last(box))[server.port] == view


async def _keep_nothing(_project: ProjectId, _sight: Sight) -> bool:
    return False


async def test_a_port_may_be_opened_to_others_before_anything_listens(box: Box) -> None:
    port = any_free_port()
    assert (await update(box, port, visibility="public")).listening_since is None
    view = await find(box, port)
    assert (view.visibility, view.listening_since, view.account_id) == ("public", None, box.account)


async def test_saying_the_same_again_tells_nobody(box: Box) -> None:
    await update(box, 3000, label="shop")
    count = len(await box.said("ports.changed.v1"))
    await update(box, 3000, label="shop")
    assert len(await box.said("ports.changed.v1")) == count


async def test_only_so_many_ports_may_be_named(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_table, "NAMED", 2)
    await update(box, 1, label="a")
    await update(box, 2, label="b")
    with pytest.raises(TooManyPorts):
        await update(box, 3, visibility="public")
    await update(box, 2, label="c")
    await update(box, 1, label="")
    await update(box, 3, visibility="public")


async def test_a_foreign_project_has_no_ports(box: Box) -> None:
    for account, project in ((box.account, ProjectId(new_id())), (AccountId(new_id()), box.project)):
        with pytest.raises(NotFound):
            await box.ask(ListPorts(account_id=account, project_id=project))
        with pytest.raises(NotFound):
            await box.ask(UpdatePort(account_id=account, project_id=project, port=1, label="x"))


async def test_a_port_is_found_in_a_project_that_nobody_has_told_of_and_is_kept_once_somebody_has(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    async with Program.http(inside) as server:
        view = await find(box, server.port)
        assert view.listening_since is not None
        assert view.account_id == port_table.NOBODY
        assert not await said_last(box)
        await box.hear(box.started())
        assert (await find(box, server.port)).account_id == box.account
        await eventually(lambda: _is_said(box, server.port), within=3)


async def test_a_machine_that_stops_has_no_listeners_and_whoever_looks_is_told(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    async with Program.http(inside) as server:
        await listed(box)
        await eventually(lambda: _is_said(box, server.port))
        await update(box, server.port, label="shop")
        box.machine.running = False
        await box.hear(box.stopped())
        assert (await said_last(box))[server.port].listening_since is None
        assert (await listed(box))[server.port].listening_since is None
        assert (await find(box, server.port)).listening_since is None


async def test_a_look_that_is_kept_after_its_machine_has_ended_changes_nothing(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    async with Program.http(inside) as server:
        await listed(box)
        sight = await box.terminals.ports.watchers.sight(box.project, age=0, within=5)
        assert server.port in sight.open
        await box.terminals.ports.watchers.forget(box.project)
        async with box.database.transaction() as db:
            await box.terminals.ports.ended(db, box.project, generation=1)
        await box.terminals.ports.saw(box.project, sight)
        assert server.port not in await said_last(box)


async def test_looking_at_ports_is_no_activity_and_wakes_no_machine(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    async with Program.http(inside) as server:
        await listed(box)
        await eventually(lambda: _is_said(box, server.port))
        await find(box, server.port)
    assert not await box.said("activity.seen.v1")
    box.machine.running = False
    await box.hear(box.stopped())
    assert await listed(box) == {}


async def test_a_machine_too_busy_to_answer_has_its_port_as_it_was_last_seen(
    box: Box, inside: asyncssh.SSHClientConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Program.http(inside) as server:
        await listed(box)
        await eventually(lambda: _is_said(box, server.port))
        monkeypatch.setattr(port_table, "FRESH_SECONDS", 0.0)
        monkeypatch.setattr(port_table, "FIND_SECONDS", 0.0)
        assert (await find(box, server.port)).listening_since is not None


async def test_a_terminal_that_somebody_is_at_has_its_machine_followed_and_one_without_has_not(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    terminal = await box.open()
    watchers = box.terminals.ports.watchers
    assert watchers.following == 0
    viewer = await box.view(terminal)
    await eventually(lambda: watchers.following == 1)
    async with Program.http(inside) as server:
        await eventually(lambda: _is_said(box, server.port), within=3)
        await viewer.close()
        await eventually(lambda: watchers.following == 0, within=3)


async def test_nothing_is_left_in_the_machine_when_nobody_looks(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    await box.ask(ListPorts(account_id=box.account, project_id=box.project))
    assert await _scripts(inside) == 1
    await box.terminals.ports.watchers.forget(box.project)
    await eventually(lambda: _none_left(inside))


async def _scripts(inside: asyncssh.SSHClientConnection) -> int:
    done = await inside.run("grep -l 'TIME_STYL[E]' /proc/[0-9]*/cmdline 2>/dev/null | wc -l")
    return int(str(done.stdout))


async def _none_left(inside: asyncssh.SSHClientConnection) -> bool:
    return await _scripts(inside) == 0


async def test_the_machine_is_looked_at_again_after_its_connection_was_lost(box: Box) -> None:
    await listed(box)
    lost = (await box.terminals.connections.get(box.project)).connection
    box.machine.cut()
    await lost.wait_closed()
    connection = (await box.terminals.connections.get(box.project)).connection
    async with Program.http(connection) as server:
        await eventually(lambda: _is_said(box, server.port), within=10)


async def test_ports_are_gone_with_their_project_and_with_their_account(box: Box) -> None:
    await update(box, 3000, label="shop")
    await box.hear(ProjectDeleted(account_id=box.account, project_id=box.project))
    assert (await find(box, 3000)).label == ""
    await update(box, 3000, label="shop")
    await box.hear(AccountDeleted(account_id=box.account, person_id=box.person))
    async with box.database.reading() as db:
        assert await db.fetchval("SELECT count(*) FROM terminal.port") == 0
        assert await db.fetchval("SELECT count(*) FROM terminal.project") == 0
