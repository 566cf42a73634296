"""What is secret is only where it is kept sealed: in no log, trace, table, environment or argument.

Canaries go every way that a secret goes, on an aether that logs all it can; then everything is searched.
"""

import json
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import psutil
import pytest
import pytest_asyncio

from aether.cli.embedded.ports import LOOPBACK
from aether.cli.embedded.postgres import SUPERUSER
from aether.cli.supervisor.composition import DATABASE
from aether.testkit import ways
from aether.testkit.eventually import eventually
from aether.testkit.github import FakeGitHub
from aether.testkit.host import require_host
from aether.testkit.models import ASIDE, Models
from aether.testkit.person import Person
from aether.testkit.stack import Stack, standing

CALLER = Path(__file__).with_name("caller.py")
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----"


@dataclass
class Canaries:
    """Secrets by what they are, each to be found if it is written down anywhere."""

    secrets: dict[str, str] = field(default_factory=dict)

    def hatch(self, what: str, prefix: str = "") -> str:
        self.secrets[what] = f"{prefix}{uuid4().hex}{uuid4().hex}"
        return self.secrets[what]

    def keep(self, what: str, secret: str) -> None:
        """One that aether made."""
        self.secrets[what] = secret

    def found_in(self, data: bytes) -> set[str]:
        """Which of them are in it, plain or as Postgres shows bytes."""
        return {
            what
            for what, secret in self.secrets.items()
            if secret.encode() in data or secret.encode().hex().encode() in data
        }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def models() -> AsyncIterator[Models]:
    async with Models("").serving() as serving:
        yield serving


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hub(server_folder: Path) -> AsyncIterator[FakeGitHub]:
    hub = FakeGitHub(server_folder)
    hub.token_seconds = 8 * 3600  # as of a GitHub App: with a token to refresh them
    async with hub.running():
        yield hub


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def talkative(server_folder: Path, models: Models, hub: FakeGitHub) -> AsyncIterator[Stack]:
    """An aether of its own, that logs everything."""
    around = {"AGENTS_VENDORS": json.dumps(models.bases()), **hub.environment}
    async with standing(server_folder / "talkative", {"AETHER_LOG_LEVEL": "DEBUG", **around}) as running:
        yield running


async def send_all(stack: Stack, person: Person, canaries: Canaries, models: Models, hub: FakeGitHub) -> None:
    """Rightly and wrongly, as people and programs do."""
    canaries.keep("password", person.password)
    canaries.keep("personal token", person.token)
    canaries.keep("session", person.cookie.split("=", 1)[1])
    project = await person.create("secrets", env={"DEPLOY": canaries.hatch("value of a project's environment")})
    await person.start(project)
    await _keep_keys(person, canaries, project)
    await _let_in(person, canaries, project)
    await _err(person, canaries, project)
    await _link(person, canaries, hub)
    models.key = canaries.secrets["rotated ANTHROPIC_API_KEY"]
    called = await _run_one(stack, person, project, hub)
    assert (called["model"], models.strangers) == (ASIDE, [])
    assert called["password"] in canaries.secrets.values()
    assert called["secret"].startswith("aer_")
    canaries.keep("secret of a run", called["secret"])


async def _keep_keys(person: Person, canaries: Canaries, project: str) -> None:
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"):
        for time in ("first", "rotated"):
            await _put(person, name, {"value": canaries.hatch(f"{time} {name}", "sk-")})
    await _put(person, "NPM_TOKEN", {"value": canaries.hatch("injected key"), "projects": [project]})
    await _put(person, "OPENROUTER_API_KEY", {"value": canaries.hatch("key that was deleted")})
    (await person.session.delete("/api/keys/OPENROUTER_API_KEY")).raise_for_status()


async def _put(person: Person, name: str, body: dict[str, Any]) -> None:
    answer = await person.session.put(f"/api/keys/{name}", json=body)
    assert answer.status_code == 200, answer.text
    assert body["value"] not in answer.text


async def _let_in(person: Person, canaries: Canaries, project: str) -> None:
    made = await person.post(f"/api/projects/{project}/agents", {"name": "laptop"})
    inner = made["private_key"].splitlines()[2]
    canaries.keep("private key", inner)
    hook = await person.session.post("/api/webhooks", json={"url": "https://hooks.example.com/x"})
    canaries.keep("webhook's secret", hook.raise_for_status().json()["secret"])
    subscription = {"endpoint": "https://push.example.com/x", "p256dh": "B" * 87}
    await person.session.post("/api/me/push", json={**subscription, "auth": canaries.hatch("push secret")[:22]})
    canaries.keep("push secret", canaries.secrets["push secret"][:22])


