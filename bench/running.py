"""An aether to measure, driven through its API as any client would drive it."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2

from aether.contracts.ids import ProjectId
from aether.contracts.machines import IssueSshCertificate, SshCertificate
from aether.contracts.service import Service
from aether.kit.bus import Bus
from aether.testkit.stack import Stack
from bench.figures import wait_until
from bench.sockets import Socket


@dataclass
class Aether:
    """One running stack and a person in it who holds a token."""

    stack: Stack
    api: httpx2.Client

    @property
    def url(self) -> str:
        return self.stack.url

    def project(self, name: str) -> str:
        """A new project, started; answers its id."""
        made = self.post("/api/projects", {"name": f"{name}-{uuid4().hex[:6]}"})
        self.post(f"/api/projects/{made['id']}/start", {})
        self.wait_for(made["id"], "running")
        return str(made["id"])

    def wait_for(self, project: str, status: str, seconds: float = 30) -> None:
        wait_until(lambda: self.get(f"/api/projects/{project}")["status"] == status, seconds, f"{status}")

    def get(self, path: str) -> Any:
        return self.api.get(path).raise_for_status().json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.api.post(path, json=body)
        if answer.status_code >= 400:
            raise RuntimeError(f"{path}: {answer.text}")
        return answer.json() if answer.content else None

    def terminal(self, project: str, **options: Any) -> str:
        return str(self.post(f"/api/projects/{project}/terminals", {"cols": 80, "rows": 24, **options})["id"])

    def straight(self, terminal: str) -> Socket:
        """A socket at the terminal service itself, with a grant of our own."""
        grant = self.post(f"/api/terminals/{terminal}/grant", {"right": "input"})["grant"]
        url = f"ws://127.0.0.1:{self.stack.ports()['terminal']}/stream/terminal/{terminal}?offset=0"
        return Socket(url, {}, ["aether.v1", f"aether.grant.{grant}"])

    def through(self, terminal: str) -> Socket:
        """A socket at the gateway, as a browser's is."""
        url = self.url.replace("http://", "ws://") + f"/stream/terminal/{terminal}?offset=0"
        return Socket(url, {"Authorization": self.api.headers["Authorization"]})

    def machine(self, project: str, public_key: str) -> SshCertificate:
        """The way into the project's machine, asked for as the terminal service asks."""
        return asyncio.run(self._machine(ProjectId(UUID(project)), public_key))

    async def _machine(self, project: ProjectId, public_key: str) -> SshCertificate:
        ports, seed = self.stack.ports(), self.stack.home / "secrets" / "terminal.nk"
        async with Bus.connect(f"nats://127.0.0.1:{ports['nats']}", Service.TERMINAL, seed_file=seed) as bus:
            return await bus.request(IssueSshCertificate(project_id=project, public_key=public_key))

    def pid(self, part: str) -> int:
        return self.stack.pids()[part]


@contextmanager
def running(environ: dict[str, str] | None = None) -> Iterator[Aether]:
    """Start a stack in a folder of its own, sign somebody up, and stop it all at the end."""
    folder = Path(tempfile.mkdtemp(prefix="aether-bench-"))
    folder.chmod(0o711)
    stack = Stack(folder, environ=environ)
    try:
        asyncio.run(stack.start(within=150))
        yield Aether(stack, _signed_up(stack.url))
    finally:
        stack.close()
        shutil.rmtree(folder, ignore_errors=True)


def _signed_up(url: str) -> httpx2.Client:
    client = httpx2.Client(base_url=url, timeout=30, headers={"Origin": url})
    body = {"email": f"{uuid4().hex[:8]}@example.com", "password": uuid4().hex}
    client.post("/api/auth/signup", json=body).raise_for_status()
    token = client.post("/api/tokens", json={"name": "bench"}).raise_for_status().json()["secret"]
    client.close()
    return httpx2.Client(base_url=url, timeout=30, headers={"Authorization": f"Bearer {token}"})


def pss(pid: int) -> int:
    """Proportional set size of one process, in bytes (smaps_rollup of proc(5))."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def descendants(pid: int) -> list[int]:
    """A process and all that came from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        present = waiting.pop()
        found.append(present)
        waiting += parents.get(present, [])
    return [p for p in found if os.path.exists(f"/proc/{p}/smaps_rollup")]  # noqa: PTH110 - may vanish meanwhile
