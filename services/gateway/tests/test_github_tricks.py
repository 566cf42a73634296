"""What must not work on the way to GitHub and back, and what is left behind when it does not: nothing."""

import json
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import httpx2
import pytest
from structlog.testing import capture_logs

from aether.testkit.gateway import PASSWORD, Stand, cookie_of
from aether.testkit.github import FakeGitHub
from aether.testkit.github_state import Fault
from aether.testkit.ways import CALLBACK, START, agree, around, come_back, query_of, set_out, signed_in

Change = Callable[[dict[str, str]], dict[str, str] | list[tuple[str, str]]]


async def accounts(stand: Stand) -> tuple[int, int]:
    """How many people there are, and how many links."""
    async with stand.gateway.database.reading() as reader:
        people = await reader.fetchval("SELECT count(*) FROM gateway.person")
        return people, await reader.fetchval("SELECT count(*) FROM gateway.github_link")


async def assert_nothing_is_left(stand: Stand, hub: FakeGitHub, client: httpx2.AsyncClient) -> None:
    assert await accounts(stand) == (0, 0)
    assert (await client.get("/api/me")).status_code == 401
    await stand.gateway.finish()
    assert hub.grants == {}, "what was granted for nothing is given back"


CHANGES: list[tuple[Change, str]] = [
    (lambda q: {**q, "state": "x" * 43}, "github-state"),
    (lambda q: {**q, "state": q["state"][:-1]}, "github-state"),
    (lambda q: {**q, "state": ""}, "github-state"),
    (lambda q: {**q, "state": q["state"] + "\0"}, "github-state"),
    (lambda q: {"code": q["code"]}, "github-state"),
    (lambda q: [*q.items(), ("state", q["state"])], "github-state"),
    (lambda q: [*q.items(), ("state", "other")], "github-state"),
    (lambda q: {"state": q["state"]}, "github-code"),
    (lambda q: {**q, "code": ""}, "github-code"),
    (lambda q: {**q, "code": "0" * 20}, "github-code"),
    (lambda q: [*q.items(), ("code", "other")], "github-code"),
    (lambda q: {"state": q["state"], "error": "access_denied"}, "github-denied"),
    (lambda q: {**q, "error": "access_denied"}, "github-denied"),
]


