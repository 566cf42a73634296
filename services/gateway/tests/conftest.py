"""Every test here has a gateway of its own, over a copy of one prepared database."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from aether.kit.provision import provision_streams
from aether.kit.vault import new_keyset
from aether.testkit.gateway import Stand, prepared_database, standing_gateway
from aether.testkit.github import FakeGitHub
from aether.testkit.nats import EmbeddedNats
from aether.testkit.postgres import PostgresServer
from aether.testkit.upstreams import App
from aether.testkit.ways import github_settings


@pytest_asyncio.fixture(scope="session")
async def template(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The name of a database with the gateway's schema in it."""
    url = await postgres_server.create_database()
    await prepared_database(url)
    yield urlsplit(url).path[1:]
    await postgres_server.drop_database(url)


@pytest_asyncio.fixture
async def gateway_database(postgres_server: PostgresServer, template: str) -> AsyncIterator[str]:
    url = await postgres_server.create_database(template)
    yield url
    await postgres_server.drop_database(url)


@pytest_asyncio.fixture(scope="session")
async def nats_url(nats_server: EmbeddedNats) -> str:
    await provision_streams(nats_server.url)
    return nats_server.url


@pytest_asyncio.fixture(scope="module")
async def shared_stand(
    postgres_server: PostgresServer, template: str, nats_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stand]:
    """One gateway for all tests of a file, where none of them changes what it is."""
    url = await postgres_server.create_database(template)
    async with standing_gateway(url, nats_url, tmp_path_factory.mktemp("stand")) as running:
        yield running
    await postgres_server.drop_database(url)


@pytest_asyncio.fixture
async def app() -> AsyncIterator[App]:
    """A program that listens on a port of its own."""
    async with App().running() as running:
        yield running


@pytest_asyncio.fixture
async def stand(gateway_database: str, nats_url: str, tmp_path: Path) -> AsyncIterator[Stand]:
    async with standing_gateway(gateway_database, nats_url, tmp_path) as running:
        yield running


@pytest_asyncio.fixture
async def hub(tmp_path: Path) -> AsyncIterator[FakeGitHub]:
    """A GitHub without accounts."""
    async with FakeGitHub(tmp_path / "hub").running() as running:
        yield running


@pytest_asyncio.fixture
async def joined(gateway_database: str, nats_url: str, tmp_path: Path, hub: FakeGitHub) -> AsyncIterator[Stand]:
    """A gateway with an app at `hub`, whose clock is the gateway's."""
    keyset = tmp_path / "keyset.json"
    keyset.write_text(new_keyset())
    settings = {**github_settings(hub), "master_keyset_file": keyset}
    async with standing_gateway(gateway_database, nats_url, tmp_path, **settings) as running:
        hub.now = running.clock.now
        yield running
