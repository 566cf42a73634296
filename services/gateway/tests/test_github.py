"""Signing in with GitHub, and linking it: what is asked for, what is kept, and for whom."""

import asyncio
import base64
import hashlib
import json
import re
from datetime import timedelta

import httpx2
import pytest

from aether.testkit.eventually import eventually
from aether.testkit.gateway import PASSWORD, Stand
from aether.testkit.github import CLIENT_ID, CLIENT_SECRET, FakeGitHub
from aether.testkit.github_state import Fault
from aether.testkit.ways import CALLBACK, around, query_of, set_out, signed_in


async def dump(stand: Stand) -> str:
    """All that the gateway keeps."""
    async with stand.gateway.database.reading() as reader:
        tables = await reader.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'gateway'")
        rows = [await reader.fetch(f'SELECT t::text FROM gateway."{t["tablename"]}" t') for t in tables]
    return str(rows)


async def github_of(client: httpx2.AsyncClient) -> dict[str, object]:
    answer: dict[str, object] = (await client.get("/api/github")).json()
    return answer


async def test_what_the_browser_carries_to_github_holds_no_secret(joined: Stand, hub: FakeGitHub) -> None:
    client = joined.client()
    url = await set_out(client)
    assert url.startswith(f"{hub.url}/login/oauth/authorize?")
    asked = query_of(url)
    assert set(asked) == {"client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"}
    assert (asked["client_id"], asked["redirect_uri"]) == (CLIENT_ID, f"{joined.url}{CALLBACK}")
    assert (asked["scope"], asked["code_challenge_method"]) == ("read:user user:email", "S256")
    assert len(base64.urlsafe_b64decode(asked["code_challenge"] + "=")) == hashlib.sha256().digest_size
    assert CLIENT_SECRET not in url
    assert client.cookies["aether_github"] not in url
    kept = await dump(joined)
    assert [s for s in (asked["state"], client.cookies["aether_github"]) if s in kept] == []


