"""What stays open in a preview: sockets and streams, how much they carry, and when they end."""

import asyncio
import contextlib
import hashlib
import os
import resource
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from aether.contracts.ids import ProjectId
from aether.contracts.machines import ProjectDeleted
from aether.contracts.terminal import PortsChanged
from aether.testkit.browser import Browser
from aether.testkit.eventually import eventually
from aether.testkit.gateway import PASSWORD, Stand, uuid_of
from aether.testkit.upstreams import App, told

PIECE = os.urandom(1024 * 1024)


@contextlib.asynccontextmanager
async def socket_to(
    browser: Browser, url: str, path: str = "/hmr", *, origin: str | None = "own", **headers: str
) -> AsyncIterator[ClientConnection]:
    """A socket from a page of the preview itself, unless another origin is named."""
    host, port = browser.address.removeprefix("http://").split(":")
    cookies = browser.cookie_header(url)
    chosen = url if origin == "own" else origin
    async with connect(
        f"{url.replace('http', 'ws', 1)}{path}",
        host=host,
        port=int(port),
        origin=Origin(chosen) if chosen else None,
        additional_headers={**({"Cookie": cookies} if cookies else {}), **headers},
        subprotocols=[Subprotocol("vite-hmr")],
        compression=None,
        max_size=None,
        proxy=None,
    ) as socket:
        yield socket


async def refused(browser: Browser, url: str, **options: Any) -> int:
    with pytest.raises(InvalidStatus) as found:
        async with socket_to(browser, url, **options):
            pass
    return found.value.response.status_code


async def test_hot_reload_passes_both_ways(stand: Stand, app: App) -> None:
    browser, url, _, _ = await stand.visit(app)
    async with socket_to(browser, url, "/@vite/client?token=abc") as socket:
        assert socket.subprotocol == "vite-hmr"
        for text in ('{"type":"connected"}', "é" * 10_000):
            await socket.send(text)
            assert await socket.recv() == text
    seen = app.handshakes[-1]
    assert (seen.url.path, seen.url.query) == ("/@vite/client", "token=abc")
    assert seen.headers["host"] == "localhost:5173"
    assert seen.headers["origin"] == "http://localhost:5173"
    assert "cookie" not in seen.headers


async def test_what_an_app_says_first_and_how_it_closes_arrives(stand: Stand, app: App) -> None:
    browser, url, _, _ = await stand.visit(app)

    async def talk(socket: WebSocket) -> None:
        await socket.accept(headers=[(b"set-cookie", b"evil=1; Domain=localhost"), (b"x-app", b"yes")])
        await socket.send_text("hello")
        await socket.close(4321, "done")

    app.talk = talk
    async with socket_to(browser, url) as socket:
        assert await socket.recv() == "hello"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert socket.response is not None
        assert socket.response.headers["x-app"] == "yes"
        assert "set-cookie" not in socket.response.headers
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4321, "done")


async def test_an_app_may_refuse_a_socket(stand: Stand, app: App) -> None:
    browser, url, _, _ = await stand.visit(app)

    async def talk(socket: WebSocket) -> None:
        await socket.close()

    app.talk = talk
    assert await refused(browser, url) == 403
    await eventually(lambda: not stand.gateway.live._open)


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "http://5173--other.localhost", "http://localhost:5173"]
)
async def test_a_socket_with_the_cookie_is_for_pages_of_the_preview_only(
    stand: Stand, app: App, origin: str | None
) -> None:
    browser, url, _, _ = await stand.visit(app)
    assert await refused(browser, url, origin=origin) == 403
    assert app.handshakes == []


async def test_a_socket_without_a_right_is_refused_and_with_a_token_needs_no_origin(
    stand: Stand, app: App
) -> None:
    _, url, _, person = await stand.visit(app)
    assert await refused(stand.browser(), url) == 401
    token = {"Authorization": f"Bearer {await stand.token(person)}"}
    async with socket_to(stand.browser(), url, origin=None, **token) as socket:
        await socket.send("x")
        assert await socket.recv() == "x"
    assert "authorization" not in app.handshakes[-1].headers


async def test_a_public_ports_socket_is_anybodys(stand: Stand, app: App) -> None:
    _, url, _, _ = await stand.visit(app, "public")
    async with socket_to(stand.browser(), url, origin="https://other.example") as socket:
        await socket.send("x")
        assert await socket.recv() == "x"
    assert app.handshakes[-1].headers["origin"] == "https://other.example"


async def test_a_socket_to_nothing_is_a_problem(stand: Stand, app: App) -> None:
    browser, url, project, person = await stand.visit(app)
    assert await refused(browser, url, path="/.aether/enter") == 404
    del stand.tunnel.listeners[project["id"], 5173]
    assert await refused(browser, url) == 502
    await stand.tunnel.stop()
    assert await refused(browser, url) == 503
    await person.post(f"/api/projects/{project['id']}/stop")
    stand.gateway.previews.forget(None)
    assert await refused(browser, url) == 503
    for host in ("http://nonsense.localhost", "http://x--y.localhost"):
        where = url.replace("http://5173--demo.localhost", host)
        assert await refused(browser, where) == 404


async def streaming(app: App) -> None:
    """The app answers everything with a stream that does not end."""

    async def for_ever() -> AsyncIterator[bytes]:
        while True:
            yield b"data: x\n\n"
            await asyncio.sleep(0.02)

    async def behave(_: Request) -> Response:
        return StreamingResponse(for_ever(), media_type="text/event-stream")

    app.behave = behave


