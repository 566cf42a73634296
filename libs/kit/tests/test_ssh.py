"""A connection into a machine goes to the one host key the authority named, or nowhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncssh
import pytest
import pytest_asyncio

from aether.contracts.ids import MachineId, ProjectId, new_id
from aether.contracts.machines import SshCertificate
from aether.contracts.problem import NotFound
from aether.kit.ssh import MachineConnections, MachineUnreachable, connect

MACHINE = MachineId(new_id())
PROJECT = ProjectId(new_id())


class Machine:
    """An SSH server that trusts one authority, as every machine does."""

    def __init__(self) -> None:
        self.authority = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.issued = 0
        self.listener: asyncssh.SSHAcceptor | None = None

    async def listen(self, **options: Any) -> None:
        trusted = asyncssh.import_authorized_keys(
            f'cert-authority,principals="{MACHINE}" {self.authority.export_public_key().decode()}'
        )
        self.listener = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[self.host_key],
            authorized_client_keys=trusted,
            process_factory=lambda process: process.exit(0),
            **options,
        )

    @property
    def port(self) -> int:
        assert self.listener is not None
        return int(self.listener.get_port())

    async def issue(self, project_id: ProjectId, public_key: str) -> SshCertificate:
        """What the authority answers, for a machine that trusts it."""
        self.issued += 1
        return self.way_in(public_key)

    def way_in(self, public_key: str, **changed: Any) -> SshCertificate:
        certificate = self.authority.generate_user_certificate(
            asyncssh.import_public_key(public_key), "terminal", principals=[str(MACHINE)], valid_before="+5m"
        )
        values = {
            "project_id": PROJECT,
            "machine_id": MACHINE,
            "generation": 1,
            "host": "127.0.0.1",
            "port": self.port,
            "username": str(MACHINE),
            "host_key": self.host_key.export_public_key().decode(),
            "certificate": certificate.export_certificate().decode(),
            "home_dir": "/home/dev",
            "workspace_dir": "/home/dev/workspace",
            "tmux": False,
            "recording": False,
        }
        return SshCertificate.model_validate({**values, **changed})

    async def close(self) -> None:
        if self.listener is not None:
            self.listener.close()
            await self.listener.wait_closed()


@pytest_asyncio.fixture
async def machine() -> AsyncIterator[Machine]:
    machine = Machine()
    await machine.listen()
    yield machine
    await machine.close()


@pytest_asyncio.fixture
async def connections(machine: Machine) -> AsyncIterator[MachineConnections]:
    connections = MachineConnections(machine.issue)
    yield connections
    await connections.close()


def new_key() -> tuple[asyncssh.SSHKey, str]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    return key, key.export_public_key().decode()


async def test_a_certificate_opens_the_machine(connections: MachineConnections) -> None:
    connected = await connections.get(PROJECT)
    assert (await connected.connection.run("true")).exit_status == 0
    assert connected.machine_id == MACHINE


async def test_many_who_ask_share_one_connection(machine: Machine, connections: MachineConnections) -> None:
    first, *others = await asyncio.gather(*(connections.get(PROJECT) for _ in range(20)))
    assert all(other is first for other in others)
    assert machine.issued == 1


async def test_a_lost_connection_is_made_anew(machine: Machine, connections: MachineConnections) -> None:
    first = await connections.get(PROJECT)
    first.connection.abort()
    await first.connection.wait_closed()
    second = await connections.get(PROJECT)
    assert (await second.connection.run("true")).exit_status == 0
    assert machine.issued == 2


async def test_a_dropped_connection_is_closed(connections: MachineConnections) -> None:
    connected = await connections.get(PROJECT)
    await connections.drop(PROJECT)
    await connected.connection.wait_closed()
    assert connected.connection.is_closed()


async def test_a_swapped_host_key_is_refused(machine: Machine) -> None:
    key, public_key = new_key()
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with pytest.raises(MachineUnreachable):
        await connect(machine.way_in(public_key, host_key=other), key)


async def test_a_host_key_certificate_of_anybody_is_refused(machine: Machine) -> None:
    """The pinned key is trusted as a key, and not as an authority over others."""
    impostor = Machine()
    impostor.authority = machine.authority
    signed = machine.host_key.generate_host_certificate(impostor.host_key, "host", principals=["127.0.0.1"])
    await impostor.listen(server_host_certs=[signed])
    key, public_key = new_key()
    with pytest.raises(MachineUnreachable):
        await connect(machine.way_in(public_key, port=impostor.port), key)
    await impostor.close()


@pytest.mark.parametrize(
    "weakness",
    [
        {"encryption_algs": ["aes128-cbc", "3des-cbc"]},
        {"kex_algs": ["diffie-hellman-group14-sha1"]},
        {"kex_algs": ["diffie-hellman-group1-sha1"]},
    ],
)
async def test_a_machine_that_offers_only_weak_algorithms_is_refused(weakness: dict[str, list[str]]) -> None:
    machine = Machine()
    await machine.listen(**weakness)
    key, public_key = new_key()
    with pytest.raises(MachineUnreachable):
        await connect(machine.way_in(public_key), key)
    await machine.close()


async def test_an_rsa_host_key_is_refused(machine: Machine) -> None:
    weak = Machine()
    weak.authority = machine.authority
    weak.host_key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    await weak.listen()
    key, public_key = new_key()
    with pytest.raises(MachineUnreachable):
        await connect(weak.way_in(public_key), key)
    await weak.close()


async def test_a_certificate_for_another_machine_does_not_open_this_one(machine: Machine) -> None:
    key, public_key = new_key()
    other = machine.authority.generate_user_certificate(
        asyncssh.import_public_key(public_key), "terminal", principals=[str(new_id())], valid_before="+5m"
    )
    with pytest.raises(MachineUnreachable):
        await connect(machine.way_in(public_key, certificate=other.export_certificate().decode()), key)


async def test_an_expired_certificate_opens_nothing(machine: Machine) -> None:
    key, public_key = new_key()
    old = machine.authority.generate_user_certificate(
        asyncssh.import_public_key(public_key),
        "terminal",
        principals=[str(MACHINE)],
        valid_after="-10m",
        valid_before="-1m",
    )
    with pytest.raises(MachineUnreachable):
        await connect(machine.way_in(public_key, certificate=old.export_certificate().decode()), key)


async def test_a_certificate_of_another_authority_opens_nothing(machine: Machine) -> None:
    key, public_key = new_key()
    other = Machine()
    other.listener = machine.listener
    other.host_key = machine.host_key
    with pytest.raises(MachineUnreachable):
        await connect(other.way_in(public_key), key)


async def test_a_machine_that_is_not_there_is_told_soon(machine: Machine) -> None:
    key, public_key = new_key()
    way_in = machine.way_in(public_key)
    await machine.close()
    async with asyncio.timeout(6):
        with pytest.raises(MachineUnreachable):
            await connect(way_in, key)


async def test_a_machine_that_says_nothing_is_told_soon(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aether.kit.ssh.CONNECT_SECONDS", 0.5)

    async def listen_and_say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    silent = await asyncio.start_server(listen_and_say_nothing, "127.0.0.1", 0)
    key, public_key = new_key()
    async with asyncio.timeout(3):
        with pytest.raises(MachineUnreachable):
            await connect(machine.way_in(public_key, port=silent.sockets[0].getsockname()[1]), key)
    silent.close()


async def test_the_authoritys_refusal_passes_through() -> None:
    async def refuse(_project_id: ProjectId, _public_key: str) -> SshCertificate:
        raise NotFound

    with pytest.raises(NotFound):
        await MachineConnections(refuse).get(PROJECT)
