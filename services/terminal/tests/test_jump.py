"""The jump host: a token reaches its own machine, and nothing else is to be had."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest
import pytest_asyncio

from aether.contracts.ids import ProjectId, new_id
from aether.kit.ssh import MachineConnections
from aether.terminal.adapters import jump
from aether.testkit.machine import TestMachine


class OneToken:
    """Knows one key, of one project."""

    def __init__(self, key: asyncssh.SSHKey, project: ProjectId) -> None:
        self.known = key.export_public_key().decode().strip()
        self.project = project

    async def project_of(self, public_key: str) -> ProjectId | None:
        return self.project if public_key == self.known else None


class Jump:
    """A jump host with one agent that may use it."""

    def __init__(self, machine: TestMachine, folder: Path) -> None:
        self.machine = machine
        self.folder = folder
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.project = ProjectId(new_id())
        self.connections = MachineConnections(machine.issue)
        self.host_key = jump.host_key(folder)

    async def start(self, tokens: object | None = None) -> None:
        known = tokens or OneToken(self.key, self.project)
        self.acceptor = await jump.listen("127.0.0.1", 0, self.host_key, known, self.connections)  # type: ignore[arg-type] # a fake

    async def connect(self, key: asyncssh.SSHKey | None = None) -> asyncssh.SSHClientConnection:
        return await asyncssh.connect(
            "127.0.0.1",
            self.acceptor.get_port(),
            username="agent",
            client_keys=[key or self.key],
            known_hosts=([self.host_key.convert_to_public()], [], []),
            config=None,
            agent_path=None,
        )

    async def stop(self) -> None:
        await jump.closed(self.acceptor)
        await self.connections.close()


@pytest_asyncio.fixture
async def jumping(machine: TestMachine, tmp_path: Path) -> AsyncIterator[Jump]:
    there = Jump(machine, tmp_path)
    await there.start()
    yield there
    await there.stop()


async def test_a_token_reaches_its_own_machine(jumping: Jump) -> None:
    async with await jumping.connect() as connection:
        reader, writer = await connection.open_connection(str(jumping.project), 22)
        assert (await reader.read(8)) == b"SSH-2.0-"
        writer.close()


async def test_a_token_reaches_nothing_else(jumping: Jump) -> None:
    async with await jumping.connect() as connection:
        for host, port in (
            ("127.0.0.1", 80),
            ("127.0.0.1", jumping.acceptor.get_port()),
            (str(new_id()), 22),
            ("localhost", 22),
            ("169.254.169.254", 22),
        ):
            with pytest.raises(asyncssh.ChannelOpenError, match="Only your own"):
                await connection.open_connection(host, port)


async def test_there_is_no_shell_and_no_listening_on_the_jump_host(jumping: Jump) -> None:
    async with await jumping.connect() as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.run("true")
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_port("", 0, "127.0.0.1", 22)


async def test_a_key_that_nobody_gave_out_is_refused(jumping: Jump) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await jumping.connect(asyncssh.generate_private_key("ssh-ed25519"))


async def test_as_long_as_there_are_no_tokens_nobody_gets_in(machine: TestMachine, tmp_path: Path) -> None:
    there = Jump(machine, tmp_path)
    await there.start(jump.NoTokens())
    with pytest.raises(asyncssh.PermissionDenied):
        await there.connect()
    await there.stop()


def test_the_host_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first, second = jump.host_key(tmp_path), jump.host_key(tmp_path)
    assert first.export_public_key() == second.export_public_key()
    assert (tmp_path / "jump_host_key").stat().st_mode & 0o777 == 0o600
