"""Where a tunnel leads: to the machine's own programs only, and with a grant for that very port."""

import asyncio
import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator

import asyncssh
import pytest

from aether.cli.embedded.ports import any_free_port
from aether.contracts.ids import ProjectId, new_id
from aether.contracts.service import Service
from aether.kit.grants import Right
from aether.testkit.machine import UID

from .conftest import Box
from .program import ECHO, Program
from .tunnel import Tunnel, head, is_broken

CLOSE = "server.close()\nprint('closed', flush=True)\nsys.stdin.read()"


class Canary:
    """A server of the host that nobody may reach."""

    def __init__(self, port: int = 0, address: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.server = socket.socket(family)
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.server.bind((address, port))
        self.server.listen()
        self.server.setblocking(False)
        self.port: int = self.server.getsockname()[1]

    @property
    def reached(self) -> bool:
        try:
            self.server.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def canary() -> Iterator[Canary]:
    canary = Canary()
    yield canary
    assert not canary.reached
    canary.server.close()


async def test_where_nothing_listens_there_is_no_tunnel(box: Box, inside: asyncssh.SSHClientConnection) -> None:
    async with Program.listening(inside, "127.0.0.1") as server:
        pass
    refused = await Tunnel.ask(box, server.port)
    assert refused.status == 502
    assert (await refused.problem())["type"] == "nothing-listens"


async def test_a_machine_that_does_not_run_has_no_tunnel_and_is_not_started(box: Box) -> None:
    box.machine.running = False
    refused = await Tunnel.ask(box, 3000)
    assert refused.status == 503
    assert (await refused.problem())["detail"] == "The machine does not run."


async def test_a_server_of_the_host_is_not_reached(
    box: Box, inside: asyncssh.SSHClientConnection, canary: Canary
) -> None:
    database = await _port_of_postgres(box)
    for port in (canary.port, database, box.port, box.tunnel_port, box.machine.port):
        refused = await Tunnel.ask(box, port)
        assert refused.status == 502, port
        assert (await refused.problem())["type"] == "nothing-listens"


async def _port_of_postgres(box: Box) -> int:
    async with box.database.reading() as db:
        return int(await db.fetchval("SELECT inet_server_port()"))


async def test_a_port_that_the_host_took_over_a_moment_ago_is_the_host_s(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    then = f"sys.stdin.readline()\n{CLOSE}"
    for _ in range(10):
        async with Program.listening(inside, "127.0.0.1", then=then) as server:
            tunnel = await Tunnel.ask(box, server.port)
            assert tunnel.status == 200
            await tunnel.close()
            await server.tell("now")
            assert await server.says() == "closed"
            canary = Canary(server.port)
            refused = await Tunnel.ask(box, server.port)
            assert refused.status == 502
            await refused.close()
            assert not canary.reached
            canary.server.close()


@pytest.mark.parametrize(("mine", "host"), [("0.0.0.0", "::1"), ("::1", "127.0.0.1"), ("127.0.0.1", "::1")])
async def test_of_two_servers_on_one_port_the_machine_s_is_reached(
    box: Box, inside: asyncssh.SSHClientConnection, mine: str, host: str
) -> None:
    async with Program.listening(inside, mine, then=ECHO) as server:
        canary = Canary(server.port, host)
        tunnel = await Tunnel.ask(box, server.port)
        assert await tunnel.exchange(b"hello") == b"hello"
        await tunnel.close()
        assert not canary.reached
        canary.server.close()


SHARE = """
import socket, sys
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
server.bind(({address!r}, {port}))
server.listen()
print("ready", flush=True)
server.accept()
print("reached", flush=True)
"""


@contextlib.contextmanager
def host_program(code: str) -> "Iterator[subprocess.Popen[str]]":
    """A program on the host that belongs to the machine's user, for only one user's programs may share a port."""
    become = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups"] if os.geteuid() == 0 else []
    environment = {"PATH": "/usr/bin:/bin"}
    with subprocess.Popen(
        [*become, "python3", "-c", code], env=environment, text=True, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
async def test_a_port_that_the_kernel_may_give_to_either_is_not_entered(
    box: Box, inside: asyncssh.SSHClientConnection, address: str
) -> None:
    port = any_free_port()
    code = SHARE.format(address=address, port=port)
    with host_program(code) as host:
        async with Program.python(inside, code, port):
            for _ in range(8):
                refused = await Tunnel.ask(box, port)
                assert refused.status == 502
                await refused.close()
        host.kill()
        assert host.communicate()[0] == ""


TARGETS = [
    "{host}:{port}",
    "0.0.0.0:{port}",
    "[::1]:{port}",
    "[::ffff:127.0.0.1]:{port}",
    "127.1:{port}",
    "127.0.0.1.:{port}",
    "127.0.0.2:{port}",
    "2130706433:{port}",
    "0x7f000001:{port}",
    "0177.0.0.1:{port}",
    "LOCALHOST.:{port}",
    "localhost.:{port}",
    "localhost.localdomain:{port}",
    "foo.localhost:{port}",
    "169.254.169.254:80",
    "metadata.google.internal:80",
    "127.0.0.1@evil.example:{port}",
    "evil.example:{port}",
    "evil.example#127.0.0.1:{port}",
    "127.0.0.1:{port}@evil.example",
    "127.0.0.1:{port}:80",
    "127.0.0.1:{port}/",
    "127.0.0.1:{port}?",
    "127.0.0.1:+{port}",
    "127.0.0.1:0{port}",
    "127.0.0.1: {port}",
    "127.0.0.1:",
    "127.0.0.1",
    "127.0.0.1:0",
    "127.0.0.1:65536",
    "127.0.0.1:999999999999999999999",
    "127.0.0.1:-1",
    "127.0.0.1:http",
    "http://127.0.0.1:{port}",
    "http://127.0.0.1:{port}/",
    "//127.0.0.1:{port}",
    "/",
    "*",
    "127。0。0。1:{port}",
    "127.0.0.1%00:{port}",
]


async def test_no_other_way_to_write_an_address_is_followed(box: Box, canary: Canary) -> None:
    for target in TARGETS:
        written = target.format(host=socket.gethostname(), port=canary.port)
        grant = box.grant("connect", resource=str(canary.port))
        asked = f"CONNECT {written} HTTP/1.1\r\nHost: x\r\nAuthorization: Grant {grant}\r\n\r\n"
        tunnel = await Tunnel.send(box, asked.encode())
        assert tunnel.status == 400, target
        await tunnel.problem()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"right": "exec"}, 403),
        ({"right": "input"}, 403),
        ({"right": "read"}, 403),
        ({"resource": "1"}, 403),
        ({"resource": ""}, 403),
        ({"resource": "0{port}"}, 403),
        ({"resource": " {port}"}, 403),
        ({"resource": "127.0.0.1:{port}"}, 403),
        ({"audience": Service.GATEWAY}, 401),
        ({"audience": Service.FILES}, 401),
    ],
)
async def test_a_grant_for_something_else_opens_nothing(
    box: Box, inside: asyncssh.SSHClientConnection, change: dict[str, str], status: int
) -> None:
    async with Program.listening(inside, "127.0.0.1", then=ECHO) as server:
        values = {name: value.format(port=server.port) for name, value in change.items() if name != "audience"}
        values |= {"audience": change["audience"]} if "audience" in change else {}
        right: Right = values.pop("right", "connect")  # type: ignore[assignment] # one of the list above
        refused = await Tunnel.ask(box, server.port, right, **values)
        assert refused.status == status
        await refused.problem()