@contextlib.asynccontextmanager
async def two_open(browser: Browser, url: str) -> AsyncIterator[tuple[ClientConnection, httpx2.Response]]:
    """A socket and a stream of the preview."""
    async with socket_to(browser, url) as socket:
        await socket.send("x")
        assert await socket.recv() == "x"
        answer = await browser.client.send(browser.request("GET", url), stream=True)
        assert answer.status_code == 200
        yield socket, answer
        await answer.aclose()


async def both_end(socket: ClientConnection, answer: httpx2.Response, within: float) -> None:
    async with asyncio.timeout(within):
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        with pytest.raises(httpx2.TransportError):
            await answer.aread()


@pytest.mark.parametrize("how", ["logout", "session", "account"])
async def test_all_of_it_is_cut_within_five_seconds_of_revocation(stand: Stand, app: App, how: str) -> None:
    browser, url, _, person = await stand.visit(app)
    await streaming(app)
    async with two_open(browser, url) as (socket, answer):
        if how == "logout":
            await person.post("/api/auth/logout")
        elif how == "session":
            session = (await person.get("/api/sessions")).json()["items"][0]["id"]
            await person.delete(f"/api/sessions/{session}")
        else:
            await person.request("DELETE", "/api/me", json={"password": PASSWORD})
        await both_end(socket, answer, within=5)
    assert (await browser.fetch(url)).status_code == 401
    await eventually(lambda: not stand.gateway.previews._open)


@pytest.mark.parametrize("where", ["here", "elsewhere"])
async def test_strangers_are_cut_when_a_port_becomes_private(stand: Stand, app: App, where: str) -> None:
    _, url, project, person = await stand.visit(app, "public")
    await streaming(app)
    stranger = stand.browser()
    async with two_open(stranger, url) as (socket, answer):
        if where == "here":
            path = f"/api/projects/{project['id']}/ports/5173"
            assert (await person.patch(path, json={"visibility": "private"})).status_code == 200
        else:
            view = stand.terminals.port(ProjectId(uuid_of(project)), 5173)
            view = stand.terminals.keep(view, visibility="team")
            await stand.say(PortsChanged(account_id=view.account_id, project_id=view.project_id, ports=[view]))
        await both_end(socket, answer, within=5)
    assert (await stranger.fetch(url)).status_code == 401


async def test_its_people_stay_when_a_port_becomes_private(stand: Stand, app: App) -> None:
    browser, url, project, person = await stand.visit(app)
    path = f"/api/projects/{project['id']}/ports/5173"
    await person.patch(path, json={"visibility": "public"})
    async with socket_to(browser, url) as socket:
        await person.patch(path, json={"visibility": "private"})
        await eventually(lambda: not stand.gateway._tasks)
        await socket.send("x")
        assert await socket.recv() == "x"


async def test_everything_ends_with_the_project(stand: Stand, app: App) -> None:
    _, url, project, _ = await stand.visit(app, "public")
    await streaming(app)
    async with two_open(stand.browser(), url) as (socket, answer):
        view = stand.machines.projects.pop(ProjectId(uuid_of(project)))
        await stand.say(ProjectDeleted(account_id=view.account_id, project_id=view.id))
        await both_end(socket, answer, within=5)


async def test_a_stopping_gateway_ends_sockets_and_streams(stand: Stand, app: App) -> None:
    browser, url, _, _ = await stand.visit(app)
    await streaming(app)
    async with two_open(browser, url) as (socket, answer):
        stand.gateway.live.stop()
        await both_end(socket, answer, within=5)


async def many(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield PIECE


async def test_200_megabytes_flow_from_the_app_in_flat_memory(stand: Stand, app: App) -> None:
    browser, url, _, _ = await stand.visit(app)

    async def behave(_: Request) -> Response:
        return StreamingResponse(many(200))

    app.behave = behave
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen = hashlib.sha256()
    answer = await browser.client.send(browser.request("GET", f"{url}/big"), stream=True)
    async for piece in answer.aiter_raw():
        seen.update(piece)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
    assert seen.digest() == hashlib.sha256(PIECE * 200).digest()


@pytest.mark.parametrize("sized", [True, False])
async def test_an_upload_streams_to_the_app_as_it_comes(stand: Stand, app: App, sized: bool) -> None:
    browser, url, _, _ = await stand.visit(app)
    first, goes_on = asyncio.Event(), asyncio.Event()

    async def behave(request: Request) -> Response:
        size = 0
        async for piece in request.stream():
            size += len(piece)
            first.set()
        return JSONResponse({"size": size, "length": request.headers.get("content-length")})

    async def pieces() -> AsyncIterator[bytes]:
        yield PIECE
        await goes_on.wait()
        yield PIECE

    app.behave = behave
    headers = {"Content-Length": str(2 * len(PIECE))} if sized else {}
    upload = asyncio.create_task(browser.send("POST", url, content=pieces(), headers=headers))
    await asyncio.wait_for(first.wait(), 5)
    goes_on.set()
    assert (await upload).json() == {
        "size": 2 * len(PIECE),
        "length": headers.get("Content-Length"),
    }


async def test_an_answer_without_a_body_stays_one(stand: Stand, app: App) -> None:
    browser, url, _, _ = await stand.visit(app)
    for status in (204, 304):

        async def behave(_: Request, status: int = status) -> Response:
            return Response(status_code=status, headers={"ETag": '"x"', "Content-Length": "5"})

        app.behave = behave
        answer = await browser.fetch(url)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (status, b"", '"x"')
    app.behave = told
    head = await browser.fetch(url, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 0