async def test_a_way_back_that_was_changed_leads_nowhere(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    client = joined.client()
    for change, problem in CHANGES:
        changed = change(query_of(await agree(await set_out(client))))
        ended = await come_back(client, f"{CALLBACK}?{urlencode(changed)}")
        assert ended == f"/login?problem={problem}", changed
    await assert_nothing_is_left(joined, hub, client)


async def test_a_person_who_says_no_at_github_is_back_on_the_sign_in_page(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    hub.agrees = False
    client = joined.client()
    assert await around(client, next="/projects") == "/login?problem=github-denied&next=%2Fprojects"
    await assert_nothing_is_left(joined, hub, client)


async def test_a_way_back_is_good_once(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    client = joined.client()
    back = await agree(await set_out(client))
    cookie = cookie_of(client)
    assert await come_back(client, back) == "/"
    again = joined.client(Cookie=cookie)
    assert await come_back(again, back) == "/login?problem=github-state"
    assert (await again.get("/api/me")).status_code == 401


async def test_a_code_is_good_once_even_with_another_state(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    first = joined.client()
    code = query_of(await agree(await set_out(first)))["code"]
    thief = joined.client()
    theirs = query_of(await agree(await set_out(thief)))
    stolen = f"{CALLBACK}?{urlencode({**theirs, 'code': code})}"
    # A code that is still good, and belongs to another verifier: GitHub refuses it, and it is spent by that.
    assert await come_back(thief, stolen) == "/login?problem=github-code"
    assert (await thief.get("/api/me")).status_code == 401
    assert await accounts(joined) == (0, 0)


async def test_a_way_back_belongs_to_the_browser_that_set_out(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("mallory")
    attacker = joined.client()
    back = await agree(await set_out(attacker))
    victim = joined.client()
    assert await come_back(victim, back) == "/login?problem=github-state"
    await set_out(victim)
    assert await come_back(victim, back) == "/login?problem=github-state", "nor with a cookie of another way"
    assert (await victim.get("/api/me")).status_code == 401
    assert await come_back(attacker, back) == "/", "whose way it is may still come back"


async def test_a_way_takes_ten_minutes_at_most(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    client = joined.client()
    url = await set_out(client)
    joined.clock.advance(timedelta(minutes=10, seconds=1))
    assert await come_back(client, await agree(url)) == "/login?problem=github-state"


async def test_only_whoever_began_to_link_can_end_it(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("mallory")
    client = await joined.person("mallory@example.com")
    back = await agree(await set_out(client))
    await client.post("/api/auth/logout")
    assert await come_back(client, back) == "/login?problem=github-state"
    back = await agree(await set_out(await joined.person("mallory2@example.com")))
    login = {"email": "mallory@example.com", "password": PASSWORD}
    await client.post("/api/auth/login", json=login)
    assert await come_back(client, back) == "/settings/github?problem=github-state"
    assert (await accounts(joined))[1] == 0


async def test_another_sites_page_cannot_begin_a_way(joined: Stand, hub: FakeGitHub) -> None:
    for client, page in ((joined.client(), "/login"), (await joined.person(), "/settings/github")):
        for site in ("cross-site", "same-site", "", "SAME-ORIGIN", "none, cross-site"):
            assert await set_out(client, site) == f"{joined.url}{page}", site
        assert "aether_github" not in client.cookies


async def test_over_plain_http_the_referer_says_where_a_way_begins(joined: Stand, hub: FakeGitHub) -> None:
    for referer, begins in (
        (f"{joined.url}/login", True),
        (f"{joined.url}.evil.example/", False),
        ("https://evil.example/", False),
        (None, False),
    ):
        headers = {"Referer": referer} if referer else {}
        answer = await joined.client().get(START, headers=headers)
        assert answer.headers["location"].startswith(hub.url) is begins, referer


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/a\r\nSet-Cookie: x=y",
    "/\t/evil.example",
    " /",
    "@evil.example",
    ".evil.example",
]


async def test_one_never_goes_on_to_another_origin(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    for path in ELSEWHERE:
        assert await around(joined.client(), next=path) == "/", path


async def test_the_way_back_is_where_this_aether_is_whatever_host_was_asked(
    joined: Stand, hub: FakeGitHub
) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    answer = await joined.client().get(START, headers=headers)
    assert query_of(answer.headers["location"])["redirect_uri"] == f"{joined.url}{CALLBACK}"


async def test_github_refuses_to_lead_back_elsewhere(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    hub.callback = f"{joined.url}{CALLBACK}"
    url = await set_out(joined.client())
    stranger = url.replace(urlencode({"redirect_uri": hub.callback}), "redirect_uri=https%3A%2F%2Fevil.example")
    assert stranger != url
    async with httpx2.AsyncClient(trust_env=False) as browser:
        assert (await browser.get(stranger)).status_code == 404


@pytest.mark.parametrize(
    "emails",
    [
        [{"email": "ada@example.com", "primary": True, "verified": False, "visibility": None}],
        [{"email": "ada@example.com", "primary": False, "verified": True, "visibility": None}],
        [
            {"email": "ada@example.com", "primary": True, "verified": False, "visibility": None},
            {"email": "ada2@example.com", "primary": False, "verified": True, "visibility": None},
        ],
        [],
    ],
)
async def test_an_address_that_github_has_not_verified_opens_nothing(
    joined: Stand, hub: FakeGitHub, emails: list[dict[str, object]]
) -> None:
    hub.user("ada").emails = emails
    client = joined.client()
    assert await around(client) == "/login?problem=github-email-unverified"
    await assert_nothing_is_left(joined, hub, client)


async def test_an_account_is_not_taken_over_by_its_address(joined: Stand, hub: FakeGitHub) -> None:
    owner = await joined.person("ann@example.com")
    hub.user("mallory", "Ann@Example.com")
    client = joined.client()
    assert await around(client) == "/login?problem=github-email-taken"
    assert (await client.get("/api/me")).status_code == 401
    assert await accounts(joined) == (1, 0)
    assert (await owner.get("/api/github")).json()["linked"] is False
    # Its owner signs in and links it; from then on it signs in.
    assert await around(owner) == "/settings/github"
    assert (await (await signed_in(joined)).get("/api/me")).json()["email"] == "ann@example.com"


async def test_one_github_account_is_one_persons_and_one_person_has_one(joined: Stand, hub: FakeGitHub) -> None:
    user = hub.user("ada")
    ann, bob = await joined.person(), await joined.person()
    await around(ann)
    assert await around(bob) == "/settings/github?problem=github-taken"
    hub.user("other")
    assert await around(ann) == "/settings/github?problem=github-linked-already"
    await joined.gateway.finish()
    assert [grant.user for grant in hub.grants.values()] == [user]


FAULTS = [Fault(500), Fault(502, done=True), Fault(200), Fault(403, {"Retry-After": "60"}), Fault(401)]


@pytest.mark.parametrize("path", ["/access_token", "/user", "/user/emails"])
async def test_a_github_that_fails_on_the_way_leaves_nothing(joined: Stand, hub: FakeGitHub, path: str) -> None:
    hub.user("ada")
    client = joined.client()
    for fault in FAULTS:
        hub.fail(path, fault)
        ended = await around(client)
        assert ended in ("/login?problem=github-away", "/login?problem=github-code"), fault
    assert await accounts(joined) == (0, 0)
    assert (await client.get("/api/me")).status_code == 401
    assert await around(client) == "/", "and the next way leads in"


async def test_a_token_of_ours_sets_nobody_on_the_way(joined: Stand) -> None:
    token = await joined.token(await joined.person())
    answer = await joined.client(Authorization=f"Bearer {token}").get(START)
    assert (answer.status_code, answer.json()["type"]) == (403, "session-needed")


async def test_ways_are_counted(joined: Stand, hub: FakeGitHub) -> None:
    client = joined.client()
    ends = [await set_out(client) for _ in range(125)]
    assert ends[-1] == f"{joined.url}/login?problem=too-many-requests"


async def test_no_token_code_or_verifier_is_logged_or_in_an_address(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    hub.repository("ada/demo", private=True)
    with capture_logs() as entries:
        client = await joined.person()
        out = await set_out(client, private="true")
        back = await agree(out)
        await come_back(client, back)
        tokens = list(hub.grants)
        await client.get("/api/github/repos", params={"q": "demo"})
        hub.fail("/user/repos", Fault(200, body=json.dumps([{"secret": tokens[0]}])))
        await client.get("/api/github/repos")
        hub.forget("ada")
        await client.get("/api/github/repos")
    secrets = [*tokens, query_of(back)["code"], query_of(back)["state"], "fake-client-secret"]
    logged = str(entries)
    assert "github.unreadable" in logged
    assert [secret for secret in secrets if secret in logged] == []
    assert [secret for secret in tokens if any(secret in path for _, path, _ in hub.requests)] == []
