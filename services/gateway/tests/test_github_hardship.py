"""A GitHub that answers late or never: no link is lost by it, nobody waits for it, and it hears of the end."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from aether.contracts.ids import AccountId, ProjectId, new_id
from aether.gateway.deps.github import GitHubDesk
from aether.testkit.eventually import eventually
from aether.testkit.gateway import PASSWORD, Stand
from aether.testkit.github import FakeGitHub
from aether.testkit.github_state import Fault
from aether.testkit.ways import around, signed_in

PROJECT = ProjectId(new_id())
EIGHT_HOURS = 8 * 3600


def desk_of(stand: Stand) -> GitHubDesk:
    assert stand.gateway.github is not None
    return stand.gateway.github


async def lend(stand: Stand, client: httpx2.AsyncClient, hub: FakeGitHub) -> str:
    """The token that git is lent."""
    account = AccountId(UUID((await client.get("/api/me")).json()["account_id"]))
    host = hub.url.removeprefix("http://")
    return (await desk_of(stand).credential(account, PROJECT, "http", host)).password


async def linked(stand: Stand, hub: FakeGitHub, login: str = "ada") -> httpx2.AsyncClient:
    """Somebody with a password whose private repositories are granted, and whose token is lent."""
    hub.user(login)
    client = await stand.person()
    await around(client, private="true")
    await lend(stand, client, hub)
    return client


async def is_waiting(stand: Stand) -> bool:
    """Whether a statement waits for another transaction."""
    async with stand.gateway.database.reading() as reader:
        return bool(
            await reader.fetchval(
                """
                SELECT count(*) > 0 FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'"""
            )
        )


async def spent(stand: Stand) -> int:
    """How many tokens GitHub has yet to be told to forget."""
    async with stand.gateway.database.reading() as reader:
        return int(await reader.fetchval("SELECT count(*) FROM gateway.github_spent"))


@pytest.mark.parametrize(("path", "seconds"), [("/token", None), ("/access_token", EIGHT_HOURS)])
async def test_what_github_renewed_is_kept_when_whoever_asked_is_gone(
    joined: Stand, hub: FakeGitHub, path: str, seconds: int | None
) -> None:
    hub.token_seconds = seconds
    client = await linked(joined, hub)
    joined.clock.advance(timedelta(hours=8))
    with hub.late(path) as late:
        asking = asyncio.create_task(lend(joined, client, hub))
        await eventually(lambda: late.requests == 1)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    assert list(hub.grants) == [await lend(joined, client, hub)]


async def test_closing_waits_for_what_github_is_renewing(joined: Stand, hub: FakeGitHub) -> None:
    await linked(joined, hub)
    joined.clock.advance(timedelta(hours=1))
    with hub.late("/token") as late:
        taking = asyncio.create_task(desk_of(joined).take_back())
        await eventually(lambda: late.requests == 1)
        taking.cancel()
        closing = asyncio.create_task(desk_of(joined).close())
        await asyncio.gather(taking, return_exceptions=True)
        assert not closing.done()
    await closing
    async with joined.gateway.database.reading() as reader:
        row = await reader.fetchrow("SELECT version, handed_until, lost_at FROM gateway.github_link")
    assert row is not None
    assert tuple(row) == (2, None, None)


async def while_github_renews(joined: Stand, hub: FakeGitHub, act: Coroutine[Any, Any, object]) -> None:
    """What was lent is taken back; before GitHub has answered that, `act` waits for the link."""
    joined.clock.advance(timedelta(hours=1))
    with hub.late("/token") as late:
        taking = asyncio.create_task(desk_of(joined).take_back())
        await eventually(lambda: late.requests == 1)
        acting = asyncio.create_task(act)
        await eventually(lambda: is_waiting(joined))
    await asyncio.gather(taking, acting)


