"""The service in a box: real Postgres, a real machine, real HTTP; NATS only where it is the subject."""

import asyncio
import contextlib
import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio
import uvicorn
from websockets.exceptions import InvalidStatus

from aether.cli.embedded.ports import any_free_port
from aether.contracts.event import Event
from aether.contracts.ids import AccountId, CredentialId, PersonId, ProjectId, new_id
from aether.contracts.service import Service
from aether.files.adapters.hand.hand import SshHand
from aether.files.app import MIGRATIONS, http
from aether.files.deps.files import Files
from aether.files.deps.ports import Hand
from aether.files.handlers import EVENTS
from aether.kit.grants import Grant, Right, Signer, Verifier
from aether.kit.migrate import migrate
from aether.kit.origins import Origins
from aether.kit.postgres import Database
from aether.kit.ssh import MachineConnections
from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.machine import UID, TestMachine, machine_for_a_test

from .page import Page

PUBLIC_URL = "https://aether.example"


@pytest.fixture
def machine() -> Iterator[TestMachine]:
    require_host("sshd", "bwrap", "git")
    with machine_for_a_test() as machine:
        yield machine


@dataclass
class Workspace:
    """The project's folder, as a program in the machine has it. Paths are those of the API."""

    root: Path

    def at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def write(self, path: str, content: bytes | str = b"") -> Path:
        file = self.at(path)
        self.folder(str(Path("/", path).parent))
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        self._own(file)
        return file

    def folder(self, path: str) -> Path:
        folder = self.at(path)
        folder.mkdir(parents=True, exist_ok=True)
        for part in (folder, *folder.parents):
            if part.is_relative_to(self.root):
                self._own(part)
        return folder

    def link(self, path: str, target: str) -> Path:
        link = self.at(path)
        link.symlink_to(target)
        return link

    def git(self, *words: str) -> str:
        """Run git in the project, as the machine's own user."""
        name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]
        drop: dict[str, Any] = {"user": UID, "group": UID, "extra_groups": []} if os.geteuid() == 0 else {}
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root.parent)}
        done = subprocess.run(
            ["git", *name, *words], cwd=self.root, env=environment, check=True, capture_output=True, **drop
        )
        return str(done.stdout.decode())

    def repository(self) -> None:
        """What is there now becomes the first commit."""
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "Begin")

    def staged(self) -> int:
        """Bytes that are on their way, in the folder where files grow."""
        staging = self.root.parent / ".aether" / "staging"
        return sum(file.stat().st_size for file in staging.rglob("*") if file.is_file())

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, UID, UID, follow_symlinks=False)