async def test_a_newcomer_is_signed_in_by_a_proven_address(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada", "Ada@Example.com", name="Ada Lovelace")
    client = joined.client()
    assert await around(client) == "/"
    me = (await client.get("/api/me")).json()
    assert (me["email"], me["display_name"]) == ("Ada@example.com", "Ada Lovelace")
    shown = await github_of(client)
    assert (shown["configured"], shown["linked"], shown["login"]) == (True, True, "ada")
    assert (shown["only_way_in"], shown["private"], shown["lost_at"]) == (True, False, None)
    assert "aether_github" not in client.cookies
    async with joined.gateway.database.reading() as reader:
        said = [row["subject"] for row in await reader.fetch("SELECT subject FROM gateway.outbox ORDER BY id")]
        whats = [row["what"] for row in await reader.fetch("SELECT what FROM gateway.audit ORDER BY id")]
    assert said == ["account.created.v1"]
    assert whats == ["account.created", "session.created"]


async def test_whoever_comes_again_is_the_same_whatever_their_address_is_now(
    joined: Stand, hub: FakeGitHub
) -> None:
    user = hub.user("ada")
    first = (await (await signed_in(joined)).get("/api/me")).json()
    user.emails[0]["email"], user.emails[0]["verified"] = "new@example.com", False
    assert (await (await signed_in(joined)).get("/api/me")).json() == first
    await joined.gateway.finish()
    assert len(hub.grants) == 1, "the token before is given back"


async def test_one_goes_on_to_the_page_one_came_from(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    assert await around(joined.client(), next="/projects/1?tab=files") == "/projects/1?tab=files"


async def test_an_account_is_linked_and_unlinked(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada", "elsewhere@example.com")
    client = await joined.person("ann@example.com")
    assert (await github_of(client))["linked"] is False
    assert await around(client, private="true") == "/settings/github"
    shown = await github_of(client)
    assert (shown["login"], shown["private"], shown["only_way_in"]) == ("ada", True, False)
    assert shown["scopes"] == ["read:user", "repo", "user:email"]
    assert (await client.get("/api/me")).json()["email"] == "ann@example.com"
    assert (await client.delete("/api/github")).status_code == 204
    assert (await github_of(client))["linked"] is False
    await eventually(lambda: not hub.grants, every=0.01)
    assert (await client.delete("/api/github")).status_code == 204


async def test_what_is_linked_signs_in_and_keeps_what_it_may_reach(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada", "elsewhere@example.com")
    ann = await joined.person("ann@example.com")
    await around(ann, private="true")
    again = await signed_in(joined)
    assert (await again.get("/api/me")).json()["email"] == "ann@example.com"
    assert (await github_of(again))["private"] is True
    await joined.gateway.finish()
    assert [grant.scopes for grant in hub.grants.values()] == [("read:user", "user:email", "repo")]


async def test_what_github_did_not_grant_is_not_claimed(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    hub.narrows = lambda asked: asked.replace("repo", "").strip()
    client = await joined.person()
    await around(client, private="true")
    assert (await github_of(client))["private"] is False


async def test_the_only_way_in_stays_until_there_is_a_password(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada", "ada@example.com")
    client = await signed_in(joined)
    refused = await client.delete("/api/github")
    assert (refused.status_code, refused.json()["type"]) == (409, "github-only-way-in")
    gone = await client.request("DELETE", "/api/me", json={"password": PASSWORD})
    assert gone.json()["errors"][0]["message"].startswith("You have no password yet.")
    login = {"email": "ada@example.com", "password": ""}
    assert (await joined.client().post("/api/auth/login", json=login)).status_code == 401
    await joined.client().post("/api/auth/forgot", json={"email": "ada@example.com"})
    await eventually(lambda: bool(joined.mailbox.mails), every=0.01)
    token = re.search(r"#token=(\S+)", joined.mailbox.mails[0].body)
    assert token
    reset = {"token": token[1], "password": PASSWORD}
    assert (await joined.client().post("/api/auth/reset", json=reset)).status_code == 204
    assert (await github_of(await signed_in(joined)))["only_way_in"] is False


async def test_deleting_an_account_gives_the_grant_back(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    client = await joined.person()
    await around(client)
    assert (await client.request("DELETE", "/api/me", json={"password": PASSWORD})).status_code == 204
    await eventually(lambda: not hub.grants, every=0.01)


async def test_tokens_are_sealed_and_open_in_no_other_row(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    hub.repository("ada/secret", private=True)
    ann = await joined.person()
    await around(ann, private="true")
    hub.user("bob")
    bob = await joined.person()
    await around(bob, private="true")
    kept = await dump(joined)
    assert [access for access in hub.grants if access in kept] == []
    async with joined.gateway.database.transaction() as writer:
        await writer.execute(
            """
            UPDATE gateway.github_link l SET sealed = o.sealed FROM gateway.github_link o
            WHERE l.login = 'bob' AND o.login = 'ada'"""
        )
    answer = await bob.get("/api/github/repos")
    assert (answer.status_code, answer.json()["type"]) == (409, "github-lost")
    assert (await ann.get("/api/github/repos")).status_code == 200


async def test_repositories_come_in_pages_the_last_pushed_to_first(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    for number in range(70):
        hub.repository(f"ada/r{number}", private=number % 2 == 0)
    client = await joined.person()
    await around(client)
    assert {r["private"] for r in (await client.get("/api/github/repos")).json()["items"]} == {False}
    await around(client, private="true")
    names: list[str] = []
    page: int | None = 1
    while page is not None:
        answer = (await client.get("/api/github/repos", params={"page": page})).json()
        names += [repository["name"] for repository in answer["items"]]
        page = answer["next_page"]
    assert names == [f"r{number}" for number in reversed(range(70))]


async def test_repositories_are_searched_by_words(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    for number in range(250):
        hub.repository(f"ada/thing-{number}")
    hub.repository("ada/engine", private=True)
    client = await joined.person()
    await around(client, private="true")
    found = (await client.get("/api/github/repos", params={"q": "about ENGINE"})).json()
    assert [r["full_name"] for r in found["items"]] == ["ada/engine"]
    assert found["items"][0]["clone_url"] == f"{hub.url}/ada/engine.git"
    assert found["items"][0]["private"] is True
    first = (await client.get("/api/github/repos", params={"q": "thing-1"})).json()
    assert (len(first["items"]), first["next_page"]) == (30, 2)
    asked = len(hub.requests)
    await client.get("/api/github/repos", params={"q": "thing-12"})
    assert len(hub.requests) == asked, "typing on asks GitHub no more"


async def test_whoever_types_fast_has_github_asked_once(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    hub.repository("ada/demo")
    client = await joined.person()
    await around(client)
    with hub.late("/user/repos") as late:
        asked = [client.get("/api/github/repos", params={"q": words}) for words in ("d", "de", "demo")]
        typing = [asyncio.create_task(answer) for answer in asked]
        await eventually(lambda: late.requests > 0)
        typing[0].cancel()
        # By the time these are answered, the others have come to where GitHub would be asked.
        assert [(await github_of(client))["linked"] for _ in range(5)] == [True] * 5
        assert late.requests == 1
    for answer in await asyncio.gather(*typing[1:]):
        assert [r["full_name"] for r in answer.json()["items"]] == ["ada/demo"]
    assert [path for _, path, _ in hub.requests if path.endswith("/user/repos")] == ["/api/v3/user/repos"]


async def test_a_search_that_failed_is_not_remembered(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    hub.repository("ada/demo")
    client = await joined.person()
    await around(client)
    hub.fail("/user/repos", Fault(503))
    assert (await client.get("/api/github/repos", params={"q": "demo"})).status_code == 503
    assert (await client.get("/api/github/repos", params={"q": "demo"})).status_code == 200


async def test_without_a_link_there_are_no_repositories(joined: Stand) -> None:
    answer = await (await joined.person()).get("/api/github/repos")
    assert (answer.status_code, answer.json()["type"]) == (409, "github-not-linked")


async def test_without_an_app_github_is_off_by_name(stand: Stand) -> None:
    person = await stand.person()
    assert (await person.get("/api/github")).json()["configured"] is False
    for answer in (await person.get("/api/github/repos"), await person.delete("/api/github")):
        assert (answer.status_code, answer.json()["type"]) == (404, "github-off")
    assert (await set_out(stand.client())).endswith("/login?problem=github-off")
    assert (await person.get("/api/config")).json()["features"]["github"] is False


async def test_a_token_that_ends_is_refreshed_once_however_many_ask(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    hub.token_seconds = 8 * 3600
    hub.repository("ada/demo")
    client = await joined.person()
    await around(client)
    joined.clock.advance(timedelta(hours=8))
    answers = await asyncio.gather(*(client.get("/api/github/repos") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    refreshes = [path for _, path, _ in hub.requests if path.endswith("access_token")]
    assert len(refreshes) == 2, "one for the code, one to refresh"


async def test_a_token_refused_before_its_time_is_refreshed_too(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    hub.token_seconds = 8 * 3600
    client = await joined.person()
    await around(client)
    hub.fail("/user/repos", Fault(401))
    assert (await client.get("/api/github/repos")).status_code == 200


async def test_a_grant_taken_back_at_github_is_told_and_can_be_given_again(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    client = await joined.person()
    await around(client)
    hub.forget("ada")
    for _ in range(2):
        answer = await client.get("/api/github/repos")
        assert (answer.status_code, answer.json()["type"]) == (409, "github-lost")
    shown = await github_of(client)
    assert (shown["linked"], shown["login"], shown["lost_at"] is not None) == (False, "ada", True)
    async with joined.gateway.database.reading() as reader:
        told = await reader.fetch("SELECT name, data FROM gateway.feed")
        sealed = await reader.fetchval("SELECT sealed FROM gateway.github_link")
    assert [(row["name"], json.loads(row["data"])) for row in told] == [
        ("github.changed", {"login": "ada", "lost": True})
    ]
    assert sealed is None
    await around(client)
    assert (await github_of(client))["linked"] is True
    assert (await client.get("/api/github/repos")).status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        Fault(500),
        Fault(502),
        Fault(429, {"Retry-After": "60"}),
        Fault(403, {"X-RateLimit-Remaining": "0"}),
        Fault(200),
        Fault(200, body="[{}]"),
        Fault(302, {"Location": "https://example.com/"}),
    ],
)
async def test_a_github_that_is_unwell_is_told_as_such_and_forgotten_is_nothing(
    joined: Stand, hub: FakeGitHub, fault: Fault
) -> None:
    hub.user("ada")
    client = await joined.person()
    await around(client)
    hub.fail("/user/repos", fault)
    answer = await client.get("/api/github/repos")
    assert (answer.status_code, answer.json()["type"]) == (503, "github-away")
    assert (await github_of(client))["linked"] is True
    assert (await client.get("/api/github/repos")).status_code == 200
