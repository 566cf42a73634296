"""Sockets that the gateway carries: whole, in both directions, and no longer than they may be open."""

import asyncio
import contextlib
import hashlib
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from aether.testkit.eventually import eventually
from aether.testkit.gateway import Stand, cookie_of

V1 = Subprotocol("aether.v1")


@contextlib.asynccontextmanager
async def opened(stand: Stand, path: str, **headers: str) -> AsyncIterator[ClientConnection]:
    options: dict[str, Any] = {"origin": Origin(stand.url), "proxy": None, "max_size": None, "compression": None}
    async with connect(
        f"{stand.sockets}{path}", additional_headers=headers, subprotocols=[V1], **options
    ) as socket_:
        yield socket_


async def ready(stand: Stand) -> tuple[str, dict[str, str], Any]:
    """A terminal's path, its owner's cookie header, and the owner."""
    person = await stand.person()
    terminal = await stand.terminal(person)
    return f"/stream/terminal/{terminal['id']}", {"Cookie": cookie_of(person)}, person


async def test_a_hundred_megabytes_go_through_whole_in_each_direction(stand: Stand) -> None:
    path, headers, _ = await ready(stand)
    piece, count = os.urandom(1024 * 1024), 40
    taken = hashlib.sha256()

    async def both_ways(connection: ServerConnection) -> None:
        for _ in range(count):
            await connection.send(piece)
        for _ in range(count):
            taken.update(await connection.recv(decode=False))
        await connection.send(b"taken")

    stand.streams.behave = both_ways
    given = hashlib.sha256()
    async with opened(stand, path, **headers) as client:
        for _ in range(count):
            given.update(await client.recv(decode=False))
        for _ in range(count):
            await client.send(piece)
        assert await client.recv() == b"taken"
    assert given.digest() == taken.digest() == hashlib.sha256(piece * count).digest()


async def test_text_close_codes_and_pings_pass_unchanged(stand: Stand) -> None:
    path, headers, _ = await ready(stand)

    async def behave(connection: ServerConnection) -> None:
        assert await connection.recv() == '{"type":"resize"}'
        await (await connection.ping())
        await connection.close(4008, "too slow")

    stand.streams.behave = behave
    async with opened(stand, path, **headers) as client:
        await client.send('{"type":"resize"}')
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4008, "too slow")


async def test_a_client_that_stops_reading_stops_the_service_and_costs_little(stand: Stand) -> None:
    path, headers, _ = await ready(stand)
    sent = 0
    piece = bytes(64 * 1024)
    total = 64 * 1024 * 1024

    async def flood(connection: ServerConnection) -> None:
        nonlocal sent
        while sent < total:
            await connection.send(piece)
            sent += len(piece)
        await connection.close()

    stand.streams.behave = flood
    async with opened(stand, path, **headers) as client:
        client.transport.pause_reading()
        before = -1

        async def stands_still() -> bool:
            nonlocal before
            await asyncio.sleep(0.2)
            still, before = before == sent, sent
            return still

        await eventually(stands_still, within=20)
        assert sent < 32 * 1024 * 1024, "what waits is in buffers, and those are bounded"
        client.transport.resume_reading()
        taken = 0
        with contextlib.suppress(ConnectionClosed):
            while True:
                taken += len(await client.recv(decode=False))
    assert taken == total


async def test_when_the_service_dies_the_client_is_told_by_the_end(stand: Stand) -> None:
    path, headers, _ = await ready(stand)
    async with opened(stand, path, **headers) as client:
        await client.send(b"x")
        assert await client.recv() == b"x"
        stand.streams.connections[-1].transport.abort()
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(client.recv(), 5)


async def test_what_the_service_said_last_arrives_before_the_end(stand: Stand) -> None:
    path, headers, _ = await ready(stand)
    last = os.urandom(3 * 1024 * 1024)

    async def say_and_go(connection: ServerConnection) -> None:
        await connection.send(last)
        await connection.close(1000)

    stand.streams.behave = say_and_go
    async with opened(stand, path, **headers) as client:
        client.transport.pause_reading()
        await asyncio.sleep(0.3)
        client.transport.resume_reading()
        assert await client.recv() == last


async def test_when_the_client_leaves_the_service_is_told(stand: Stand) -> None:
    path, headers, _ = await ready(stand)
    async with opened(stand, path, **headers) as client:
        await client.send(b"x")
        await client.recv()
        client.transport.abort()
        await asyncio.wait_for(stand.streams.connections[-1].wait_closed(), 5)
    await eventually(lambda: not stand.gateway.live._open)


async def test_an_absent_service_is_a_problem_and_not_an_accepted_socket(stand: Stand) -> None:
    path, headers, _ = await ready(stand)
    await stand.streams.stop()
    with pytest.raises(InvalidStatus) as refused:
        async with opened(stand, path, **headers):
            pass
    response = refused.value.response
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert b'"type":"unavailable"' in response.body
    assert "x-trace-id" in response.headers
    assert "content-security-policy" in response.headers


@pytest.mark.parametrize(
    "path",
    [
        "/stream/terminal/nonsense",
        "/stream/files/0190b0a0-0000-7000-8000-000000000000",
        "/stream/terminal/0190b0a0-0000-7000-8000-000000000000/more",
        "/stream/terminal/%2e%2e/0190b0a0-0000-7000-8000-000000000000",
        "/api/events",
        "/",
    ],
)
async def test_a_socket_to_anything_else_is_missing(stand: Stand, path: str) -> None:
    person = await stand.person()
    with pytest.raises(InvalidStatus) as refused:
        async with opened(stand, path, Cookie=cookie_of(person)):
            pass
    assert refused.value.response.status_code == 404


