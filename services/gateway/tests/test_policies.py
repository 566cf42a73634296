"""Every route has a guard, and the guard is the one that its policy names."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi.routing import APIRoute
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from aether.gateway.api.description import policy_of
from aether.gateway.api.streams import STREAM_ROUTES
from aether.gateway.app import ROUTERS, build_api, guarded_routes
from aether.gateway.domain.admission import SAFE_METHODS, Policy
from aether.gateway.openapi import document
from aether.testkit.gateway import PASSWORD, Stand, cookie_of

ROUTES = guarded_routes()
CALLS = [(method, route) for route in ROUTES for method in sorted(route.methods or ())]
BODIES = {
    "signup": {"email": "eve@example.com", "password": PASSWORD},
    "login": {"email": "eve@example.com", "password": PASSWORD},
    "forgot": {"email": "eve@example.com"},
    "reset": {"token": "x", "password": PASSWORD},
    "sign_in_external": {"token": "x"},
}
OPEN = (Policy.PUBLIC, Policy.OPERATOR, Policy.PAGE)
OPENAPI = Path(__file__).parents[3] / "docs" / "openapi.json"


def foreign_origins(stand: Stand) -> list[str | None]:
    port = stand.url.rsplit(":", 1)[1]
    return [
        None,
        "null",
        "https://evil.example",
        f"https://127.0.0.1:{port}",
        "http://127.0.0.1",
        f"http://127.0.0.1:{int(port) + 1}",
        f"http://127.0.0.1:{port}.evil.example",
        f"http://127.0.0.1:{port}@evil.example",
        f"http://sub.localhost:{port}",
        f"http://127.0.0.1:{port}/",
        f"http://127.0.0.1:{port} http://evil.example",
        f"HTTP://127.0.0.1:{port}",
    ]


def stream_ids(terminal: dict[str, Any]) -> dict[str, str]:
    """What stands for the id in the path of each kind of socket."""
    return {"{id}": terminal["id"], "exec/{id}": terminal["project_id"], "watch/{id}": terminal["project_id"]}


def path_of(route: APIRoute) -> str:
    return filled(route, {})


def filled(route: APIRoute, ids: dict[str, str]) -> str:
    """A path of the route, with ids of nothing where none are given."""
    known = {"port": "3000", "label": "3000--demo", "tail": "files", **ids}
    names = re.findall(r"{(\w+)[:}]", route.path)
    path = re.sub(r"{(\w+):\w+}", r"{\1}", route.path)
    return path.format(**{name: known.get(name) or uuid4() for name in names})


def test_every_route_declares_exactly_one_policy() -> None:
    assert len(ROUTES) == sum(len(router.routes) for router in ROUTERS), "a route that is no APIRoute has no guard"
    for route in ROUTES:
        assert policy_of(route) in Policy
    for stream in STREAM_ROUTES:
        assert stream.policy is Policy.STREAM


def test_a_route_without_a_guard_is_found() -> None:
    async def open_door() -> None: ...

    with pytest.raises(LookupError):
        policy_of(APIRoute("/open", open_door))


def test_what_is_public_is_named_here_so_that_a_new_one_is_noticed() -> None:
    public = {route.name for route in ROUTES if policy_of(route) is Policy.PUBLIC}
    assert public == {
        *("health", "ready", "get_config", "get_openapi"),
        *("signup", "login", "forgot", "reset", "sign_in_external"),
    }


def test_the_committed_document_is_the_one_the_routes_make() -> None:
    assert OPENAPI.read_text(encoding="utf-8") == document(), (
        "run: python -m aether.gateway.openapi > docs/openapi.json"
    )


def test_every_operation_documents_its_errors_as_problems() -> None:
    for path, methods in build_api().openapi()["paths"].items():
        for method, operation in methods.items():
            problems = {
                s for s, r in operation["responses"].items() if "application/problem+json" in r.get("content", {})
            }
            assert {"403", "422", "429"} <= problems, f"{method} {path}"


async def test_nobody_gets_past_a_guard_without_a_credential(stand: Stand) -> None:
    client = stand.client()
    for method, route in CALLS:
        if policy_of(route) in OPEN:
            continue
        answer = await client.request(method, path_of(route))
        assert answer.status_code == 401, f"{method} {route.path}"
        assert answer.headers["content-type"] == "application/problem+json"
        assert method == "HEAD" or answer.json()["type"] == "sign-in-needed"


async def test_a_page_sends_whoever_has_no_credential_to_sign_in(stand: Stand) -> None:
    pages = [route for route in ROUTES if policy_of(route) is Policy.PAGE]
    # The last two lead there by way of GitHub; what they do to whom is in tests of their own.
    assert [route.name for route in pages] == ["enter_preview", "start_github", "finish_github"]
    for client in (stand.client(), stand.client(Cookie="aether_session=x")):
        answer = await client.get(path_of(pages[0]))
        assert answer.status_code == 302
        assert answer.headers["location"].startswith(
            f"{stand.url}/login?next=%2Fapi%2Fpreviews%2F3000--demo%2Fenter"
        )


async def test_an_unknown_cookie_or_token_opens_nothing(stand: Stand) -> None:
    strangers = (stand.client(Cookie="aether_session=x"), stand.client(Authorization="Bearer aet_x"))
    for client in strangers:
        for method, route in CALLS:
            if policy_of(route) in OPEN:
                continue
            answer = await client.request(method, path_of(route))
            assert answer.status_code in (401, 403), f"{method} {route.path}"


async def test_every_unsafe_route_refuses_every_foreign_origin(stand: Stand) -> None:
    person = await stand.person()
    for method, route in CALLS:
        if method in SAFE_METHODS:
            continue
        for origin in foreign_origins(stand):
            client = stand.client(Cookie=cookie_of(person), Origin=origin or "")
            answer = await client.request(method, path_of(route), json=BODIES.get(route.name))
            assert answer.status_code == 403, f"{method} {route.path} from {origin}"
            assert answer.json()["type"] == "origin-refused", f"{method} {route.path} from {origin}"
            await client.aclose()


async def test_every_websocket_refuses_every_foreign_origin_before_it_is_accepted(stand: Stand) -> None:
    person = await stand.person()
    terminal = await stand.terminal(person)
    ids = stream_ids(terminal)
    for route in STREAM_ROUTES:
        url = f"{stand.sockets}/stream/{route.service}/{route.path.format(id=ids[route.path])}"
        origins = foreign_origins(stand)
        assert len(origins) == 12
        for origin in origins:
            with pytest.raises(InvalidStatus) as refused:
                await connect(
                    url,
                    origin=Origin(origin) if origin else None,
                    additional_headers={"Cookie": cookie_of(person)},
                    proxy=None,
                )
            assert refused.value.response.status_code == 403, origin
    assert stand.streams.handshakes == stand.files.handshakes == [], "the service never heard of them"


async def test_every_websocket_refuses_whoever_has_no_credential(stand: Stand) -> None:
    terminal = await stand.terminal(await stand.person())
    for route in STREAM_ROUTES:
        url = f"{stand.sockets}/stream/{route.service}/{route.path.format(id=terminal['id'])}"
        for headers in ({}, {"Cookie": "aether_session=x"}, {"Authorization": "Bearer aet_x"}):
            with pytest.raises(InvalidStatus) as refused:
                await connect(url, origin=Origin(stand.url), additional_headers=headers, proxy=None)
            assert refused.value.response.status_code == 401
    assert stand.streams.handshakes == stand.files.handshakes == []


# Each account names its own keys, and a webhook that is not there is gone already.
OF_ONE_S_OWN = {"put_key", "delete_key", "delete_webhook", "revoke_agent_token"}


async def everything_of(stand: Stand, person: httpx2.AsyncClient) -> dict[str, str]:
    """One of each kind of thing that has an id, and the ids by the names of their paths."""
    terminal = await stand.terminal(person)
    project = terminal["project_id"]
    assert (await person.put("/api/keys/build", json={"value": "v", "mode": "injected"})).status_code == 200
    run = (await person.post(f"/api/projects/{project}/runs", json={"agent": "claude-code"})).json()
    webhook = (await person.post("/api/webhooks", json={"url": "https://example.com/"})).json()["webhook"]
    token = (await person.post("/api/tokens", json={"name": "t"})).json()
    session = (await person.get("/api/sessions")).json()["items"][0]
    return {
        "project_id": project,
        "terminal_id": terminal["id"],
        "token_id": token["id"],
        "session_id": session["id"],
        "run_id": run["id"],
        "webhook_id": webhook["id"],
        "name": "build",
        "upload_id": terminal["id"],
    }


async def shown_to(person: httpx2.AsyncClient, ids: dict[str, str]) -> list[Any]:
    """What may not change by what another does."""
    project = f"/api/projects/{ids['project_id']}"
    paths = ("/api/projects", "/api/keys", "/api/runs", "/api/webhooks", "/api/tokens", f"{project}/agents")
    return [(await person.get(path)).json() for path in paths]


async def test_what_is_one_accounts_is_missing_for_another(stand: Stand) -> None:
    ann, bob = await stand.person(), await stand.person()
    ids = await everything_of(stand, ann)
    before = await shown_to(ann, ids)
    bodies: dict[str, Any] = {
        "update_project": {"name": "x"},
        "update_terminal": {"name": "x"},
        "place_hold": {"expires_in": 5},
        "update_port": {"label": "x"},
        "make_folder": {"path": "/x"},
        "rename_file": {"from": "/x", "to": "/y"},
        "begin_upload": {"path": "/x", "size": 1},
        "put_key": {"value": "x", "mode": "injected"},
        "create_agent_token": {"name": "x"},
        "start_run": {"agent": "claude-code"},
        "message_run": {"text": "x"},
    }
    bearer = stand.client(Origin="", Authorization=f"Bearer {await stand.token(bob)}")
    for method, route in CALLS:
        if not route.param_convertors or policy_of(route) is Policy.PAGE:
            continue
        path = filled(route, ids)
        for client in (bob, bearer) if policy_of(route) is not Policy.SESSION else (bob,):
            answer = await client.request(
                method,
                path,
                json=bodies.get(route.name, {} if method == "POST" else None),
                params={"q": "x"},
                headers={"Upload-Offset": "0"},
            )
            if route.name in OF_ONE_S_OWN and answer.is_success:
                continue
            assert answer.status_code == 404, f"{method} {route.path}"
            assert method == "HEAD" or answer.json()["type"] == "not-found"
    assert stand.files.requests == []
    assert await shown_to(ann, ids) == before


async def test_every_websocket_of_one_account_is_missing_for_another(stand: Stand) -> None:
    ann, bob = await stand.person(), await stand.person()
    terminal = await stand.terminal(ann)
    ids = stream_ids(terminal)
    credentials = ({"Cookie": cookie_of(bob)}, {"Authorization": f"Bearer {await stand.token(bob)}"})
    for route in STREAM_ROUTES:
        url = f"{stand.sockets}/stream/{route.service}/{route.path.format(id=ids[route.path])}"
        for headers in credentials:
            with pytest.raises(InvalidStatus) as refused:
                await connect(url, origin=Origin(stand.url), additional_headers=headers, proxy=None)
            assert refused.value.response.status_code == 404
            assert b'"not-found"' in refused.value.response.body
    assert stand.streams.handshakes == stand.files.handshakes == []
