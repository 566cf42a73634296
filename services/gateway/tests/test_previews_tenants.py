"""Three tenants and their cookies: none of them, and none of ours, is ever anybody else's."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from starlette.requests import Request
from starlette.responses import Response

from aether.testkit.browser import Browser, Cookie
from aether.testkit.gateway import Stand, cookie_of
from aether.testkit.upstreams import App


@dataclass
class Tenant:
    """A person with a project, an app that notes every cookie it is sent, and a browser."""

    name: str
    client: Any
    project: dict[str, Any]
    url: str
    browser: Browser
    app: App
    sent: list[str] = field(default_factory=list)


@pytest_asyncio.fixture
async def tenants(shared_stand: Stand) -> AsyncIterator[list[Tenant]]:
    async with App().running() as one, App().running() as two, App().running() as three:
        found = []
        for name, app in (("ann", one), ("bob", two), ("eve", three)):
            client = await shared_stand.person()
            project = await shared_stand.project(client, name)
            url = await shared_stand.serve(project, 5173, app)
            tenant = Tenant(name, client, project, url, shared_stand.browser(client), app)
            app.behave = noting(tenant)
            assert (await shared_stand.enter(tenant.browser, url)).status_code == 200
            found.append(tenant)
        yield found


def noting(tenant: Tenant, **headers: str) -> Any:
    async def behave(request: Request) -> Response:
        tenant.sent.append(request.headers.get("cookie", ""))
        return Response(tenant.name, headers=headers)

    return behave


def secrets_of(tenant: Tenant) -> list[str]:
    return [c.value for c in tenant.browser.cookies if "aether" in c.name]


async def test_no_cookie_of_ours_ever_reaches_a_machine(shared_stand: Stand, tenants: list[Tenant]) -> None:
    ours = [secret for tenant in tenants for secret in secrets_of(tenant)]
    assert len(ours) == 6, "each has a session and a preview"
    for tenant in tenants:
        everything = "; ".join(f"{c.name}={c.value}" for t in tenants for c in t.browser.cookies)
        answer = await tenant.browser.client.get(
            shared_stand.url,
            headers={"Host": tenant.url.removeprefix("http://"), "Cookie": f"app=1; {everything}; b=2"},
        )
        assert answer.status_code in (200, 401, 302)
        await tenant.browser.fetch(tenant.url)
    for tenant in tenants:
        assert tenant.sent
        for cookies in tenant.sent:
            assert "aether" not in cookies
            assert not any(secret in cookies for secret in ours)


@pytest.mark.parametrize(
    "line",
    [
        "aether_session={s}",
        "a=1; aether_session={s}; b=2",
        "aether_session = {s}",
        "a=1;aether_session={s}",
        "AETHER_SESSION={s}",
        "__Host-aether={s}",
        "__host-aether-preview={s}",
        "aether_preview={s}",
        ";;aether_preview={s};;",
        'aether_session="{s}"',
    ],
)
async def test_our_names_are_taken_out_however_they_are_written(
    shared_stand: Stand, tenants: list[Tenant], line: str
) -> None:
    ann = tenants[0]
    session = cookie_of(ann.client).partition("=")[2]
    cookies = f"{ann.browser.cookie_header(ann.url)}; app=mine; {line.replace('{s}', session)}"
    headers = {"Host": ann.url.removeprefix("http://"), "Cookie": cookies, "Authorization": ""}
    bearer = {**headers, "Authorization": f"Bearer {await shared_stand.token(ann.client)}"}
    ann.sent.clear()
    assert (await ann.browser.client.get(shared_stand.url, headers=bearer)).status_code == 200
    assert "app=mine" in ann.sent[-1]
    assert session not in ann.sent[-1]


async def test_a_previews_cookie_opens_that_preview_and_no_other(
    shared_stand: Stand, tenants: list[Tenant]
) -> None:
    ann, bob, eve = tenants
    other_port = await shared_stand.serve(ann.project, 3000, ann.app)
    for thief in (ann, bob, eve):
        for victim in (ann, bob, eve):
            secret = next(c.value for c in thief.browser.cookies if c.name == "aether_preview")
            for url in (victim.url, other_port):
                headers = {"Host": url.removeprefix("http://"), "Cookie": f"aether_preview={secret}"}
                answer = await thief.browser.client.get(shared_stand.url, headers=headers)
                expected = 200 if thief is victim and url == victim.url else 401
                assert answer.status_code == expected, f"{thief.name} at {url}"


async def test_a_session_cookie_opens_no_preview_and_a_previews_cookie_no_session(
    shared_stand: Stand, tenants: list[Tenant]
) -> None:
    ann = tenants[0]
    session = cookie_of(ann.client).partition("=")[2]
    preview = next(c.value for c in ann.browser.cookies if c.name == "aether_preview")
    for name in ("aether_session", "aether_preview"):
        headers = {"Host": ann.url.removeprefix("http://"), "Cookie": f"{name}={session}"}
        assert (await ann.browser.client.get(shared_stand.url, headers=headers)).status_code == 401
        mine = shared_stand.client(Cookie=f"{name}={preview}")
        assert (await mine.get("/api/me")).status_code == 401


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("a=1", True),
        ("a=1; Path=/; HttpOnly; SameSite=Lax", True),
        ("a=domain=x", True),
        ("a=1; Domain=localhost", False),
        ("a=1; domain=.localhost", False),
        ("a=1; Path=/; DOMAIN = localhost", False),
        ("a=1; Domain=5173--ann.localhost", False),
        ("a=1; Domain=", False),
        ("aether_session=stolen", False),
        ("aether_preview=stolen; Path=/", False),
        ("AETHER_PREVIEW=stolen", False),
        ("__Host-aether=stolen; Secure; Path=/", False),
        (" aether_session =stolen", False),
        ("=aether_session=stolen", False),
        ("aether_session", False),
        ("=x", False),
    ],
)
async def test_an_app_sets_cookies_for_itself_only_and_none_by_our_names(
    tenants: list[Tenant], line: str, kept: bool
) -> None:
    ann = tenants[0]

    async def behave(_: Request) -> Response:
        response = Response("x")
        response.raw_headers.append((b"set-cookie", line.encode()))
        response.raw_headers.append((b"set-cookie", b"other=1"))
        return response

    ann.app.behave = behave
    answer = await ann.browser.fetch(ann.url)
    assert answer.headers.get_list("set-cookie") == ([line.strip()] if kept else []) + ["other=1"]


async def test_cookies_tossed_from_one_preview_change_nothing_at_another(
    shared_stand: Stand, tenants: list[Tenant]
) -> None:
    """A script on eve's page sets cookies for all of the domain, where a browser lets it; ours are not theirs."""
    ann, _, eve = tenants
    stolen = next(c.value for c in eve.browser.cookies if c.name == "aether_preview")
    session = cookie_of(eve.client).partition("=")[2]
    for name, value in (("aether_preview", stolen), ("aether_session", session)):
        ann.browser.cookies.insert(0, Cookie(name, value, "localhost", below=True))
    ann.sent.clear()
    answer = await ann.browser.fetch(ann.url)
    assert (answer.status_code, answer.text) == (200, "ann"), "her own comes later in the header, and counts"
    assert ann.sent == [""]
    eves = await ann.browser.fetch(eve.url)
    assert eves.status_code in (200, 401)
    assert (await shared_stand.client(Cookie=f"aether_session={session}").get("/api/me")).json()["id"] != (
        await ann.client.get("/api/me")
    ).json()["id"]


