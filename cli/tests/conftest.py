"""A gateway to talk to, and the command as a person runs it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest_asyncio

from aether.kit.provision import provision_streams
from aether.testkit.gateway import PASSWORD, Stand, prepared_database, standing_gateway
from aether.testkit.nats import EmbeddedNats
from aether.testkit.postgres import PostgresServer


@pytest_asyncio.fixture(scope="session")
async def template(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The name of a database with the gateway's schema in it."""
    url = await postgres_server.create_database()
    await prepared_database(url)
    yield urlsplit(url).path[1:]
    await postgres_server.drop_database(url)


@pytest_asyncio.fixture
async def stand(
    postgres_server: PostgresServer, template: str, nats_server: EmbeddedNats, tmp_path: Path
) -> AsyncIterator[Stand]:
    await provision_streams(nats_server.url)
    url = await postgres_server.create_database(template)
    async with standing_gateway(url, nats_server.url, tmp_path) as running:
        yield running
    await postgres_server.drop_database(url)


@dataclass
class Person:
    """Somebody with a configuration folder of their own, who types commands."""

    stand: Stand
    folder: Path
    email: str = "ann@example.com"
    environ: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        kept = {n: v for n, v in os.environ.items() if not n.startswith("AETHER_")}
        return {**kept, "XDG_CONFIG_HOME": str(self.folder), "COLUMNS": "200", **self.environ}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "aether.cli.main", *arguments]

    async def run(self, *arguments: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """Run a command to its end, elsewhere: the gateway needs this loop meanwhile."""
        return await asyncio.to_thread(
            subprocess.run,
            self.command(*arguments),
            input=given,
            capture_output=True,
            env=self.environment(),
            timeout=60,
            check=False,
        )

    async def login(self) -> None:
        """With the password, as it is typed without a terminal."""
        done = await self.run(
            "login", "--url", self.stand.url, "--email", self.email, given=PASSWORD.encode() + b"\n"
        )
        assert done.returncode == 0, done.stderr


@pytest_asyncio.fixture
async def ann(stand: Stand, tmp_path: Path) -> Person:
    """Someone who has an account and is not signed in."""
    await stand.person("ann@example.com")
    return Person(stand, tmp_path / "config")


@pytest_asyncio.fixture
async def signed_in(ann: Person) -> Person:
    await ann.login()
    return ann
