"""A real Postgres for a whole test session, and a fresh database for each test in 50 ms."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex, token_urlsafe
from signal import SIGINT, SIGKILL
from threading import Thread
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from aether.cli.embedded.binaries import postgres_programs
from aether.cli.embedded.identities import dropped
from aether.cli.embedded.ports import any_free_port
from aether.cli.embedded.postgres import ENVIRONMENT, Postgres

GIVEN_URL = "AETHER_TEST_DATABASE_URL"


class PostgresServer:
    """Somewhere databases can be made. `url` is a superuser's and holds the password."""

    def __init__(self, url: str) -> None:
        self.url = url

    def database_url(self, name: str) -> str:
        """The superuser's URL of another database of this server."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    async def create_database(self, template: str = "template1") -> str:
        """Create a database as a copy of `template`, to which nobody may be connected; its superuser URL."""
        name = f"test_{token_hex(8)}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.database_url(name)

    async def drop_database(self, url: str) -> None:
        """Drop a database, cutting whoever is still connected."""
        await self._execute(f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


class EmbeddedPostgres(PostgresServer):
    """A server of this session's own, which a test may kill, freeze and start again."""

    def __init__(self, folder: Path) -> None:
        self._cluster = Postgres(
            programs=postgres_programs(folder / "programs"),
            data=folder / "data",
            port=any_free_port(),
            identity=dropped(1),
            password=token_urlsafe(24),
            durable=False,
        )
        self._log = (folder / "postgres.log").open("wb")
        self._process: subprocess.Popen[Any] | None = None
        super().__init__(self._cluster.url(password=True))

    def start(self) -> None:
        """Start the server, making the cluster the first time, and wait until it answers."""
        if not self._cluster.initialised():
            self._cluster.initialise()
        self._cluster.clear_stale()
        self._process = subprocess.Popen(
            self._cluster.command(),
            cwd="/",
            env=ENVIRONMENT,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
            **self._cluster.identity.process(),
        )
        ready = run_elsewhere(self._cluster.wait_until_accepting(20))
        assert ready, f"postgres did not start; its log is {self._log.name}"

    def kill(self) -> None:
        """End the server as a power cut of one process: kill -9, no goodbye."""
        self._end(SIGKILL)

    def stop(self) -> None:
        """Stop the server cleanly."""
        self._end(SIGINT)

    def signal(self, number: int) -> None:
        """Send a signal to the server, for instance SIGSTOP to freeze it."""
        assert self._process is not None
        self._process.send_signal(number)

    def restart(self) -> None:
        """Kill the server and wait until it answers again."""
        self.kill()
        self.start()

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Stop the server and let go of its log."""
        self.stop()
        self._log.close()


def run_elsewhere(waiting: Any) -> Any:
    """The result of a coroutine, run on a loop of its own in another thread: the caller may be on one."""
    result: list[Any] = []

    def run() -> None:
        result.append(asyncio.run(waiting))

    thread = Thread(target=run)
    thread.start()
    thread.join()
    return result[0]


@contextmanager
def postgres_for_a_session(folder: Path) -> Iterator[PostgresServer]:
    """The server AETHER_TEST_DATABASE_URL names, else an embedded one in `folder`."""
    if given := os.environ.get(GIVEN_URL):
        yield PostgresServer(given)
        return
    server = EmbeddedPostgres(folder)
    server.start()
    try:
        yield server
    finally:
        server.close()
