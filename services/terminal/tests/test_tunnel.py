"""The tunnel: what comes through it, and how it ends. Where it may lead stands in test_reach.py."""

import asyncio
import hashlib
import socket

import asyncssh
import pytest

from aether.contracts.gateway import AccountRevoked
from aether.contracts.ids import CredentialId, new_id
from aether.testkit.eventually import eventually

from .conftest import Box
from .program import ECHO, Program
from .tunnel import Tunnel, head, is_broken

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
        await box.hear(box.stopped())
        assert await is_broken(tunnel)
    assert box.terminals.tunnels.count(box.project) == 0


async def test_a_lost_connection_breaks_its_tunnels_off(box: Box, inside: asyncssh.SSHClientConnection) -> None:
    async with Program.listening(inside, "127.0.0.1", then=ECHO) as server:
        tunnel = await Tunnel.ask(box, server.port)
        await tunnel.exchange(b"x")
        box.machine.stop_sshd()
        assert await is_broken(tunnel)


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
        assert await is_broken(mine)
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