async def test_a_grant_for_another_project_does_not_lead_into_this_one(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    other = ProjectId(new_id())
    issue = box.machine.issue

    async def only_mine(project_id: ProjectId, public_key: str) -> object:
        assert project_id == other
        return await issue(project_id, public_key)

    box.terminals.connections._issue = only_mine  # type: ignore[assignment] # it says who was asked for
    async with Program.listening(inside, "127.0.0.1", then=ECHO) as server:
        tunnel = await Tunnel.ask(box, server.port, project_id=other)
        assert tunnel.status == 200  # the same machine here, but reached as the other project's
        assert box.terminals.tunnels.count(other) == 1
        assert box.terminals.tunnels.count(box.project) == 0
        await tunnel.close()


async def test_a_grant_opens_one_tunnel_even_for_fifty_at_the_same_time(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    async with Program.listening(inside, "127.0.0.1", then=ECHO) as server:
        request = head(f"127.0.0.1:{server.port}", box.grant("connect", resource=str(server.port)))
        tunnels = await asyncio.gather(*(Tunnel.send(box, request) for _ in range(50)))
        assert sorted(tunnel.status for tunnel in tunnels) == [200] + [401] * 49
        for tunnel in tunnels:
            await tunnel.close()


async def test_nobody_gets_in_without_a_grant(box: Box) -> None:
    good = box.grant("connect", resource="3000")
    for request in (
        head("127.0.0.1:3000", ""),
        head("127.0.0.1:3000", "not.a.token"),
        head("127.0.0.1:3000", good[:-4] + "AAAA"),
        head("127.0.0.1:3000", "", f"Authorization: Bearer {good}"),
        head("127.0.0.1:3000", good, f"Authorization: Grant {good}"),
        head(f"127.0.0.1:3000?grant={good}", ""),
    ):
        tunnel = await Tunnel.send(box, request)
        assert tunnel.status in (400, 401)
        assert good not in str(await tunnel.problem())


@pytest.mark.parametrize(
    "more", ["Content-Length: 5", "Transfer-Encoding: chunked", "X-Long: " + "x" * 20_000, "Bad Header: x"]
)
async def test_a_head_that_is_none_is_refused(box: Box, more: str) -> None:
    tunnel = await Tunnel.send(box, head("127.0.0.1:3000", box.grant("connect", resource="3000"), more))
    assert tunnel.status == 400
    await tunnel.close()


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "connect", "CONNECTS"])
async def test_nothing_but_connect_is_answered(box: Box, method: str) -> None:
    grant = box.grant("connect", resource="3000")
    tunnel = await Tunnel.send(box, head("127.0.0.1:3000", grant, method=method))
    assert tunnel.status == 400
    await tunnel.close()


async def test_who_says_nothing_is_not_waited_for(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aether.terminal.api.tunnel.HEAD_SECONDS", 0.05)
    tunnel = await Tunnel.connect(box)
    tunnel.writer.write(b"CONNECT 127.0.0.1:3000 HTTP/1.1\r\n")
    assert await is_broken(tunnel)
