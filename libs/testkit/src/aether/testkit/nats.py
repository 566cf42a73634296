"""A real nats-server with JetStream for a whole test session."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

from aether.cli.embedded.binaries import nats_server
from aether.cli.embedded.identities import myself
from aether.cli.embedded.nats import NatsServer, NatsUser
from aether.cli.embedded.ports import any_free_port
from aether.testkit.postgres import run_elsewhere

GIVEN_URL = "AETHER_TEST_NATS_URL"


class EmbeddedNats:
    """A server of its own, which a test may kill, freeze, start again or rob of its store.

    With no `users` it lets anybody in.
    """

    def __init__(self, folder: Path, users: Sequence[NatsUser] = ()) -> None:
        self.folder = folder
        self._server = NatsServer(
            program=nats_server(folder / "programs"),
            folder=folder / "nats",
            port=any_free_port(),
            identity=myself(),
            users=users,
            durable=False,
        )
        self._log = (folder / "nats.log").open("wb")
        self._process: subprocess.Popen[Any] | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return self._server.url

    def start(self) -> None:
        """Start the server and wait until it and its JetStream answer."""
        self._server.write()
        self._process = subprocess.Popen(
            self._server.command(), stdout=self._log, stderr=self._log, start_new_session=True
        )
        ready = run_elsewhere(self._server.wait_until_accepting(20))
        assert ready, f"nats-server did not start; its log is {self._log.name}"

    def kill(self) -> None:
        """End the server with kill -9."""
        self._end(SIGKILL)

    def stop(self) -> None:
        """Stop the server cleanly."""
        self._end(SIGTERM)

    def signal(self, number: int) -> None:
        """Send a signal to the server, for instance SIGSTOP to freeze it."""
        assert self._process is not None
        self._process.send_signal(number)

    def restart(self) -> None:
        """Kill the server, keep its store, and wait until it answers again."""
        self.kill()
        self.start()

    def delete_store(self) -> None:
        """Delete everything JetStream kept. The server must not be running."""
        assert self._process is None
        shutil.rmtree(self.folder / "nats" / "store", ignore_errors=True)

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Stop the server and let go of its log."""
        self.stop()
        self._log.close()


class GivenNats:
    """A server somebody else runs: tests may use it and cannot kill it."""

    def __init__(self, url: str) -> None:
        self.url = url


@contextmanager
def nats_for_a_session(folder: Path) -> Iterator[EmbeddedNats | GivenNats]:
    """The server AETHER_TEST_NATS_URL names, else an embedded one in `folder`."""
    if given := os.environ.get(GIVEN_URL):
        yield GivenNats(given)
        return
    server = EmbeddedNats(folder)
    server.start()
    try:
        yield server
    finally:
        server.close()
