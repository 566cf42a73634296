"""A browser's way to GitHub and back, step by step, so that a test can do wrong at each."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

from aether.testkit.gateway import Stand
from aether.testkit.github import CLIENT_ID, CLIENT_SECRET, FakeGitHub

START, CALLBACK = "/api/auth/github/start", "/api/auth/github/callback"


def github_settings(hub: FakeGitHub) -> dict[str, Any]:
    """What a gateway is told to use this GitHub, but for its keyset."""
    return {
        "github_client_id": CLIENT_ID,
        "github_client_secret": CLIENT_SECRET,
        "github_web_url": hub.url,
        "github_api_url": hub.api_url,
    }


async def set_out(client: httpx2.AsyncClient, site: str = "same-origin", **query: str) -> str:
    """Press the button; answers where the browser is sent."""
    answer = await client.get(START, params=query, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def agree(url: str) -> str:
    """At GitHub; answers where the browser is sent back to."""
    async with httpx2.AsyncClient(trust_env=False) as browser:
        answer = await browser.get(url)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


async def come_back(client: httpx2.AsyncClient, url: str) -> str:
    """On the way back; answers the page of the web app that it ends on, from its root."""
    answer = await client.get(url, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 303, answer.text
    location = str(answer.headers["location"])
    origin = str(client.base_url).rstrip("/")
    assert location.startswith(f"{origin}/"), location
    return location.removeprefix(origin)


async def around(client: httpx2.AsyncClient, **query: str) -> str:
    """The whole way."""
    return await come_back(client, await agree(await set_out(client, **query)))


async def signed_in(stand: Stand, **query: str) -> httpx2.AsyncClient:
    """A browser that has signed in with whoever sits at it at GitHub."""
    client = stand.client()
    assert "problem" not in await around(client, **query)
    return client


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))
