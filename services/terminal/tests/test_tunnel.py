"""The tunnel: what comes through it, how it ends, and that it leads to the machine's own programs only."""

import asyncio
import contextlib
import hashlib
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator

import asyncssh
import pytest
import pytest_asyncio

from aether.cli.embedded.ports import any_free_port
from aether.contracts.gateway import AccountRevoked
from aether.contracts.ids import CredentialId, ProjectId, new_id
from aether.contracts.service import Service
from aether.kit.grants import Right
from aether.testkit.eventually import eventually
from aether.testkit.machine import UID

from .conftest import Box
from .program import Program
from .test_ports import stopped
from .tunnel import Tunnel, head

ECHO = """
def serve(client):
    while data := client.recv(65536):
        client.sendall(data)
    client.close()
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"""
COUNT = """
import hashlib
client = server.accept()[0]
seen = hashlib.sha256()
while data := client.recv(65536):
    seen.update(data)
client.sendall(seen.hexdigest().encode())
client.close()
sys.stdin.read()
"""
POUR = """
import random
data = random.Random(7).randbytes(1 << 20)
client = server.accept()[0]
sent = 0
try:
    while sent < {total}:
        client.sendall(data)
        sent += len(data)
        print(sent, flush=True)
    client.close()
except OSError:
    print("broken", flush=True)
sys.stdin.read()
"""
GREET = """
client = server.accept()[0]
client.sendall(b"hello first")
client.close()
sys.stdin.read()
"""
CLOSE = "server.close()\nprint('closed', flush=True)\nsys.stdin.read()"


@pytest_asyncio.fixture
async def inside(box: Box) -> AsyncIterator[asyncssh.SSHClientConnection]:
    yield (await box.terminals.connections.get(box.project)).connection


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


# What comes through.


async def test_bytes_go_both_ways(box: Box, inside: asyncssh.SSHClientConnection) -> None:
    async with Program.listening(inside, "127.0.0.1", then=ECHO) as server:
        tunnel = await Tunnel.ask(box, server.port)
        assert tunnel.head == "HTTP/1.1 200 OK\r\n\r\n"
        for data in (b"a", bytes(range(256)) * 1000, b"\r\n\r\n", b"z" * 500_000):
            assert await tunnel.exchange(data) == data
        await tunnel.close()


async def test_a_page_is_served_by_http(box: Box, inside: asyncssh.SSHClientConnection) -> None:
    (box.machine.home / "page.txt").write_text("a page")
    async with Program.http(inside) as server:
        tunnel = await Tunnel.ask(box, server.port)
        tunnel.writer.write(b"GET /page.txt HTTP/1.0\r\n\r\n")
        assert (await tunnel.rest()).endswith(b"\r\n\r\na page")
        await tunnel.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "127.0.0.9"])
async def test_a_program_is_reached_whatever_it_binds_to(
    box: Box, inside: asyncssh.SSHClientConnection, address: str
) -> None:
    async with Program.listening(inside, address, then=ECHO) as server:
        tunnel = await Tunnel.ask(box, server.port)
        assert await tunnel.exchange(b"hello") == b"hello"
        await tunnel.close()


async def test_what_was_sent_with_the_head_is_not_lost(box: Box, inside: asyncssh.SSHClientConnection) -> None:
    async with Program.listening(inside, "127.0.0.1", then=ECHO) as server:
        request = head(f"localhost:{server.port}", box.grant("connect", resource=str(server.port)))
        tunnel = await Tunnel.send(box, request + b"early")
        assert await tunnel.reader.readexactly(5) == b"early"
        await tunnel.close()


