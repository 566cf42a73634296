"""Tricks to have the gateway reach what is not a port of the visited project: none reaches the canary.

The canary listens on this computer's loopback, where a gateway that believed the request would go. The visitor has
every right to one preview, on port 5173, and nothing of theirs listens anywhere else.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
import pytest_asyncio

from aether.testkit.gateway import Stand
from aether.testkit.upstreams import App


@dataclass
class Canary:
    """Whoever connects is noted."""

    port: int = 0
    seen: list[bytes] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen.append(await reader.read(4096))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ncanary")
        writer.close()


@dataclass
class Way:
    """A visitor with a right to one preview, whose bytes go out as they are."""

    stand: Stand
    app: App
    canary: Canary
    host: str
    slug: str
    cookie: str

    async def send(self, request: str, body: bytes = b"") -> bytes:
        """What comes back until the end, or until nothing more comes."""
        address = self.stand.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(address[0], int(address[2]))
        filled = (
            request.replace("\n", "\r\n")
            .replace("{host}", self.host)
            .replace("{canary}", f"127.0.0.1:{self.canary.port}")
            .replace("{port}", str(self.canary.port))
            .replace("{slug}", self.slug)
            .replace("{domain}", self.host.partition(".")[2])
            .replace("{cookie}", self.cookie)
        )
        writer.write(filled.encode("utf-8", "surrogateescape") + body)
        said = b""
        try:
            async with asyncio.timeout(3):
                while piece := await reader.read(65536):
                    said += piece
        except (TimeoutError, ConnectionError):
            pass
        writer.close()
        return said


@pytest_asyncio.fixture
async def way(shared_stand: Stand) -> AsyncIterator[Way]:
    canary, stand = Canary(), shared_stand
    async with App().running() as app, await asyncio.start_server(canary.talk, "127.0.0.1", 0) as server:
        canary.port = server.sockets[0].getsockname()[1]
        person = await stand.person()
        project = await stand.project(person)
        url = await stand.serve(project, 5173, app)
        browser = stand.browser(person)
        assert (await stand.enter(browser, url)).status_code == 200
        app.requests.clear()
        stand.tunnel.targets.clear()
        host = url.removeprefix("http://")
        yield Way(stand, app, canary, host, project["slug"], browser.cookie_header(url))


THEN = "0\n\nGET http://{canary}/ HTTP/1.1\n\n"
END = "Cookie: {cookie}\nConnection: close\n\n"
OWN = "Host: {host}\nCookie: {cookie}\nConnection: close\n\n"


def at(host: str) -> str:
    """A request for a page at a host, with everything else in order."""
    return f"GET / HTTP/1.1\nHost: {host}\nCookie: {{cookie}}\nConnection: close\n\n"


TRICKS = {
    "a port that nothing of the project listens on": at("{port}--{slug}.{domain}"),
    "a port of nobody's project": at("{port}--nobody.{domain}"),
    "a port with a leading zero": at("05173--{slug}.{domain}"),
    "port zero": at("0--{slug}.{domain}"),
    "a port above all ports": at("65536--{slug}.{domain}"),
    "a port that wraps round to the canary's": at("{wrapped}--{slug}.{domain}"),
    "a negative port": at("-{port}--{slug}.{domain}"),
    "a port in hexadecimal": at("0x1F90--{slug}.{domain}"),
    "a port in octal": at("0o17620--{slug}.{domain}"),
    "a port with an exponent": at("5e3--{slug}.{domain}"),
    "a port with an underscore": at("5_173--{slug}.{domain}"),
    "a port with a plus": at("+{port}--{slug}.{domain}"),
    "a port in Arabic digits": at("٥١٧٣--{slug}.{domain}"),
    "a port in full-width digits": at("５１７３--{slug}.{domain}"),
    "a port that is percent-encoded": at("%35173--{slug}.{domain}"),
    "no port": at("--{slug}.{domain}"),
    "no slug": at("{port}--.{domain}"),
    "an address for a slug": at("{port}--127.0.0.1.{domain}"),
    "an address and port for a slug": at("5173--127.0.0.1:{port}.{domain}"),
    "a slug in capitals": at("5173--DEMO.{domain}"),
    "a slug in punycode": at("5173--xn--demo-.{domain}"),
    "a slug with an underscore": at("5173--de_mo.{domain}"),
    "a slug that climbs": at("5173--../../{canary}.{domain}"),
    "two labels": at("{port}--{slug}.5173--{slug}.{domain}"),
    "a dot at the end": at("{host}."),
    "two dots before the domain": at("5173--{slug}..{domain}"),
    "another port of ours in the host": at("5173--{slug}.localhost:{port}"),
    "a user before the host": at("{canary}@{host}"),
    "the canary after an @": at("{host}@{canary}"),
    "the canary after a comma": at("{host}, {canary}"),
    "the canary after a space": at("{host} {canary}"),
    "the canary after a #": at("{host}#{canary}"),
    "the canary after a backslash": at("{host}\\{canary}"),
    "a NUL in the host": at("{host}\0{canary}"),
    "the canary as the host": at("{canary}"),
    "the canary as the host below the domain": at("{canary}.{domain}"),
    "two hosts, the canary first": f"GET / HTTP/1.1\nHost: {{canary}}\n{OWN}",
    "two hosts, the canary last": "GET / HTTP/1.1\nHost: {host}\nHost: {canary}\n" + END,
    "a host folded over two lines": "GET / HTTP/1.1\nHost: {host}\n {canary}\n" + END,
    "no host at all": "GET http://{canary}/ HTTP/1.0\nCookie: {cookie}\n\n",
    "an absolute address in the request line": f"GET http://{{canary}}/ HTTP/1.1\n{OWN}",
    "an absolute address of another preview": f"GET http://{{port}}--{{slug}}.{{domain}}/ HTTP/1.1\n{OWN}",
    "an absolute address with a user": f"GET http://{{host}}@{{canary}}/ HTTP/1.1\n{OWN}",
    "an absolute address of another scheme": f"GET gopher://{{canary}}/ HTTP/1.1\n{OWN}",
    "a file's address": f"GET file:///etc/passwd HTTP/1.1\n{OWN}",
    "the method CONNECT": f"CONNECT {{canary}} HTTP/1.1\n{OWN}",
    "CONNECT to a path": f"CONNECT /{{canary}} HTTP/1.1\n{OWN}",
    "a path that begins with two slashes": f"GET //{{canary}}/ HTTP/1.1\n{OWN}",
    "a path with a backslash": f"GET /\\{{canary}}/ HTTP/1.1\n{OWN}",
    "a path with an @": f"GET @{{canary}}/ HTTP/1.1\n{OWN}",
    "a path that climbs out": f"GET /../../{{canary}}/ HTTP/1.1\n{OWN}",
    "a path that holds a whole request": f"GET /%0d%0aHost:%20{{canary}}%0d%0a HTTP/1.1\n{OWN}",
    "a forwarded host": f"GET / HTTP/1.1\nX-Forwarded-Host: {{canary}}\nForwarded: host={{canary}}\n{OWN}",
    "an original URL": f"GET / HTTP/1.1\nX-Original-URL: http://{{canary}}/\nX-Rewrite-URL: /x\n{OWN}",
    "a forwarded port and server": f"GET / HTTP/1.1\nX-Forwarded-Port: {{port}}\nX-Forwarded-Server: x\n{OWN}",
    "an upgrade to a tunnel of HTTP/2": (
        f"GET / HTTP/1.1\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAAQAAP__\nX: y\n{OWN}"
    ).replace("Connection: close", "Connection: Upgrade, HTTP2-Settings"),
    "an upgrade to a socket at the canary": (
        "GET http://{canary}/ HTTP/1.1\nHost: {canary}\nConnection: Upgrade\nUpgrade: websocket\nOrigin: http://{host}\n"
        "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\nCookie: {cookie}\n\n"
    ),
    "a socket at another port": (
        "GET / HTTP/1.1\nHost: {port}--{slug}.{domain}\nConnection: Upgrade\nUpgrade: websocket\n"
        "Origin: http://{port}--{slug}.{domain}\n"
        "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\nCookie: {cookie}\n\n"
    ),
    "two lengths": f"POST / HTTP/1.1\nContent-Length: 0\nContent-Length: 50\n{OWN}{THEN}",
    "a length and chunks": (f"POST / HTTP/1.1\nContent-Length: 5\nTransfer-Encoding: chunked\n{OWN}{THEN}"),
    "chunks under another name": (f"POST / HTTP/1.1\nTransfer-Encoding: xchunked\nContent-Length: 5\n{OWN}{THEN}"),
    "a header that holds another": f"GET / HTTP/1.1\nX: a\rHost: {{canary}}\n{OWN}",
    "a return to the canary": "GET /.aether/entered?return=//{canary}/ HTTP/1.1\n" + OWN,
    "a return to the canary by a backslash": "GET /.aether/entered?return=/%5C{canary}/ HTTP/1.1\n" + OWN,
    "a return to the canary by a tab": "GET /.aether/entered?return=/%09/{canary}/ HTTP/1.1\n" + OWN,
    "a return to an absolute address": "GET /.aether/entered?return=http://{canary}/ HTTP/1.1\n" + OWN,
    "a return that holds a header": "GET /.aether/entered?return=/%0d%0aLocation:http://{canary}/ HTTP/1.1\n"
    + OWN,
}


def test_there_are_forty_and_more() -> None:
    assert len(TRICKS) >= 40


@pytest.mark.parametrize("trick", TRICKS)
async def test_it_does_not_reach_the_canary_by(way: Way, trick: str) -> None:
    request = TRICKS[trick].replace("{wrapped}", str(65536 + way.canary.port))
    said = await way.send(request)
    assert way.canary.seen == []
    assert b"canary" not in said.lower().replace(b"{canary}", b"")
    assert set(way.stand.tunnel.targets) <= {"127.0.0.1:5173"}, "and the tunnel was not asked for anything else"
    for location in re.findall(rb"(?i)\nlocation: *(\S*)", said):
        home = (way.stand.url.encode() + b"/", f"http://{way.host}/".encode())
        assert location.startswith(home), "whoever is sent on stays here"
    for request_seen in way.app.requests:
        assert request_seen.headers["host"] == "localhost:5173"
        assert request_seen.headers["x-forwarded-host"] == way.host


async def test_a_socket_of_the_app_cannot_be_turned_into_more_requests(way: Way) -> None:
    """An upgrade that the app refuses ends the connection: nothing that follows is passed on unseen."""
    handshake = (
        "GET /plain HTTP/1.1\nHost: {host}\nConnection: Upgrade\nUpgrade: websocket\nOrigin: http://{host}\n"
        "Sec-WebSocket-Version: 12\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\nCookie: {cookie}\n\n"
    )
    said = await way.send(handshake + "GET /second HTTP/1.1\nHost: {canary}\nX-Forwarded-Host: evil\n\n")
    assert b"connection: close" in said.lower()
    assert said.count(b"HTTP/1.1 ") == 1
    assert way.app.requests == []


@pytest.mark.parametrize(
    "url",
    ["http://{canary}/", "//{canary}/", "http://localhost:{port}/", "http://{host}:80@{canary}/", "/\\{canary}"],
)
async def test_where_an_app_redirects_to_is_for_the_browser_and_is_not_followed(way: Way, url: str) -> None:
    from starlette.requests import Request
    from starlette.responses import Response

    place = f"127.0.0.1:{way.canary.port}"
    target = url.replace("{canary}", place).replace("{port}", str(way.canary.port)).replace("{host}", way.host)

    async def away(_: Request) -> Response:
        return Response(status_code=302, headers={"Location": target})

    way.app.behave = away
    said = await way.send(at("{host}"))
    assert said.startswith(b"HTTP/1.1 302")
    assert way.canary.seen == []


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/",
        "/\\evil.example/",
        "https://evil.example/",
        "/\t/evil.example",
        "javascript:alert(1)",
        "",
        "/x\r\nSet-Cookie: a=b",
        "/ä",
        "/" + "x" * 5000,
    ],
)
async def test_the_entrance_leads_nowhere_but_into_the_preview(way: Way, path: str) -> None:
    person = await way.stand.person()
    project = await way.stand.project(person)
    url = await way.stand.serve(project, 5173, way.app)
    browser = way.stand.browser(person)
    where = f"{way.stand.url}/api/previews/5173--{project['slug']}/enter?return={quote(path, safe='')}"
    page = await browser.go(where)
    assert 'name="return" value="/"' in page.text
    grant = page.text.split('name="grant" value="')[1].split('"')[0]
    for wanted in (path, "/"):
        sent = await browser.send(
            "POST",
            f"{url}/.aether/enter",
            data={"grant": grant, "return": wanted},
            headers={"Origin": way.stand.url},
        )
        if sent.status_code == 303:
            assert sent.headers["location"] == f"{url}/.aether/entered?return=%2F"
            assert len(sent.headers.get_list("set-cookie")) == 1
