"""The way into a preview: from our own page, with a grant in a form, to a cookie for that preview alone."""

from typing import Any
from urllib.parse import unquote

import pytest

from aether.testkit.browser import NAVIGATION
from aether.testkit.gateway import Stand, standing_gateway
from aether.testkit.upstreams import App


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


async def test_without_the_cookie_the_way_in_ends_in_a_sentence(stand: Stand, app: App) -> None:
    person = await stand.person()
    url = await stand.serve(await stand.project(person), 5173, app)
    page = await stand.browser(person).go(f"{url}/.aether/entered?return=%2Fx")
    assert (page.status_code, "keeps no cookie" in page.text) == (403, True)


async def test_a_session_of_a_preview_lasts_an_hour(stand: Stand, app: App) -> None:
    browser, url, _, _ = await stand.visit(app)
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
