"""What one account has is, to another, as missing as what nobody has: every route, every socket."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from aether.testkit.person import Person
from aether.testkit.stack import Stack

# Of each method, a body that would be right if the thing were one's own.
BODIES: dict[str, dict[str, Any]] = {
    "/api/projects/{project_id}": {"name": "taken"},
    "/api/projects/{project_id}/holds/{name}": {"expires_in": 60},
    "/api/terminals/{terminal_id}": {"name": "taken"},
    "/api/terminals/{terminal_id}/grant": {"right": "input"},
    "/api/projects/{project_id}/files/mkdir": {"path": "/new"},
    "/api/projects/{project_id}/files/rename": {"from": "/a", "to": "/b"},
    "/api/projects/{project_id}/files/uploads": {"path": "/a", "size": 1},
    "/api/projects/{project_id}/files/grant": {"right": "write"},
    "/api/projects/{project_id}/ports/{port}": {"visibility": "public"},
    "/api/projects/{project_id}/runs": {"agent": "command", "command": "true"},
    "/api/projects/{project_id}/agents": {"name": "taken"},
    "/api/runs/{run_id}/message": {"text": "taken"},
}
# What a route asks for in its query; others leave it alone.
QUERY = {"path": "/a", "q": "a"}
SOCKETS = (
    "/stream/terminal/{terminal_id}",
    "/stream/terminal/exec/{project_id}",
    "/stream/files/watch/{project_id}",
)

NAMES = ("project_id", "terminal_id", "token_id", "session_id", "run_id", "webhook_id")

ORIGINS = (
    "https://evil.example",
    "http://evil.example",
    "null",
    "",
    "http://localhost",
    "http://localhost:1",
    "https://{host}",
    "http://{host}.evil.example",
    "http://evil.example/{host}",
    "http://user@{host}",
    "file://",
    "http://[::1]:8080",
)


async def test_every_route_with_an_id_answers_a_stranger_with_404(
    stack: Stack, sign_up: Callable[[], Person]
) -> None:
    owner, stranger = sign_up(), sign_up()
    ids = await _things_of(owner)
    document = await owner.get("/api/openapi.json")
    tried = 0
    for path, operations in document["paths"].items():
        if not any(f"{{{name}}}" in path for name in NAMES):
            continue
        for method in operations:
            if method not in ("get", "head", "post", "put", "patch", "delete"):
                continue
            url = path.format(**ids)
            asked: dict[str, Any] = {"params": QUERY, "json": BODIES.get(path, {})}
            answer = await stranger.session.request(method.upper(), url, **asked)
            assert answer.status_code == 404, f"{method} {path} answered {answer.status_code}: {answer.text[:200]}"
            missing = path.format(**dict.fromkeys(ids, str(uuid4())) | {"name": "x", "port": "5173"})
            same = await stranger.session.request(method.upper(), missing, **asked)
            assert same.status_code == 404
            if method != "head":
                assert same.json()["type"] == answer.json()["type"]
            tried += 1
    assert tried >= 30, "the table of routes was not walked"
    assert (await owner.get(f"/api/projects/{ids['project_id']}"))["name"] == "mine"


@pytest.mark.parametrize("path", SOCKETS)
async def test_every_socket_answers_a_stranger_with_404(
    stack: Stack, sign_up: Callable[[], Person], path: str
) -> None:
    owner, stranger = sign_up(), sign_up()
    url = stack.url.replace("http", "ws", 1) + path.format(**await _things_of(owner))
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, additional_headers=stranger.credentials).__aenter__()
    assert refused.value.response.status_code == 404


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_cookie_opens_no_socket_from_another_origin(
    stack: Stack, sign_up: Callable[[], Person], path: str, origin: str
) -> None:
    owner = sign_up()
    url = stack.url.replace("http", "ws", 1) + path.format(**await _things_of(owner))
    headers = {"Cookie": owner.cookie}
    if origin:
        headers["Origin"] = origin.format(host=stack.url.removeprefix("http://"))
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, additional_headers=headers).__aenter__()
    assert refused.value.response.status_code == 403


async def _things_of(owner: Person) -> dict[str, str]:
    project = await owner.create("mine")
    await owner.start(project)
    terminal = await owner.terminal(project)
    token = (await owner.session.get("/api/tokens")).json()["items"][0]["id"]
    session = (await owner.session.get("/api/sessions")).json()["items"][0]["id"]
    run = await owner.post(f"/api/projects/{project}/runs", {"agent": "command", "command": "cat"})
    hook = await owner.session.post("/api/webhooks", json={"url": "https://hooks.example.com/x"})
    return {
        "project_id": project,
        "terminal_id": terminal,
        "token_id": token,
        "session_id": session,
        "run_id": run["id"],
        "webhook_id": hook.json()["webhook"]["id"],
        "name": "hold",
        "port": "5173",
        "upload_id": str(uuid4()),
    }