async def test_signing_in_while_github_renews_keeps_the_newer_token(joined: Stand, hub: FakeGitHub) -> None:
    client = await linked(joined, hub)
    await while_github_renews(joined, hub, signed_in(joined))
    assert (await client.get("/api/github/repos")).status_code == 200
    await joined.gateway.finish()
    assert list(hub.grants) == [await lend(joined, client, hub)]


Leave = Callable[[httpx2.AsyncClient], Coroutine[Any, Any, None]]


async def unlink(client: httpx2.AsyncClient) -> None:
    assert (await client.delete("/api/github")).status_code == 204


async def delete_account(client: httpx2.AsyncClient) -> None:
    assert (await client.request("DELETE", "/api/me", json={"password": PASSWORD})).status_code == 204


LEAVING = pytest.mark.parametrize("leave", [unlink, delete_account])


@LEAVING
async def test_whoever_leaves_while_github_renews_leaves_no_token(
    joined: Stand, hub: FakeGitHub, leave: Leave
) -> None:
    client = await linked(joined, hub)
    await while_github_renews(joined, hub, leave(client))
    await joined.gateway.finish()
    assert hub.grants == {}


@LEAVING
async def test_a_grant_that_github_did_not_take_back_is_given_back_later(
    joined: Stand, hub: FakeGitHub, leave: Leave
) -> None:
    client = await linked(joined, hub)
    hub.fail("/grant", Fault(503), Fault(502))
    await leave(client)
    await joined.gateway.finish()
    for pause in (1, 2):
        assert (len(hub.grants), await spent(joined)) == (1, 1)
        await desk_of(joined).spent.give_back()
        assert len(hub.grants) == 1, "it is not asked again at once"
        joined.clock.advance(timedelta(minutes=pause))
        await desk_of(joined).spent.give_back()
    assert (hub.grants, await spent(joined)) == ({}, 0)


async def test_what_was_granted_for_nothing_is_given_back_later(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    hub.fail("/user", Fault(500))
    hub.fail("/token", Fault(503))
    assert await around(joined.client()) == "/login?problem=github-away"
    await joined.gateway.finish()
    assert (len(hub.grants), await spent(joined)) == (1, 1)
    await desk_of(joined).spent.give_back()
    assert (hub.grants, await spent(joined)) == ({}, 0)


async def test_whoever_links_anew_keeps_the_grant_that_was_to_be_given_back(
    joined: Stand, hub: FakeGitHub
) -> None:
    client = await linked(joined, hub)
    before = next(iter(hub.grants))
    hub.fail("/grant", Fault(503))
    await unlink(client)
    await joined.gateway.finish()
    await around(client, private="true")
    await joined.gateway.finish()
    joined.clock.advance(timedelta(minutes=1))
    await desk_of(joined).spent.give_back()
    assert before not in hub.grants
    assert (await client.get("/api/github/repos")).status_code == 200


async def test_a_github_that_never_answers_is_told_no_more_one_day(joined: Stand, hub: FakeGitHub) -> None:
    client = await linked(joined, hub)
    hub.fail("/grant", *[Fault(503)] * 20)
    await unlink(client)
    await joined.gateway.finish()
    for _ in range(19):
        joined.clock.advance(timedelta(days=1))
        await desk_of(joined).spent.give_back()
    assert await spent(joined) == 0
    assert len([path for _, path, _ in hub.requests if path.endswith("/grant")]) == 12


async def test_a_github_that_hangs_leaves_connections_to_everybody_else(joined: Stand, hub: FakeGitHub) -> None:
    people = [await linked(joined, hub, f"p{number}") for number in range(11)]
    joined.clock.advance(timedelta(hours=1))
    with hub.late("/token") as late:
        asking = [asyncio.create_task(client.get("/api/github/repos")) for client in people]
        await eventually(lambda: late.requests >= 3)
        for client in people:
            assert (await client.get("/api/me")).status_code == 200
        assert late.requests == 3
    assert {answer.status_code for answer in await asyncio.gather(*asking)} == {200}
