"""Previews: what a person sees of an app in a machine, and who may."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import pytest
import pytest_asyncio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from aether.contracts.ids import ProjectId
from aether.contracts.machines import ProjectChanged
from aether.testkit.browser import NAVIGATION, Browser
from aether.testkit.eventually import eventually
from aether.testkit.gateway import Stand, standing_gateway, uuid_of
from aether.testkit.upstreams import App


@pytest_asyncio.fixture
async def app() -> AsyncIterator[App]:
    async with App().running() as running:
        yield running


async def opened(stand: Stand, app: App, port: int = 5173) -> tuple[Browser, str, dict[str, Any], Any]:
    """A person in a private preview: their browser, its address, the project and their client."""
    person = await stand.person()
    project = await stand.project(person)
    url = await stand.serve(project, port, app)
    browser = stand.browser(person)
    assert (await stand.enter(browser, url)).status_code == 200
    return browser, url, project, person


async def test_a_person_opens_their_private_preview_by_its_address(stand: Stand, app: App) -> None:
    browser, url, project, _ = await opened(stand, app)
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


async def test_the_way_in_keeps_the_address_and_puts_no_secret_into_one(stand: Stand, app: App) -> None:
    person = await stand.person()
    project = await stand.project(person)
    url = await stand.serve(project, 5173, app)
    browser = stand.browser(person)
    first = await browser.send("GET", f"{url}/a?b=c", headers=NAVIGATION)
    assert first.status_code == 302
    assert first.headers["location"] == f"{stand.url}/api/previews/5173--demo/enter?return=%2Fa%3Fb%3Dc"
    page = await browser.send("GET", first.headers["location"], headers=NAVIGATION)
    assert f"form-action {url};" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "strict-origin"
    arrived = await stand.enter(browser, f"{url}/a?b=c")
    assert arrived.json()["path"] == "/a?b=c"
    cookie = next(c for c in browser.cookies if c.name == "aether_preview")
    assert (cookie.host, cookie.below, cookie.lax) == ("5173--demo.localhost", False, True)


async def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_comes_back(stand: Stand, app: App) -> None:
    person = await stand.person()
    url = await stand.serve(await stand.project(person), 5173, app)
    stranger = stand.browser()
    answer = await stranger.send("GET", f"{url}/x", headers=NAVIGATION)
    answer = await stranger.send("GET", answer.headers["location"], headers=NAVIGATION)
    assert answer.status_code == 302
    location = answer.headers["location"]
    assert location.startswith(f"{stand.url}/login?next=")
    assert unquote(location.split("next=")[1]) == "/api/previews/5173--demo/enter?return=%2Fx"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD"])
async def test_a_script_without_a_right_gets_401_and_never_a_redirect(stand: Stand, app: App, method: str) -> None:
    url = await stand.serve(await stand.project(await stand.person()), 5173, app)
    answer = await stand.browser().fetch(f"{url}/api", method)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert method == "HEAD" or answer.json()["type"] == "sign-in-needed"
    assert app.requests == []


async def test_a_foreign_preview_looks_like_one_that_is_not_there(stand: Stand, app: App) -> None:
    ann, bob = await stand.person(), await stand.person()
    url = await stand.serve(await stand.project(ann), 5173, app)
    missing = url.replace("--demo", "--gone")
    browser, answers = stand.browser(bob), []
    for where in (url, missing):
        page = await stand.enter(browser, where)
        script = await browser.fetch(where)
        answers.append((page.status_code, page.text.count("There is no such preview"), script.status_code))
    assert answers[0] == answers[1] == (404, 2, 401)
    bearer = {"Authorization": f"Bearer {await stand.token(bob)}"}
    tokens = [await browser.fetch(where, headers=bearer) for where in (url, missing)]
    assert [(a.status_code, a.json()["type"]) for a in tokens] == [(404, "not-found")] * 2
    assert app.requests == []


async def test_a_token_of_the_account_opens_it_and_does_not_reach_the_app(stand: Stand, app: App) -> None:
    person = await stand.person()
    url = await stand.serve(await stand.project(person), 5173, app)
    bearer = {"Authorization": f"Bearer {await stand.token(person)}"}
    answer = await stand.browser().fetch(url, "POST", headers=bearer, content=b"12345")
    assert answer.json()["size"] == 5
    assert "authorization" not in answer.json()["headers"]


async def test_an_apps_own_authorization_is_its_own(stand: Stand, app: App) -> None:
    browser, url, _, _ = await opened(stand, app)
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
    browser, url, project, _ = await opened(stand, app)
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
    browser, url, _, _ = await opened(stand, app)
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


async def test_without_the_cookie_the_way_in_ends_in_a_sentence(stand: Stand, app: App) -> None:
    person = await stand.person()
    url = await stand.serve(await stand.project(person), 5173, app)
    page = await stand.browser(person).go(f"{url}/.aether/entered?return=%2Fx")
    assert (page.status_code, "keeps no cookie" in page.text) == (403, True)


async def test_a_session_of_a_preview_lasts_an_hour(stand: Stand, app: App) -> None:
    browser, url, _, _ = await opened(stand, app)
    stand.clock.advance(3600)
    stand.gateway.keyring.forget_all()
    assert (await browser.fetch(url)).status_code == 401


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "own"])
async def test_a_preview_is_entered_from_our_own_page_only(stand: Stand, app: App, origin: str | None) -> None:
    person = await stand.person()
    url = await stand.serve(await stand.project(person), 5173, app)
    browser = stand.browser(person)
    page = await browser.go(url)
    grant = page.text.split('name="grant" value="')[1].split('"')[0]
    headers = {} if origin is None else {"Origin": url if origin == "own" else origin}
    answer = await browser.send(
        "POST", f"{url}/.aether/enter", data={"grant": grant, "return": "/"}, headers=headers
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_grant_opens_its_own_preview_once(stand: Stand, app: App) -> None:
    person = await stand.person()
    project = await stand.project(person)
    url = await stand.serve(project, 5173, app)
    other_port = await stand.serve(project, 3000, app)
    other_project = await stand.serve(await stand.project(person), 5173, app)
    browser = stand.browser(person)

    async def fresh() -> str:
        return (await browser.go(url)).text.split('name="grant" value="')[1].split('"')[0]

    async def enter(where: str, grant: str) -> int:
        answer = await browser.send(
            "POST", f"{where}/.aether/enter", data={"grant": grant}, headers={"Origin": stand.url}
        )
        return answer.status_code

    assert await enter(other_port, await fresh()) == 401
    assert await enter(other_project, await fresh()) == 401
    grant = await fresh()
    assert await enter(url, grant[:-3] + "abc") == 401
    assert await enter(url, grant) == 303
    assert await enter(url, grant) == 401


async def test_a_grant_of_a_session_that_has_ended_opens_nothing(stand: Stand, app: App) -> None:
    person = await stand.person()
    url = await stand.serve(await stand.project(person), 5173, app)
    browser = stand.browser(person)
    grant = (await browser.go(url)).text.split('name="grant" value="')[1].split('"')[0]
    await person.post("/api/auth/logout")
    answer = await browser.send(
        "POST", f"{url}/.aether/enter", data={"grant": grant}, headers={"Origin": stand.url}
    )
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)


async def test_a_redirect_of_the_app_to_itself_stays_on_the_preview(stand: Stand, app: App) -> None:
    browser, url, _, _ = await opened(stand, app)
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
    browser, url, project, _ = await opened(stand, app)
    own = (await browser.fetch(url, "POST")).json()["headers"]
    assert own["origin"] == "http://localhost:5173"
    assert "x-forwarded-host" not in own
    stand.terminals.keep(stand.terminals.port(ProjectId(uuid_of(project)), 5173), visibility="public")
    stand.gateway.previews.forget(None)
    foreign = (await browser.fetch(url, page="https://other.example")).json()["headers"]
    assert foreign["origin"] == "https://other.example"


async def test_server_sent_events_arrive_one_by_one(stand: Stand, app: App) -> None:
    browser, url, _, _ = await opened(stand, app)
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
    browser, url, _, _ = await opened(stand, app)
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
    browser, url, project, _ = await opened(stand, app)

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
    browser, url, project, person = await opened(stand, app)
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
    browser, url, project, _ = await opened(stand, app)
    view = stand.machines.projects[ProjectId(uuid_of(project))]
    view = stand.machines.change(view, status="stopped")
    await stand.say(ProjectChanged(account_id=view.account_id, project_id=view.id, project=view))

    async def is_stopped() -> bool:
        return bool((await browser.fetch(url)).json().get("type") == "project-stopped")

    await eventually(is_stopped, within=1.5)


async def test_on_https_the_cookie_cannot_be_set_from_another_host(
    gateway_database: str, nats_url: str, tmp_path: Any
) -> None:
    options = {"public_url": "https://aether.example", "preview_domain": "apps.example"}
    async with App().running() as app, standing_gateway(gateway_database, nats_url, tmp_path, **options) as stand:
        person = stand.client(Origin="https://aether.example")
        await person.post("/api/auth/signup", json={"email": "a@example.com", "password": "correct horse battery"})
        session = person.cookies["__Host-aether"]
        made = (
            await person.post(
                "/api/projects", json={"name": "demo"}, headers={"Cookie": f"__Host-aether={session}"}
            )
        ).json()
        await person.post(f"/api/projects/{made['id']}/start", headers={"Cookie": f"__Host-aether={session}"})
        url = await stand.serve(made, 5173, app)
        assert stand.preview(made, 5173) == "http://5173--demo.apps.example"
        assert stand.gateway.previews.url(5173, "demo") == "https://5173--demo.apps.example"
        page = await person.get("/api/previews/5173--demo/enter", headers={"Cookie": f"__Host-aether={session}"})
        assert "form-action https://5173--demo.apps.example;" in page.headers["content-security-policy"]
        grant = page.text.split('name="grant" value="')[1].split('"')[0]
        headers = {"Host": url.removeprefix("http://"), "Origin": "https://aether.example"}
        sent = await person.post("/.aether/enter", data={"grant": grant}, headers=headers)
        cookie = sent.headers["set-cookie"]
        assert cookie.startswith("__Host-aether-preview=")
        for part in ("Secure", "HttpOnly", "Path=/", "SameSite=lax", "Max-Age=3600"):
            assert part in cookie
        assert "domain" not in cookie.lower()