@dataclass
class Box:
    """One person with one project, and a files service that a test may stop and start again."""

    url: str
    keys: tuple[Path, Path]
    machine: TestMachine
    account: AccountId = field(default_factory=lambda: AccountId(new_id()))
    person: PersonId = field(default_factory=lambda: PersonId(new_id()))
    credential: CredentialId = field(default_factory=lambda: CredentialId(new_id()))
    project: ProjectId = field(default_factory=lambda: ProjectId(new_id()))

    async def start(self, hand: Hand | None = None) -> None:
        self.workspace = Workspace(self.machine.home / "workspace")
        self._database = Database.connect(self.url, "files")
        self.database = await self._database.__aenter__()
        hand = hand or SshHand(MachineConnections(self.machine.issue))
        self.files = Files(database=self.database, hand=hand)
        self.signer = Signer(self.keys[0])
        verifier = Verifier(self.keys[1], Service.FILES, self.database)
        self.port = any_free_port()
        config = uvicorn.Config(
            http(self.files, verifier, Origins(PUBLIC_URL, []), {}),
            host="127.0.0.1",
            port=self.port,
            lifespan="off",
            log_config=None,
            ws="websockets-sansio",
        )
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server._serve())
        self._journal = asyncio.create_task(self.files.journal.run())
        self.client = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=httpx2.Timeout(20)
        )
        await eventually(lambda: self._server.started)

    async def stop(self) -> None:
        await self.client.aclose()
        self._server.should_exit = True
        await self._serving
        await self.files.close()
        self._journal.cancel()
        await self._database.__aexit__(None, None, None)

    # Asking.

    def grant(self, right: Right = "write", **other: Any) -> str:
        return self.signer.sign(self.given(right, **other))

    def given(self, right: Right = "write", **other: Any) -> Grant:
        values = {
            "audience": Service.FILES,
            "person_id": self.person,
            "person_name": "Ada",
            "account_id": self.account,
            "project_id": self.project,
            "right": right,
            "credential_id": self.credential,
        }
        return Grant(**{**values, **other})

    def address(self, tail: str) -> str:
        return f"/stream/files/{self.project}/{tail}"

    def authorized(self, headers: dict[str, str] | None = None, **grant: Any) -> dict[str, str]:
        return {"Authorization": f"Grant {self.grant(**grant)}", **(headers or {})}

    async def ask(
        self, method: str, tail: str, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx2.Response:
        """One request, with a fresh grant for writing."""
        return await self.client.request(method, self.address(tail), headers=self.authorized(headers), **options)

    async def get(self, tail: str, headers: dict[str, str] | None = None, /, **params: Any) -> httpx2.Response:
        return await self.ask("GET", tail, headers, params=params)

    async def put(
        self, path: str, content: bytes | str | AsyncIterator[bytes], headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        return await self.ask("PUT", "files", headers, params={"path": path}, content=content)

    @asynccontextmanager
    async def streamed(
        self, tail: str, headers: dict[str, str] | None = None, **params: Any
    ) -> AsyncIterator[httpx2.Response]:
        async with self.client.stream(
            "GET", self.address(tail), headers=self.authorized(headers), params=params
        ) as response:
            yield response

    @asynccontextmanager
    async def watching(self, *folders: str, files: tuple[str, ...] = (), **grant: Any) -> AsyncIterator[Page]:
        """A page that looks at these, from when the machine looks as well."""
        page = await self.connect(**grant)
        try:
            await page.look(*folders, files=files)
            yield page
        finally:
            await page.close()

    async def connect(self, token: str | None = None, **options: Any) -> Page:
        path = options.pop("path", f"/stream/files/watch/{self.project}")
        known = {name: options.pop(name) for name in ("headers", "subprotocols", "origin") if name in options}
        token = self.grant(**{"right": "read", **options}) if token is None else token
        return await Page.connect(f"ws://127.0.0.1:{self.port}{path}", token, **known)

    async def refused(self, token: str, **options: Any) -> int:
        """The HTTP status of a socket that was refused before it was one."""
        with pytest.raises(InvalidStatus) as refused:
            await self.connect(token, **options)
        return refused.value.response.status_code

    # Looking behind.

    async def hear(self, event: Event) -> None:
        await EVENTS[type(event)](event, self.files)

    async def journal(self, **params: Any) -> list[dict[str, Any]]:
        answer = await self.get("journal", **params)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def said(self) -> list[dict[str, Any]]:
        """What has been put into the outbox."""
        async with self.database.reading() as db:
            rows = await db.fetch("SELECT data FROM files.outbox ORDER BY id")
        return [json.loads(row["data"]) for row in rows]

    def staged(self) -> int:
        """Bytes in the machine's staging folder."""
        return self.workspace.staged()

    async def rows(self, table: str) -> int:
        async with self.database.reading() as db:
            return int(
                await db.fetchval(f"SELECT count(*) FROM files.{table} WHERE project_id = $1", self.project)
            )

    async def upload(self, path: str, size: int, **wishes: Any) -> UUID:
        answer = await self.ask("POST", "files/uploads", json={"path": path, "size": size, **wishes})
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def send(self, upload: UUID, offset: int, content: Any, query: str = "") -> httpx2.Response:
        headers = {"Upload-Offset": str(offset)}
        return await self.ask("PATCH", f"files/uploads/{upload}{query}", headers, content=content)


@pytest_asyncio.fixture
async def box(database_url: str, machine: TestMachine, grant_keys: tuple[Path, Path]) -> AsyncIterator[Box]:
    await migrate(database_url, "files", MIGRATIONS)
    box = Box(database_url, grant_keys, machine)
    await box.start()
    yield box
    with contextlib.suppress(Exception):
        await box.stop()