async def test_a_token_needs_no_origin(stand: Stand) -> None:
    path, _, person = await ready(stand)
    headers = {"Authorization": f"Bearer {await stand.token(person)}"}
    async with connect(f"{stand.sockets}{path}", additional_headers=headers, proxy=None) as client:
        await client.send(b"x")
        assert await client.recv() == b"x"
    told = stand.streams.handshakes[-1].headers
    assert "aet_" not in str(told)
    assert told["Authorization"].startswith("Grant ")


async def test_a_grant_is_passed_on_without_cookie_or_origin_and_never_in_the_clear_path(stand: Stand) -> None:
    path, _, person = await ready(stand)
    answer = (await person.post(f"/api/terminals/{path.rsplit('/', 1)[1]}/grant", json={"right": "watch"})).json()
    assert answer["url"] == f"{stand.sockets}{path}"
    assert answer["grant"] not in answer["url"]
    offered = [V1, Subprotocol(f"aether.grant.{answer['grant']}")]
    async with connect(answer["url"], subprotocols=offered, proxy=None) as client:
        assert client.subprotocol == "aether.v1"
        await client.send(b"x")
        assert await client.recv() == b"x"
    assert stand.streams.grants[-1]["right"] == "watch"
    told = stand.streams.handshakes[-1].headers
    assert told["Authorization"] == f"Grant {answer['grant']}"
    assert told["Sec-WebSocket-Protocol"] == "aether.v1"


async def test_a_grant_for_one_command_names_the_project(stand: Stand) -> None:
    path, headers, person = await ready(stand)
    project = (await person.get(f"/api/terminals/{path.rsplit('/', 1)[1]}")).json()["project_id"]
    async with opened(stand, f"/stream/terminal/exec/{project}", **headers) as client:
        await client.send(b"x")
        assert await client.recv() == b"x"
    grant = stand.streams.grants[-1]
    assert (grant["right"], grant["project_id"], grant["resource"]) == ("exec", project, "")
    answer = await person.post(f"/api/projects/{project}/exec/grant")
    assert answer.json()["url"].endswith(f"/stream/terminal/exec/{project}")


async def test_a_forged_grant_is_for_the_service_to_refuse(stand: Stand) -> None:
    path, _, _ = await ready(stand)
    offered = [V1, Subprotocol("aether.grant.eyJhbGciOiJub25lIn0.e30.")]
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{stand.sockets}{path}", subprotocols=offered, proxy=None)
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize("how", ["token", "session", "logout", "account"])
async def test_an_open_socket_is_cut_within_five_seconds_of_revocation(stand: Stand, how: str) -> None:
    from aether.testkit.gateway import PASSWORD

    path, headers, person = await ready(stand)
    if how == "token":
        headers = {"Authorization": f"Bearer {await stand.token(person)}"}
    async with opened(stand, path, **headers) as client:
        await client.send(b"x")
        await client.recv()
        if how == "token":
            token = (await person.get("/api/tokens")).json()["items"][0]["id"]
            await person.delete(f"/api/tokens/{token}")
        elif how == "session":
            session = (await person.get("/api/sessions")).json()["items"][0]["id"]
            await person.delete(f"/api/sessions/{session}")
        elif how == "logout":
            await person.post("/api/auth/logout")
        else:
            await person.request("DELETE", "/api/me", json={"password": PASSWORD})
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(client.recv(), 5)


async def test_the_service_may_say_why_before_the_gateway_cuts(stand: Stand) -> None:
    path, headers, person = await ready(stand)
    async with opened(stand, path, **headers) as client:
        await client.send(b"x")
        await client.recv()
        await person.post("/api/auth/logout")
        await stand.streams.connections[-1].close(4001, "signed out")
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4001


async def test_a_stopping_gateway_ends_its_sockets(stand: Stand) -> None:
    path, headers, _ = await ready(stand)
    async with opened(stand, path, **headers) as client:
        await client.send(b"x")
        await client.recv()
        stand.gateway.live.stop()
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(client.recv(), 5)


async def test_key_presses_are_not_held_back(stand: Stand) -> None:
    path, headers, _ = await ready(stand)
    async with opened(stand, path, **headers) as client:
        await client.send(b"x")
        await client.recv()
        thing = next(iter(next(iter(stand.gateway.live._open.values()))))
        for transport in (thing._transport, thing._side.transport):  # type: ignore[attr-defined]
            raw = transport.get_extra_info("socket")
            assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_recording_comes_through_as_it_is(stand: Stand) -> None:
    path, _, person = await ready(stand)
    for where in (f"/api/terminals/{path.rsplit('/', 1)[1]}/recording", f"{path}/recording"):
        answer = await person.get(where)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/x-asciicast"
        assert answer.text.startswith('{"version": 2')
        assert stand.streams.grants[-1]["right"] == "read"


async def test_a_recording_is_opened_by_a_grant_alone(stand: Stand) -> None:
    path, _, person = await ready(stand)
    grant = (await person.post(f"/api/terminals/{path.rsplit('/', 1)[1]}/grant", json={})).json()["grant"]
    answer = await stand.client(Origin="", Authorization=f"Grant {grant}").get(f"{path}/recording")
    assert answer.status_code == 200


async def test_a_recording_of_an_absent_service_is_a_problem(stand: Stand) -> None:
    path, _, person = await ready(stand)
    await stand.streams.stop()
    answer = await person.get(f"/api/terminals/{path.rsplit('/', 1)[1]}/recording")
    assert (answer.status_code, answer.json()["type"]) == (503, "unavailable")
