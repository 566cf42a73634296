"""From signing up to typing into a terminal."""

from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol

from aether.testkit.gateway import Stand, cookie_of


async def test_a_person_signs_up_starts_a_project_and_types_into_a_terminal(stand: Stand) -> None:
    person = await stand.person("ann@example.com")
    assert (await person.get("/api/me")).json()["email"] == "ann@example.com"
    terminal = await stand.terminal(person)
    headers = {"Cookie": cookie_of(person)}
    url = f"{stand.sockets}/stream/terminal/{terminal['id']}?offset=0"
    async with connect(
        url,
        origin=Origin(stand.url),
        additional_headers=headers,
        subprotocols=[Subprotocol("aether.v1")],
        proxy=None,
    ) as socket:
        assert socket.subprotocol == "aether.v1"
        await socket.send(b"ls\n")
        assert await socket.recv() == b"ls\n"
    grant = stand.streams.grants[-1]
    assert grant["resource"] == terminal["id"]
    assert grant["right"] == "input"
    handshake = stand.streams.handshakes[-1].headers
    assert "Cookie" not in handshake
    assert "Origin" not in handshake
    assert stand.streams.handshakes[-1].path.endswith("?offset=0")