async def test_a_head_that_comes_byte_by_byte_is_understood(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    async with Program.listening(inside, "127.0.0.1", then=ECHO) as server:
        tunnel = await Tunnel.connect(box)
        tunnel.writer.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in head(f"127.0.0.1:{server.port}", box.grant("connect", resource=str(server.port))):
            tunnel.writer.write(bytes([byte]))
            await tunnel.writer.drain()
        await tunnel.answered()
        assert await tunnel.exchange(b"hello") == b"hello"
        await tunnel.close()


async def test_a_program_that_speaks_first_is_heard_after_the_answer(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    async with Program.listening(inside, "127.0.0.1", then=GREET) as server:
        tunnel = await Tunnel.ask(box, server.port)
        assert tunnel.status == 200
        assert await tunnel.rest() == b"hello first"
        await tunnel.close()


async def test_one_side_may_end_and_still_be_answered(box: Box, inside: asyncssh.SSHClientConnection) -> None:
    data = hashlib.sha256(b"seed").digest() * 500_000  # 16 MB
    async with Program.listening(inside, "127.0.0.1", then=COUNT) as server:
        tunnel = await Tunnel.ask(box, server.port)
        tunnel.writer.write(data)
        tunnel.writer.write_eof()
        assert (await tunnel.rest()).decode() == hashlib.sha256(data).hexdigest()
        await tunnel.close()


async def test_all_that_a_program_wrote_before_it_ended_arrives(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    total = 32 << 20
    async with Program.listening(inside, "127.0.0.1", then=POUR.format(total=total)) as server:
        tunnel = await Tunnel.ask(box, server.port)
        # Nobody reads until the program has written all it could, and all that lies in between is full.
        await eventually(lambda: box.terminals.tunnels.count(box.project) == 1)
        received = 0
        async with asyncio.timeout(30):
            while data := await tunnel.reader.read(1 << 20):
                received += len(data)
        assert received == total
        await tunnel.close()


async def test_who_does_not_read_holds_the_program_back(box: Box, inside: asyncssh.SSHClientConnection) -> None:
    async with Program.listening(inside, "127.0.0.1", then=POUR.format(total=1 << 40)) as server:
        tunnel = await Tunnel.ask(box, server.port)
        tunnel.writer.transport.pause_reading()  # type: ignore[attr-defined] # a transport of a socket has it
        written = 0
        while True:
            try:
                async with asyncio.timeout(1.0):
                    written = int(await server.says())
            except TimeoutError:
                break
        assert written < 24 << 20
        await tunnel.close()
        await _until_says(server, "broken")


async def _until_says(server: Program, wanted: str) -> None:
    async with asyncio.timeout(10):
        while await server.says() != wanted:
            pass


async def test_many_tunnels_at_once_do_not_mix(box: Box, inside: asyncssh.SSHClientConnection) -> None:
    async with Program.listening(inside, "127.0.0.1", then=ECHO) as server:

        async def talk(number: int) -> bool:
            tunnel = await Tunnel.ask(box, server.port)
            data = str(number).encode() * 5000
            same = await tunnel.exchange(data) == data
            await tunnel.close()
            return same

        assert all(await asyncio.gather(*(talk(number) for number in range(60))))
        await eventually(lambda: box.terminals.tunnels.count(box.project) == 0)


async def test_using_a_tunnel_is_no_activity(box: Box, inside: asyncssh.SSHClientConnection) -> None:
    async with Program.listening(inside, "127.0.0.1", then=ECHO) as server:
        tunnel = await Tunnel.ask(box, server.port)
        await tunnel.exchange(b"hello")
        await tunnel.close()
    assert not await box.said("activity.seen.v1")


# How it ends.


async def test_a_client_that_goes_away_is_noticed_by_the_program(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    then = "client = server.accept()[0]\nclient.recv(10)\nprint('gone', flush=True)\nsys.stdin.read()"
    async with Program.listening(inside, "127.0.0.1", then=then) as server:
        tunnel = await Tunnel.ask(box, server.port)
        await tunnel.close()
        async with asyncio.timeout(10):
            assert await server.says() == "gone"


async def test_a_machine_that_stops_breaks_its_tunnels_off(box: Box, inside: asyncssh.SSHClientConnection) -> None:
    async with Program.listening(inside, "127.0.0.1", then=ECHO) as server:
        tunnel = await Tunnel.ask(box, server.port)
        await box.hear(stopped(box))
        assert await _is_broken(tunnel)
    assert box.terminals.tunnels.count(box.project) == 0


async def test_a_lost_connection_breaks_its_tunnels_off(box: Box, inside: asyncssh.SSHClientConnection) -> None:
    async with Program.listening(inside, "127.0.0.1", then=ECHO) as server:
        tunnel = await Tunnel.ask(box, server.port)
        await tunnel.exchange(b"x")
        box.machine.stop_sshd()
        assert await _is_broken(tunnel)


async def _is_broken(tunnel: Tunnel) -> bool:
    try:
        return await tunnel.rest() == b""
    except ConnectionResetError:
        return True
    finally:
        await tunnel.close()


async def test_a_revoked_credential_breaks_off_what_was_opened_with_it(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    async with Program.listening(inside, "127.0.0.1", then=ECHO) as server:
        mine = await Tunnel.ask(box, server.port)
        other = await Tunnel.ask(box, server.port, credential_id=CredentialId(new_id()))
        late = head(f"127.0.0.1:{server.port}", box.grant("connect", resource=str(server.port)))
        await box.hear(
            AccountRevoked(
                account_id=box.account, person_id=box.person, credential_id=box.credential, reason="signed_out"
            )
        )
        assert await _is_broken(mine)
        assert await other.exchange(b"x") == b"x"
        refused = await Tunnel.send(box, late)
        assert refused.status == 401
        await refused.close()
        await other.close()


async def test_a_service_that_stops_ends_its_tunnels_and_takes_no_more(
    box: Box, inside: asyncssh.SSHClientConnection
) -> None:
    async with Program.listening(inside, "127.0.0.1", then=ECHO) as server:
        tunnel = await Tunnel.ask(box, server.port)
        await box.stop()
        assert await tunnel.rest() == b""
        await tunnel.close()
        with pytest.raises(ConnectionRefusedError):
            await Tunnel.connect(box)
    await box.start()


async def test_a_project_has_so_many_tunnels_and_no_more(box: Box, inside: asyncssh.SSHClientConnection) -> None:
    box.terminals.tunnels._limit = 3
    async with Program.listening(inside, "127.0.0.1", then=ECHO) as server:
        tunnels = [await Tunnel.ask(box, server.port) for _ in range(3)]
        refused = await Tunnel.ask(box, server.port)
        assert refused.status == 503
        assert (await refused.problem())["type"] == "too-many-tunnels"
        await tunnels.pop().close()
        await eventually(lambda: box.terminals.tunnels.count(box.project) == 2)
        tunnels.append(await Tunnel.ask(box, server.port))
        assert tunnels[-1].status == 200
        for tunnel in tunnels:
            await tunnel.close()


# Where it leads.


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
        assert process.stdout.readline() == "ready\n"
        yield process
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


@pytest.mark.parametrize("target", TARGETS)
async def test_no_other_way_to_write_an_address_is_followed(box: Box, canary: Canary, target: str) -> None:
    written = target.format(host=socket.gethostname(), port=canary.port)
    grant = box.grant("connect", resource=str(canary.port))
    tunnel = await Tunnel.connect(box)
    tunnel.writer.write(f"CONNECT {written} HTTP/1.1\r\nHost: x\r\nAuthorization: Grant {grant}\r\n\r\n".encode())
    await tunnel.answered()
    assert tunnel.status == 400
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
    assert await _is_broken(tunnel)
