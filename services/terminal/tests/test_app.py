"""The service as a process of its own, over a real NATS, with a machine whose authority is played by the test."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import httpx2
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.aio.msg import Msg

from aether.cli.embedded.ports import any_free_port
from aether.contracts.agents import AgentTokenView, FindAgentToken, TokenRevoked
from aether.contracts.command import Command
from aether.contracts.ids import AccountId, AgentTokenId, CredentialId, PersonId, ProjectId, new_id
from aether.contracts.machines import GetProject, IssueSshCertificate
from aether.contracts.problem import NotFound
from aether.contracts.service import Service
from aether.contracts.terminal import FindPort, GetJumpHost, ListPorts, ListTerminals, OpenTerminal, TerminalView
from aether.kit.bus import STATUS, Bus
from aether.kit.grants import Grant, Right, Signer
from aether.kit.provision import provision_streams
from aether.testkit.eventually import eventually
from aether.testkit.machine import TestMachine
from aether.testkit.nats import EmbeddedNats

from .tunnel import head
from .viewer import Viewer

ACCOUNT, PERSON = AccountId(new_id()), PersonId(new_id())
PROJECT = ProjectId(new_id())
VIEW = """{"id":"%s","account_id":"%s","name":"p","slug":"p","status":"running","provider":"local","size":"s",
"idle_minutes":30,"clone":{"state":"none"},"limits":{"memory_mb":1,"disk_mb":1,"pids":1},"version":1,
"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}"""


class Running:
    """The process, the gateway's side of the bus, and the gateway's signature."""

    client: Client

    def __init__(self, environment: dict[str, str], gateway: Bus, key: Path) -> None:
        self._environment = environment
        self.gateway = gateway
        self._signer = Signer(key)
        self.port = int(environment["TERMINAL_PORT"])

    def start(self) -> None:
        command = [sys.executable, "-m", "aether.terminal"]
        self.process = subprocess.Popen(command, env=self._environment, start_new_session=True)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    async def ready(self) -> bool:
        try:
            async with httpx2.AsyncClient(trust_env=False) as client:
                return (await client.get(f"http://127.0.0.1:{self.port}/ready")).status_code == 200
        except httpx2.HTTPError:
            return False

    async def open(self) -> TerminalView:
        command: Command[TerminalView] = OpenTerminal(account_id=ACCOUNT, project_id=PROJECT, person_id=PERSON)
        return await self.gateway.request(command, timeout=15)

    def grant(self, right: Right, resource: str) -> str:
        grant = Grant(
            audience=Service.TERMINAL,
            person_id=PERSON,
            person_name="Ada",
            account_id=ACCOUNT,
            project_id=PROJECT,
            resource=resource,
            right=right,
            credential_id=CredentialId(new_id()),
        )
        return self._signer.sign(grant)

    async def view(self, terminal: TerminalView, query: str = "") -> Viewer:
        url = f"ws://127.0.0.1:{self.port}/stream/terminal/{terminal.id}{query}"
        return await Viewer.connect(url, self.grant("input", str(terminal.id)))


@pytest_asyncio.fixture
async def running(
    database_url: str,
    nats_server: EmbeddedNats,
    machine: TestMachine,
    grant_keys: tuple[Path, Path],
    tmp_path: Path,
) -> AsyncIterator[Running]:
    await provision_streams(nats_server.url)
    client = Client()
    await client.connect(nats_server.url)
    await play_machines(client, machine)
    environment = {
        **os.environ,
        "AETHER_HOME": str(tmp_path),
        "AETHER_NATS_URL": nats_server.url,
        "AETHER_DATABASE_URL": database_url,
        "AETHER_GRANT_PUBLIC_KEY_FILE": str(grant_keys[1]),
        "AETHER_TRACE_DIR": str(tmp_path / "traces"),
        "TERMINAL_PORT": str(any_free_port()),
        "TERMINAL_JUMP_PORT": str(any_free_port()),
        "TERMINAL_TUNNEL_PORT": str(any_free_port()),
    }
    async with Bus.connect(nats_server.url, Service.GATEWAY) as gateway:
        there = Running(environment, gateway, grant_keys[0])
        there.start()
        await eventually(there.ready, within=20)
        there.client = client
        yield there
        there.kill()
    await client.close()


async def play_agents(client: Client, token: AgentTokenView) -> None:
    """Answer what the terminal service asks of agents: one key is a token's, and others are nobody's."""

    async def find(message: Msg) -> None:
        asked = FindAgentToken.model_validate_json(message.data)
        if asked.public_key == token.public_key:
            await message.respond(token.model_dump_json().encode())
        else:
            headers = {STATUS: "problem"}
            await client.publish(message.reply, NotFound().problem().model_dump_json().encode(), headers=headers)

    await client.subscribe(FindAgentToken.subject, cb=find)


async def play_machines(client: Client, machine: TestMachine) -> None:
    """Answer what the terminal service asks of machines."""

    async def issue(message: Msg) -> None:
        asked = IssueSshCertificate.model_validate_json(message.data)
        await message.respond((await machine.issue(asked.project_id, asked.public_key)).model_dump_json().encode())

    async def get(message: Msg) -> None:
        await message.respond((VIEW % (PROJECT, ACCOUNT)).encode())

    await client.subscribe(IssueSshCertificate.subject, cb=issue)
    await client.subscribe(GetProject.subject, cb=get)


async def test_a_killed_service_comes_back_with_every_line_once(running: Running) -> None:
    terminal = await running.open()
    viewer = await running.view(terminal)
    await viewer.type("for i in $(seq 1 15000); do echo line-$i; done; echo do'ne'\r")
    await viewer.sees("line-700\r\n")
    running.kill()
    running.start()
    await eventually(running.ready, within=20)
    again = await running.view(terminal, f"?offset={viewer.offset}&epoch={viewer.epoch}")
    await again.sees("done\r\n", within=30)
    plain = re.sub(rb"\x1b\[[\d;?]*[A-Za-z]|\r", b"", bytes(again.data))
    assert [int(n) for n in re.findall(rb"^line-(\d+)$", plain, re.MULTILINE)] == list(range(1, 15001))
    await again.close()


async def test_an_orderly_stop_says_1012_and_ends_the_process_soon(running: Running) -> None:
    terminal = await running.open()
    viewer = await running.view(terminal)
    await viewer.until(lambda: viewer.hello)
    running.process.terminate()
    assert await viewer.ends() == 1012
    assert running.process.wait(timeout=10) == 0


async def test_the_process_answers_over_the_bus_and_listens_for_agents(running: Running) -> None:
    terminal = await running.open()
    listed = await running.gateway.request(ListTerminals(account_id=ACCOUNT, project_id=PROJECT))
    assert [view.id for view in listed.items] == [terminal.id]
    home = Path(running._environment["AETHER_HOME"])
    assert (home / "terminal" / "jump_host_key").stat().st_mode & 0o777 == 0o600


async def test_an_agent_comes_in_by_the_jump_host_and_is_cut_by_the_word_that_its_token_is_revoked(
    running: Running, nats_server: EmbeddedNats
) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    token = AgentTokenView(
        id=AgentTokenId(new_id()),
        account_id=ACCOUNT,
        project_id=PROJECT,
        name="laptop",
        public_key=key.export_public_key().decode().strip(),
        fingerprint=key.get_fingerprint(),
        created_at=datetime.now(UTC),
    )
    await play_agents(running.client, token)
    async with Bus.connect(nats_server.url, Service.AGENTS) as agents:
        address = await agents.request(GetJumpHost())
        assert (address.host, address.port) == ("localhost", int(running._environment["TERMINAL_JUMP_PORT"]))
        host_key = asyncssh.import_public_key(address.host_key)

        async def connect(with_key: asyncssh.SSHKey) -> asyncssh.SSHClientConnection:
            return await asyncssh.connect(
                "127.0.0.1",
                address.port,
                username="aether",
                client_keys=[with_key],
                known_hosts=([host_key], [], []),
                config=None,
                agent_path=None,
            )

        with pytest.raises(asyncssh.PermissionDenied):
            await connect(asyncssh.generate_private_key("ssh-ed25519"))
        connection = await connect(key)
        reader, _ = await connection.open_connection("p.aether", 22)
        assert await reader.read(8) == b"SSH-2.0-"
        event = TokenRevoked(account_id=ACCOUNT, project_id=PROJECT, token_id=token.id)
        await agents.publish(event.subject, event.model_dump_json().encode(), event.event_id, {})
        await asyncio.wait_for(connection.wait_closed(), 5)


async def test_a_server_started_in_a_terminal_is_found_and_its_page_comes_by_a_tunnel(
    running: Running,
) -> None:
    viewer = await running.view(await running.open())
    port = any_free_port()
    await viewer.type(f"echo a-page > page; python3 -u -m http.server --bind 127.0.0.1 {port}\r")
    await viewer.sees("Serving HTTP")
    listed = await running.gateway.request(ListPorts(account_id=ACCOUNT, project_id=PROJECT))
    assert [(view.port, view.process) for view in listed.items] == [(port, "python3")]
    found = await running.gateway.request(FindPort(project_id=PROJECT, port=port))
    assert found.listening_since is not None
    tunnel = int(running._environment["TERMINAL_TUNNEL_PORT"])
    reader, writer = await asyncio.open_connection("127.0.0.1", tunnel)
    writer.write(head(f"127.0.0.1:{port}", running.grant("connect", str(port))))
    assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    writer.write(b"GET /page HTTP/1.0\r\n\r\n")
    assert (await reader.read()).endswith(b"\r\n\r\na-page\n")
    writer.close()
    await viewer.close()


async def test_an_orderly_stop_ends_tunnels_that_nobody_would_end(running: Running) -> None:
    viewer = await running.view(await running.open())
    port = any_free_port()
    await viewer.type(f"python3 -u -m http.server --bind 127.0.0.1 {port}\r")
    await viewer.sees("Serving HTTP")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(running._environment["TERMINAL_TUNNEL_PORT"]))
    writer.write(head(f"127.0.0.1:{port}", running.grant("connect", str(port))))
    assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    running.process.terminate()
    assert await reader.read() == b"\r\n"
    assert running.process.wait(timeout=10) == 0
    writer.close()
    await viewer.close()