async def _err(person: Person, canaries: Canaries, project: str) -> None:
    """What is refused is not repeated."""
    long = canaries.hatch("key that was too long") * 400
    answers = [
        await person.session.put("/api/keys/ANTHROPIC_API_KEY", json={"value": long}),
        await person.session.put("/api/keys/NOT-A-NAME", json={"value": canaries.hatch("key of a bad name")}),
        await person.session.put(
            "/api/keys/OPENAI_API_KEY", json={"valeu": canaries.hatch("key in a wrong field")}
        ),
        await person.session.post(
            "/api/projects",
            json={
                "name": "x",
                "repo_url": f"https://x:{canaries.hatch('password in an address')}@example.com/x.git",
            },
        ),
        await person.session.post(
            "/api/auth/login", json={"email": person.email, "password": canaries.hatch("wrong password")}
        ),
        await person.session.post(
            "/api/auth/reset", json={"token": canaries.hatch("reset token"), "password": "long enough to pass"}
        ),
        await person.session.post(
            f"/api/projects/{project}/agents",
            json={
                "name": "x",
                "public_key": f"{PRIVATE}\n{canaries.hatch('pasted key')}",
            },
        ),
        await person.session.post("/api/auth/external", json={"token": canaries.hatch("token of an issuer")}),
    ]
    for answer in answers:
        assert answer.status_code in range(400, 500) or answer.status_code == 503, answer.text
        assert not canaries.found_in(answer.content), answer.text
    bearer = {"Authorization": f"Bearer {canaries.hatch('unknown token', 'aet_')}"}
    async with httpx2.AsyncClient(base_url=person.url, headers=bearer) as stranger:
        assert (await stranger.get("/api/me")).status_code == 401


async def _link(person: Person, canaries: Canaries, hub: FakeGitHub) -> None:
    hub.user("ada")
    assert "problem" not in await ways.around(person.session, private="true")
    [grant] = hub.grants.values()
    assert grant.refresh
    canaries.keep("GitHub's token", grant.access)
    canaries.keep("GitHub's refresh token", grant.refresh)


async def _run_one(stack: Stack, person: Person, project: str, hub: FakeGitHub) -> dict[str, str]:
    """Through a run, from whose machine a model and git's credential helper are asked; what was answered there."""
    folder = stack.home / "volumes" / project / "workspace"
    put = await person.api.put(
        f"/api/projects/{project}/files", params={"path": "/caller.py"}, content=CALLER.read_bytes()
    )
    put.raise_for_status()
    command = f"python3 -I caller.py {hub.url.removeprefix('http://')}"
    begun = await person.post(f"/api/projects/{project}/runs", {"agent": "command", "command": command})

    async def is_over() -> bool:
        return bool((await person.get(f"/api/runs/{begun['id']}"))["ended_at"])

    await eventually(is_over, within=60, every=0.2)
    called: dict[str, str] = json.loads((folder / "called.json").read_text())
    return called


def files_of(stack: Stack) -> Iterator[Path]:
    """Logs, traces and what was printed. What the machine's own user wrote is theirs."""
    for folder in (stack.home / "logs", stack.home / "traces", stack.home / "nats"):
        yield from (path for path in folder.rglob("*") if path.is_file())


def processes_of(stack: Stack) -> Iterator[psutil.Process]:
    """The supervisor and the services, without the machines."""
    yield psutil.Process(stack.pid)
    for pid in stack.pids().values():
        yield psutil.Process(pid)


async def tables_of(stack: Stack) -> dict[str, bytes]:
    """Every row of every table, as text."""
    port = stack.ports()["postgres"]
    passwords = stack.home / "secrets" / "superuser.pgpass"
    db = await asyncpg.connect(
        f"postgresql://{SUPERUSER}@{LOOPBACK}:{port}/{DATABASE}", passfile=str(passwords), timeout=20
    )
    try:
        names = await db.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        rows = {row["name"]: await db.fetch(f"SELECT t::text AS row FROM {row['name']} AS t") for row in names}
        return {name: "\n".join(row["row"] for row in found).encode() for name, found in rows.items()}
    finally:
        await db.close()


@pytest.mark.timeout(300)
async def test_no_secret_is_written_down_anywhere(talkative: Stack, models: Models, hub: FakeGitHub) -> None:
    require_host("tmux")
    canaries, person = Canaries(), Person.sign_up(talkative.url)
    try:
        await send_all(talkative, person, canaries, models, hub)
    finally:
        await person.leave()
    assert len(canaries.secrets) >= 27
    for path in files_of(talkative):
        assert not canaries.found_in(path.read_bytes()), path
    assert not canaries.found_in(talkative.output().encode())
    tables = await tables_of(talkative)
    assert all(tables[name] for name in ("agents.run", "agents.key", "agents.webhook", "gateway.github_link"))
    for name, rows in tables.items():
        found = canaries.found_in(rows)
        assert not found, f"{name} holds {found}"
    for process in processes_of(talkative):
        environment = "\0".join(f"{key}={value}" for key, value in process.environ().items()).encode()
        assert not canaries.found_in(environment), process.name()
        assert not canaries.found_in("\0".join(process.cmdline()).encode()), process.name()


def test_a_canary_is_found_where_it_is() -> None:
    canaries = Canaries()
    secret = canaries.hatch("it")
    assert canaries.found_in(f"x{secret}y".encode()) == {"it"}
    assert canaries.found_in(b"\\x" + secret.encode().hex().encode()) == {"it"}
    assert not canaries.found_in(os.urandom(64))