@pytest.mark.parametrize("header", ["Clear-Site-Data", "Alt-Svc", "Strict-Transport-Security", "X-Accel-Redirect"])
async def test_an_app_gives_no_orders_beyond_its_own_host(tenants: list[Tenant], header: str) -> None:
    ann = tenants[0]
    ann.app.behave = noting(ann, **{header: '"cookies"', "X-App": "kept"})
    answer = await ann.browser.fetch(ann.url)
    assert header not in answer.headers
    assert answer.headers["x-app"] == "kept"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_anothers_page_cannot_use_a_preview_in_its_visitors_name(tenants: list[Tenant], method: str) -> None:
    ann, bob, _ = tenants
    ann.sent.clear()
    for page in (bob.url, "https://evil.example", "null"):
        answer = await ann.browser.fetch(ann.url, method, page=page)
        assert (answer.status_code, answer.json()["type"]) == (403, "cross-site")
    same_site = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert (await ann.browser.send(method, ann.url, headers=same_site)).status_code == 403
    old_browser = {"Origin": bob.url, "Accept": "*/*"}
    assert (await ann.browser.send(method, ann.url, headers=old_browser)).status_code == 403
    assert ann.sent == []


async def test_a_link_on_anothers_page_may_lead_to_a_preview(tenants: list[Tenant]) -> None:
    ann = tenants[0]
    answer = await ann.browser.go(f"{ann.url}/linked", **{"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.text) == (200, "ann")


async def test_our_own_app_is_on_no_host_below_the_domain(shared_stand: Stand, tenants: list[Tenant]) -> None:
    ann = tenants[0]
    domain = shared_stand.gateway.previews.domain.authority
    for host in (f"x.{domain}", f"api.{domain}", f"5173--gone.{domain}", f"X.{domain.upper()}", f"x.{domain}."):
        for path in ("/api/me", "/api/config", "/health", "/metrics", "/stream/terminal/x", "/"):
            headers = {"Host": host, "Cookie": cookie_of(ann.client)}
            answer = await ann.browser.client.get(f"{shared_stand.url}{path}", headers=headers)
            assert answer.status_code in (401, 404), f"{host}{path}"
            assert answer.json()["type"] in ("not-found", "sign-in-needed")
