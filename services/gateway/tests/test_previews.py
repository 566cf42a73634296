"""Previews: what a person sees of an app in a machine, and who may."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from aether.contracts.ids import ProjectId
from aether.contracts.machines import ProjectChanged
from aether.testkit.browser import NAVIGATION
from aether.testkit.eventually import eventually
from aether.testkit.gateway import Stand, standing_gateway, uuid_of
from aether.testkit.upstreams import App


async def test_a_person_opens_their_private_preview_by_its_address(stand: Stand, app: App) -> None:
    browser, url, project, _ = await stand.visit(app)
    page = await browser.go(f"{url}/some/page?x=1&y=%2F")
    told = page.json()
    assert told["path"] == "/some/page?x=1&y=%2F"
    assert told["headers"]["host"] == "localhost:5173"
    assert told["headers"]["x-forwarded-host"] == url.removeprefix("http://")
    assert told["headers"]["x-forwarded-proto"] == "http"
    assert told["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert "cookie" not in told["headers"]
    grant = stand.tunnel.grants[-1]
    assert (grant["project_id"], grant["resource"], grant["right"]) == (project["id"], "5173", "connect")
    assert set(stand.tunnel.targets) == {"127.0.0.1:5173"}


async def test_an_apps_own_authorization_is_its_own(stand: Stand, app: App) -> None:
    browser, url, _, _ = await stand.visit(app)
    for own in ("Basic dTpw", "Bearer eyJhbGciOi", "Token x"):
        answer = await browser.fetch(url, headers={"Authorization": own})
        assert answer.json()["headers"]["authorization"] == own


async def test_a_public_preview_is_anybodys(stand: Stand, app: App) -> None:
    url = await stand.serve(await stand.project(await stand.person()), 5173, app, "public")
    stranger = stand.browser()
    assert (await stranger.go(url)).json()["method"] == "GET"
    assert (await stranger.fetch(url, "POST", page="https://elsewhere.example")).json()["method"] == "POST"


async def test_a_stopped_projects_link_says_so_and_starts_nothing(stand: Stand, app: App) -> None:
    person = await stand.person()
    project = await stand.project(person)
    url = await stand.serve(project, 5173, app, "public")
    await person.post(f"/api/projects/{project['id']}/stop")
    started = stand.machines.asked.count("StartMachine")
    page = await stand.browser().go(url)
    assert page.status_code == 503
    assert "This project is stopped" in page.text
    assert str(project["id"]) not in page.text
    script = await stand.browser().fetch(url)
    assert (script.status_code, script.json()["type"]) == (503, "project-stopped")
    with_right = await stand.enter(stand.browser(person), url)
    assert with_right.status_code == 503
    assert stand.machines.asked.count("StartMachine") == started
    assert stand.machines.projects[ProjectId(uuid_of(project))].status == "stopped"


async def test_while_nothing_listens_a_page_says_so_and_knows_when_to_reload(stand: Stand, app: App) -> None:
    browser, url, project, _ = await stand.visit(app)
    view = stand.terminals.port(ProjectId(uuid_of(project)), 5173)
    stand.terminals.keep(view, listening_since=None)
    stand.gateway.previews.forget(None)
    page = await browser.go(f"{url}/deep")
    assert (page.status_code, "Nothing listens here yet" in page.text) == (502, True)
    assert '"/.aether/ready"' in page.text
    assert (await browser.fetch(f"{url}/.aether/ready")).status_code == 502
    stand.terminals.keep(view)
    stand.gateway.previews.forget(None)
    assert (await browser.fetch(f"{url}/.aether/ready")).status_code == 204


async def test_a_machine_that_does_not_answer_is_told(stand: Stand, app: App) -> None:
    browser, url, _, _ = await stand.visit(app)
    stand.tunnel.refusal = {"type": "machine-unreachable", "title": "No", "status": 503}
    stand.gateway.lines.close()  # type: ignore[attr-defined] # the real ones
    page = await browser.go(url)
    assert (page.status_code, "The machine does not answer" in page.text) == (503, True)
    await stand.tunnel.stop()
    assert (await browser.go(url)).status_code == 503


async def test_pages_of_ours_ask_nobody_for_anything(stand: Stand) -> None:
    url = stand.preview({"slug": "demo"}, 3000).replace("3000--", "nonsense--")
    page = await stand.browser().go(url)
    assert page.status_code == 404
    assert "<title>There is no such preview" in page.text
    assert "prefers-color-scheme:dark" in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'nonce-")
    assert "src=" not in page.text
    assert "@import" not in page.text


async def test_a_redirect_of_the_app_to_itself_stays_on_the_preview(stand: Stand, app: App) -> None:
    browser, url, _, _ = await stand.visit(app)
    here = {
        "http://localhost:5173/x?y": f"{url}/x?y",
        "http://127.0.0.1:5173": f"{url}/",
        "http://localhost:3000/x": "http://localhost:3000/x",
        "https://example.com/": "https://example.com/",
        "/relative": "/relative",
    }
    for said, shown in here.items():

        async def away(_: Request, said: str = said) -> Response:
            return Response(status_code=307, headers={"Location": said})

        app.behave = away
        answer = await browser.send("GET", url, headers=NAVIGATION)
        assert (answer.status_code, answer.headers["location"]) == (307, shown)


async def test_its_own_origin_is_localhost_for_the_app_and_others_are_as_they_are(stand: Stand, app: App) -> None:
    browser, url, project, _ = await stand.visit(app)
    own = (await browser.fetch(url, "POST")).json()["headers"]
    assert own["origin"] == "http://localhost:5173"
    assert "x-forwarded-host" not in own
    stand.terminals.keep(stand.terminals.port(ProjectId(uuid_of(project)), 5173), visibility="public")
    stand.gateway.previews.forget(None)
    foreign = (await browser.fetch(url, page="https://other.example")).json()["headers"]
    assert foreign["origin"] == "https://other.example"


async def test_server_sent_events_arrive_one_by_one(stand: Stand, app: App) -> None:
    browser, url, _, _ = await stand.visit(app)
    goes_on = asyncio.Event()

    async def events() -> AsyncIterator[bytes]:
        yield b"data: one\n\n"
        await goes_on.wait()
        yield b"data: two\n\n"

    async def behave(_: Request) -> Response:
        return StreamingResponse(events(), media_type="text/event-stream")

    app.behave = behave
    answer = await browser.client.send(browser.request("GET", f"{url}/events"), stream=True)
    pieces = answer.aiter_raw()
    assert await asyncio.wait_for(anext(pieces), 5) == b"data: one\n\n"
    goes_on.set()
    assert await asyncio.wait_for(anext(pieces), 5) == b"data: two\n\n"
    await answer.aclose()


async def test_when_the_browser_leaves_the_app_is_told(stand: Stand, app: App) -> None:
    browser, url, _, _ = await stand.visit(app)
    left = asyncio.Event()

    async def for_ever() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x"
                await asyncio.sleep(0.05)
        finally:
            left.set()

    async def behave(_: Request) -> Response:
        return StreamingResponse(for_ever())

    app.behave = behave
    answer = await browser.client.send(browser.request("GET", url), stream=True)
    await anext(answer.aiter_raw())
    await answer.aclose()
    await asyncio.wait_for(left.wait(), 5)
    await eventually(lambda: not stand.gateway.live._open)


async def test_an_app_that_breaks_off_is_told_or_breaks_off(stand: Stand, app: App) -> None:
    browser, url, project, _ = await stand.visit(app)

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-nothing\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(nonsense, "127.0.0.1", 0) as server:
        stand.tunnel.listeners[project["id"], 5173] = server.sockets[0].getsockname()[1]
        stand.gateway.lines.close()  # type: ignore[attr-defined] # the real ones
        page = await browser.go(url)
    assert (page.status_code, "The app did not answer" in page.text) == (502, True)


async def test_connections_to_the_app_are_used_again_and_not_after_a_restart(stand: Stand, app: App) -> None:
    browser, url, project, person = await stand.visit(app)
    for _ in range(5):
        assert (await browser.fetch(url)).status_code == 200
    before = len(stand.tunnel.targets)
    for _ in range(5):
        assert (await browser.fetch(url)).status_code == 200
    assert len(stand.tunnel.targets) == before
    await person.post(f"/api/projects/{project['id']}/restart")
    stand.gateway.previews.forget(None)
    assert (await browser.fetch(url)).status_code == 200
    assert len(stand.tunnel.targets) == before + 1


async def test_ports_are_listed_and_changed_and_told_of(stand: Stand, app: App) -> None:
    person = await stand.person()
    project = await stand.project(person)
    url = await stand.serve(project, 5173, app)
    path = f"/api/projects/{project['id']}/ports"
    listed = (await person.get(path)).json()["items"]
    assert [(p["port"], p["process"], p["listening"], p["url"]) for p in listed] == [(5173, "node", True, url)]
    assert "account_id" not in listed[0]
    changed = await person.patch(f"{path}/5173", json={"visibility": "public", "label": "shop"})
    assert (changed.json()["visibility"], changed.json()["label"]) == ("public", "shop")
    for wrong in ({"visibility": "all"}, {"label": "x" * 65}, {"port": 1}):
        assert (await person.patch(f"{path}/5173", json=wrong)).status_code == 422
    assert (await person.patch(f"{path}/0", json={})).status_code == 404


async def test_without_a_tunnel_previews_are_visibly_off(
    gateway_database: str, nats_url: str, tmp_path: Any, app: App
) -> None:
    async with standing_gateway(gateway_database, nats_url, tmp_path, tunnel=None) as stand:
        config = (await stand.client().get("/api/config")).json()
        assert (config["features"]["previews"], config["preview_domain"]) == (False, None)
        person = await stand.person()
        project = await stand.project(person)
        url = await stand.serve(project, 5173, app)
        ports = (await person.get(f"/api/projects/{project['id']}/ports")).json()["items"]
        assert ports[0]["url"] is None
        page = await stand.browser(person).go(url)
        assert (page.status_code, "turned off" in page.text) == (404, True)


async def test_news_of_a_project_is_believed_at_once(stand: Stand, app: App) -> None:
    browser, url, project, _ = await stand.visit(app)
    view = stand.machines.projects[ProjectId(uuid_of(project))]
    view = stand.machines.change(view, status="stopped")
    await stand.say(ProjectChanged(account_id=view.account_id, project_id=view.id, project=view))

    async def is_stopped() -> bool:
        return bool((await browser.fetch(url)).json().get("type") == "project-stopped")

    await eventually(is_stopped, within=1.5)
