"""The fixtures every test of aether may ask for; pytest finds them by this package's entry point."""

import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from joserfc.jwk import OKPKey

from aether.testkit.clock import FakeClock
from aether.testkit.nats import EmbeddedNats, GivenNats, nats_for_a_session
from aether.testkit.postgres import PostgresServer, postgres_for_a_session
from aether.testkit.stack import Stack, standing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a whole aether and takes longest comes first, so that no worker is left with it in the end."""
    items.sort(key=lambda item: "e2e" not in item.path.parts)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What fails says what the aether that it used has complained of: its folder is gone when one reads that."""
    report = yield
    if report.failed:
        used = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Stack)]
        report.sections += [(f"aether at {stack.home}", stack.complaints()) for stack in used]
    return report


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder for servers' data, which a dropped uid can walk through as pytest's own cannot be."""
    folder = Path(tempfile.mkdtemp(prefix="aether-test-"))
    folder.chmod(0o711)
    before = os.umask(0o022)  # and what is made in it can be walked through as well
    yield folder
    os.umask(before)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[PostgresServer]:
    """One Postgres for the session: `.url` of a superuser, `await .create_database()`."""
    folder = server_folder / "postgres"
    folder.mkdir(mode=0o711)
    with postgres_for_a_session(folder) as server:
        yield server


@pytest_asyncio.fixture
async def database_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The superuser's URL of an empty database that only this test uses."""
    url = await postgres_server.create_database()
    yield url
    await postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def nats_server(server_folder: Path) -> Iterator[EmbeddedNats | GivenNats]:
    """One nats-server with JetStream for the session: `.url`, `.kill()`, `.start()`, `.restart()`."""
    folder = server_folder / "nats"
    folder.mkdir()
    with nats_for_a_session(folder) as server:
        yield server


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until the test moves it."""
    return FakeClock()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(server_folder: Path) -> AsyncIterator[Stack]:
    """One whole aether for the session, as `aether up` starts it: `.url`, `.kill(part)`, `.output()`."""
    async with standing(server_folder / "stack") as running:
        yield running


@pytest.fixture(scope="session")
def grant_keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The gateway's key and its public part, as files."""
    folder = tmp_path_factory.mktemp("keys")
    key = OKPKey.generate_key("Ed25519")
    private, public = folder / "private.json", folder / "public.json"
    private.write_text(json.dumps(key.as_dict(private=True)))
    public.write_text(json.dumps(key.as_dict(private=False)))
    return private, public
