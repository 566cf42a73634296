"""P8: GET /api/projects beside the least that FastAPI and asyncpg could do for the same answer."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx2

from aether.cli.embedded.ports import any_free_port
from bench.figures import Figure, median, milliseconds, wait_until
from bench.running import Aether


def listing(aether: Aether, rounds: int) -> Figure:
    for number in range(10):
        aether.post("/api/projects", {"name": f"listed-{number}"})
    with _bare_handler(aether) as bare:
        samples: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(rounds):
            samples["ours"] += _timed(aether.api, "/api/projects", 20)
            samples["bare"] += _timed(bare, "/projects", 20)
    ours, peer = median(samples["ours"]), median(samples["bare"])
    what = "GET /api/projects p50, 10 projects, 1 caller"
    return Figure("P8", what, milliseconds(ours), milliseconds(peer), ours / peer, "≤ 2.5", ours / peer <= 2.5)


def _timed(client: httpx2.Client, path: str, rounds: int) -> list[float]:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        client.get(path).raise_for_status()
        times.append(time.perf_counter() - began)
    return times


@contextlib.contextmanager
def _bare_handler(aether: Aether) -> Iterator[httpx2.Client]:
    """The peer in a process of its own, on the same Postgres and the same rows."""
    port = any_free_port()
    secrets = aether.stack.home / "secrets"
    environment = {
        "BARE_URL": f"postgresql://aether@127.0.0.1:{aether.stack.ports()['postgres']}/aether",
        "PGPASSFILE": str(secrets / "superuser.pgpass"),
        "PATH": "/usr/bin:/bin",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "bench.bare:app", "--port", str(port), "--log-level", "warning"],
        env=environment,
    )
    client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)
    try:
        wait_until(lambda: _answers(client), 15, "the bare handler's start")
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait(10)


def _answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/projects").status_code == 200
    except httpx2.TransportError:
        return False
