"""Files: judged at the gateway, answered by the files service, and streamed through both ways."""

import asyncio
import hashlib
import os
import resource
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from websockets.asyncio.client import connect
from websockets.typing import Origin

from aether.testkit.eventually import eventually
from aether.testkit.gateway import Stand, cookie_of

PIECE = os.urandom(1024 * 1024)


async def ready(stand: Stand) -> tuple[Any, str, dict[str, Any]]:
    person = await stand.person()
    project = await stand.project(person)
    return person, f"/api/projects/{project['id']}", project


async def many(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield PIECE


ROUTES = [
    ("GET", "/files?path=/src&x=%2F", None, "read"),
    ("PUT", "/files?path=/src/a.ts", b"bytes", "write"),
    ("DELETE", "/files?path=/a&recursive=1", None, "write"),
    ("GET", "/files/stat?path=/a", None, "read"),
    ("POST", "/files/mkdir", b'{"path": "/x"}', "write"),
    ("POST", "/files/rename", b'{"from": "/x", "to": "/y"}', "write"),
    ("GET", "/files/names?q=abc", None, "read"),
    ("GET", "/files/search?q=abc&regex=1", None, "read"),
    ("GET", "/files/archive?path=/", None, "read"),
    ("POST", "/files/uploads", b'{"path": "/x", "size": 3}', "write"),
    ("GET", "/files/uploads/0190b0a0-0000-7000-8000-000000000000", None, "read"),
    ("PATCH", "/files/uploads/0190b0a0-0000-7000-8000-000000000000", b"abc", "write"),
    ("DELETE", "/files/uploads/0190b0a0-0000-7000-8000-000000000000", None, "write"),
    ("GET", "/git/status", None, "read"),
    ("GET", "/git/diff?path=/a", None, "read"),
    ("GET", "/git/file?path=/a", None, "read"),
    ("GET", "/git/blame?path=/a", None, "read"),
    ("GET", "/journal?limit=5", None, "read"),
]


@pytest.mark.parametrize(("method", "tail", "body", "right"), ROUTES)
async def test_every_route_goes_to_the_same_tail_with_a_grant_for_its_right(
    stand: Stand, method: str, tail: str, body: bytes | None, right: str
) -> None:
    person, path, project = await ready(stand)
    kind = "application/json" if body and body.startswith(b"{") else "application/octet-stream"
    headers = {"Content-Type": kind, "Upload-Offset": "0"}
    answer = await person.request(method, path + tail, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["method"], told["path"]) == (method, f"/stream/files/{project['id']}{tail}")
    assert told["size"] == len(body or b"")
    assert "cookie" not in told["headers"]
    assert "origin" not in told["headers"]
    grant = stand.files.grants[-1]
    assert (grant["right"], grant["project_id"], grant["person_name"] != "") == (right, project["id"], True)


async def test_the_stream_address_takes_the_same_with_a_grant_or_a_credential(stand: Stand) -> None:
    person, path, project = await ready(stand)
    given = (await person.post(f"{path}/files/grant", json={"right": "write"})).json()
    assert given["url"] == f"{stand.url}/stream/files/{project['id']}"
    program = stand.client(Origin="", Authorization=f"Grant {given['grant']}")
    stored = await program.put(f"{given['url']}/files?path=/a", content=b"12345")
    assert (stored.status_code, stored.json()["size"]) == (200, 5)
    assert stand.files.grants[-1]["right"] == "write"
    assert (await person.get(f"/stream/files/{project['id']}/files?path=/a")).status_code == 200
    assert stand.files.grants[-1]["right"] == "read"
    forged = stand.client(Origin="", Authorization="Grant x.y.z")
    refused = await forged.get(f"/stream/files/{project['id']}/files")
    assert (refused.status_code, refused.json()["type"]) == (401, "grant-refused")


async def test_conditions_ranges_and_what_they_are_answered_with_pass(stand: Stand) -> None:
    person, path, _ = await ready(stand)

    async def behave(request: Request) -> Response:
        assert request.headers["range"] == "bytes=2-4"
        assert request.headers["if-range"] == '"abc"'
        headers = {"ETag": '"abc"', "Content-Range": "bytes 2-4/9", "Accept-Ranges": "bytes", "X-Secret": "no"}
        return Response(b"cde", 206, headers={**headers, "Content-Disposition": "inline"}, media_type="text/plain")

    stand.files.behave = behave
    answer = await person.get(f"{path}/files?path=/a", headers={"Range": "bytes=2-4", "If-Range": '"abc"'})
    assert (answer.status_code, answer.content) == (206, b"cde")
    assert (answer.headers["etag"], answer.headers["content-range"]) == ('"abc"', "bytes 2-4/9")
    assert answer.headers["content-length"] == "3"
    assert "x-secret" not in answer.headers


@pytest.mark.parametrize("said", [None, "sandbox; default-src 'none'"])
async def test_what_is_in_a_file_never_runs_on_our_origin(stand: Stand, said: str | None) -> None:
    person, path, _ = await ready(stand)

    async def behave(_: Request) -> Response:
        headers = {"Content-Security-Policy": said} if said else {}
        return Response("<script>steal()</script>", media_type="text/html", headers=headers)

    stand.files.behave = behave
    answer = await person.get(f"{path}/files?path=/evil.html")
    policies = answer.headers.get_list("content-security-policy")
    assert len(policies) == 1
    assert "sandbox" in policies[0]
    assert "allow-scripts" not in policies[0]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_refusal_passes_as_it_is_even_before_the_body_is_whole(stand: Stand) -> None:
    person, path, _ = await ready(stand)
    problem = {"type": "changed-meanwhile", "title": "Changed", "status": 412, "etag": '"new"'}

    async def behave(_: Request) -> Response:
        return JSONResponse(problem, 412, media_type="application/problem+json")

    stand.files.behave = behave
    answer = await person.put(f"{path}/files?path=/a", content=many(20), headers={"If-Match": '"old"'})
    assert (answer.status_code, answer.json()) == (412, problem)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_absent_files_service_is_a_problem(stand: Stand) -> None:
    person, path, project = await ready(stand)
    stand.gateway.streams = {**stand.gateway.streams, "files": stand.gateway.streams["terminal"]}
    await stand.streams.stop()
    for method, content in (("GET", None), ("PUT", b"x")):
        answer = await person.request(method, f"{path}/files?path=/a", content=content)
        assert (answer.status_code, answer.json()["type"]) == (503, "unavailable")
    del project


async def test_200_megabytes_go_down_whole_in_flat_memory(stand: Stand) -> None:
    person, path, _ = await ready(stand)

    async def behave(_: Request) -> Response:
        return StreamingResponse(many(200), headers={"Content-Length": str(200 * len(PIECE))})

    stand.files.behave = behave
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size, seen = 0, hashlib.sha256()
    async with person.stream("GET", f"{path}/files?path=/big") as answer:
        assert answer.headers["content-length"] == str(200 * len(PIECE))
        async for piece in answer.aiter_raw():
            size += len(piece)
            seen.update(piece)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
    assert size == 200 * len(PIECE)
    assert seen.digest() == hashlib.sha256(PIECE * 200).digest()


async def test_200_megabytes_go_up_whole_in_flat_memory(stand: Stand) -> None:
    person, path, _ = await ready(stand)
    seen = hashlib.sha256()

    async def behave(request: Request) -> Response:
        async for piece in request.stream():
            seen.update(piece)
        return JSONResponse({"length": request.headers.get("content-length")})

    stand.files.behave = behave
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sized = {"Content-Length": str(200 * len(PIECE))}
    answer = await person.put(f"{path}/files?path=/big", content=many(200), headers=sized)
    assert answer.json() == {"length": sized["Content-Length"]}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
    assert seen.digest() == hashlib.sha256(PIECE * 200).digest()


async def test_a_slow_reader_holds_the_service_back(stand: Stand) -> None:
    person, path, _ = await ready(stand)
    sent = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            yield PIECE
            sent += len(PIECE)

    async def behave(_: Request) -> Response:
        return StreamingResponse(flood())

    stand.files.behave = behave
    async with person.stream("GET", f"{path}/files?path=/big") as answer:
        pieces = answer.aiter_raw()
        await anext(pieces)
        before = -1

        async def stands_still() -> bool:
            nonlocal before
            await asyncio.sleep(0.3)
            still, before = before == sent, sent
            return still

        await eventually(stands_still, within=20)
        assert sent < 32 * 1024 * 1024, "what waits is in buffers, and those are bounded"
        async for _ in pieces:
            pass
    assert sent == 100 * len(PIECE)


async def test_a_client_that_goes_away_ends_the_work(stand: Stand) -> None:
    person, path, _ = await ready(stand)
    left = asyncio.Event()

    async def behave(request: Request) -> Response:
        try:
            async for _ in request.stream():
                pass
        finally:
            left.set()
        return Response()

    async def begin() -> AsyncIterator[bytes]:
        yield PIECE
        await asyncio.sleep(60)

    stand.files.behave = behave
    upload = asyncio.create_task(person.put(f"{path}/files?path=/a", content=begin()))
    await eventually(lambda: bool(stand.files.requests))
    upload.cancel()
    await asyncio.wait_for(left.wait(), 5)


async def test_an_answer_that_breaks_off_is_not_taken_for_whole(stand: Stand) -> None:
    import httpx2

    person, path, _ = await ready(stand)

    async def half() -> AsyncIterator[bytes]:
        yield PIECE
        raise ConnectionError("gone")

    async def behave(_: Request) -> Response:
        return StreamingResponse(half())

    stand.files.behave = behave
    with pytest.raises(httpx2.TransportError):
        await person.get(f"{path}/files?path=/a")


async def test_what_streams_is_cut_when_its_credential_ends(stand: Stand) -> None:
    import httpx2

    person, path, _ = await ready(stand)

    async def for_ever() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000
            await asyncio.sleep(0.01)

    async def behave(_: Request) -> Response:
        return StreamingResponse(for_ever())

    stand.files.behave = behave
    token = await stand.token(person)
    program = stand.client(Origin="", Authorization=f"Bearer {token}")
    async with program.stream("GET", f"{path}/files?path=/a") as answer:
        tokens = (await person.get("/api/tokens")).json()["items"]
        await person.delete(f"/api/tokens/{tokens[0]['id']}")
        with pytest.raises(httpx2.TransportError):
            await asyncio.wait_for(answer.aread(), 5)


async def test_only_what_streams_is_unbounded(stand: Stand) -> None:
    person, path, _ = await ready(stand)
    big = b'{"path": "' + b"x" * 2_000_000 + b'"}'
    answer = await person.post(f"{path}/files/mkdir", content=big, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (413, "too-large")
    assert (await person.put(f"{path}/files?path=/a", content=big)).json()["size"] == len(big)


async def test_a_path_arrives_as_it_was_sent(stand: Stand) -> None:
    person, path, project = await ready(stand)
    for name in ("/a b", "/ä", "/a%2Fb", "/a+b", "/\u202e", "/a&b=c#d"):
        answer = await person.get(f"{path}/files?path={quote(name, safe='')}")
        assert answer.json()["path"] == f"/stream/files/{project['id']}/files?path={quote(name, safe='')}"


async def test_the_socket_that_watches_files_goes_to_the_files_service(stand: Stand) -> None:
    person, _, project = await ready(stand)
    url = f"{stand.sockets}/stream/files/watch/{project['id']}"
    headers = {"Cookie": cookie_of(person)}
    async with connect(url, origin=Origin(stand.url), additional_headers=headers, proxy=None) as socket:
        await socket.send("{}")
        assert await socket.recv() == "{}"
    grant = stand.files.grants[-1]
    assert (grant["right"], grant["project_id"]) == ("read", project["id"])
    assert "cookie" not in stand.files.handshakes[-1].headers
