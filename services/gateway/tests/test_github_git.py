"""What git in a machine is lent: for the linked host alone, for an hour, and never twice as long."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx2
import pytest

from aether.contracts.gateway import GitCredential, IssueGitCredential
from aether.contracts.ids import AccountId, ProjectId, new_id
from aether.contracts.problem import Refusal
from aether.gateway.settings import GatewaySettings
from aether.testkit.gateway import Stand
from aether.testkit.github import FakeGitHub
from aether.testkit.github_state import Fault
from aether.testkit.ways import around

PROJECT = ProjectId(new_id())


async def ask(
    stand: Stand, client: httpx2.AsyncClient, host: str, protocol: str = "http", project: ProjectId = PROJECT
) -> GitCredential | str:
    """The credential, or the type of the refusal."""
    account = AccountId(UUID((await client.get("/api/me")).json()["account_id"]))
    command = IssueGitCredential(account_id=account, project_id=project, protocol=protocol, host=host)
    try:
        return await stand.ask(command)
    except Refusal as refusal:
        return refusal.problem().type


async def lent(
    stand: Stand, client: httpx2.AsyncClient, hub: FakeGitHub, project: ProjectId = PROJECT
) -> GitCredential:
    found = await ask(stand, client, host_of(hub), project=project)
    assert isinstance(found, GitCredential), found
    return found


async def lendings(stand: Stand) -> list[str]:
    """The projects that tokens were lent to, as the audit log has it."""
    async with stand.gateway.database.reading() as reader:
        rows = await reader.fetch("SELECT target FROM gateway.audit WHERE what = 'github.lent' ORDER BY id")
    return [row["target"] for row in rows]


def host_of(hub: FakeGitHub) -> str:
    return hub.url.removeprefix("http://")


async def git(folder: Path, credential: GitCredential | None, *arguments: str) -> tuple[int, str]:
    """git as it is in a machine: with a helper that answers from the environment, which only this test does."""
    helper = '!f() { test "$1" = get && echo "username=$NAME" && echo "password=$SECRET"; }; f'
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "NAME": credential.username if credential else "",
        "SECRET": credential.password if credential else "",
    }
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", f"credential.helper={helper}")
    process = await asyncio.create_subprocess_exec(
        *("git", *(who if credential else who[:4]), *arguments),
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_git_clones_and_pushes_a_private_repository_with_what_it_is_lent(
    joined: Stand, hub: FakeGitHub, tmp_path: Path
) -> None:
    hub.user("ada")
    url = hub.repository("ada/secret", private=True, files={"a.txt": "1\n"})
    client = await joined.person()
    await around(client, private="true")
    assert (await git(tmp_path, None, "clone", url, "without"))[0] != 0
    credential = await lent(joined, client, hub)
    done, said = await git(tmp_path, credential, "clone", url, "work")
    assert done == 0, said
    (tmp_path / "work" / "b.txt").write_text("2\n")
    for arguments in (("add", "b.txt"), ("commit", "-m", "Two"), ("push", "origin", "HEAD")):
        done, said = await git(tmp_path / "work", credential, *arguments)
        assert done == 0, said
    assert (await git(tmp_path, credential, "clone", url, "again"))[0] == 0
    assert (tmp_path / "again" / "b.txt").read_text() == "2\n"
    assert credential.password not in "".join(
        path.read_text(errors="replace") for path in tmp_path.glob("work/.git/**/*") if path.is_file()
    )


async def test_a_link_without_private_repositories_reaches_none(
    joined: Stand, hub: FakeGitHub, tmp_path: Path
) -> None:
    hub.user("ada")
    closed = hub.repository("ada/secret", private=True, files={"a.txt": "1\n"})
    opened = hub.repository("ada/public", files={"a.txt": "1\n"})
    client = await joined.person()
    await around(client)
    credential = await lent(joined, client, hub)
    assert (await git(tmp_path, credential, "clone", closed, "x"))[0] != 0
    assert (await git(tmp_path, credential, "clone", opened, "y"))[0] == 0


async def test_only_the_very_host_that_is_linked_gets_a_credential(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    client = await joined.person()
    await around(client)
    host = host_of(hub)
    name, _, port = host.partition(":")
    for other in (
        "github.com",
        "evil.example",
        name,
        f"{name}:{int(port) + 1}",
        f"{host}.evil.example",
        f"evil.example:{port}",
        f"{host}@evil.example",
        f"ada@{host}",
        f"{host}/",
        f"{host} ",
        f"localhost:{port}",
        "",
    ):
        assert await ask(joined, client, other) == "not-found", other
    for protocol in ("https", "ssh", "HTTP", "", "file"):
        assert await ask(joined, client, host, protocol) == "not-found", protocol
    assert isinstance(await ask(joined, client, host), GitCredential)


async def test_whoever_has_no_link_or_has_lost_it_gets_no_credential(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    ann, bob = await joined.person(), await joined.person()
    await around(ann)
    assert await ask(joined, bob, host_of(hub)) == "not-found"
    hub.forget("ada")
    await ann.get("/api/github/repos")
    assert await ask(joined, ann, host_of(hub)) == "not-found"


async def test_without_an_app_git_gets_no_credential(stand: Stand) -> None:
    assert await ask(stand, await stand.person(), "github.com", "https") == "not-found"


async def test_what_has_no_end_of_its_own_is_taken_back_after_an_hour(joined: Stand, hub: FakeGitHub) -> None:
    assert joined.gateway.github is not None
    hub.user("ada")
    hub.repository("ada/demo")
    client = await joined.person()
    await around(client)
    first = await lent(joined, client, hub)
    assert first.expires_at == joined.clock.now() + timedelta(hours=1)
    joined.clock.advance(timedelta(minutes=50))
    assert await lent(joined, client, hub) == first, "it is not lent for longer by asking again"
    await joined.gateway.github.take_back()
    assert first.password in hub.grants
    joined.clock.advance(timedelta(minutes=10))
    await joined.gateway.github.take_back()
    assert first.password not in hub.grants
    assert (await client.get("/api/github/repos")).status_code == 200
    second = await lent(joined, client, hub)
    assert second.password != first.password
    assert second.expires_at == joined.clock.now() + timedelta(hours=1)


async def test_what_is_about_to_end_is_not_lent(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    client = await joined.person()
    await around(client)
    first = await lent(joined, client, hub)
    joined.clock.advance(timedelta(minutes=56))
    second = await lent(joined, client, hub)
    assert second.password != first.password
    assert second.expires_at == joined.clock.now() + timedelta(hours=1)


async def test_what_was_lent_is_good_until_then_whatever_else_the_token_is_used_for(
    joined: Stand, hub: FakeGitHub
) -> None:
    assert joined.gateway.github is not None
    hub.user("ada")
    client = await joined.person()
    await around(client)
    await lent(joined, client, hub)
    joined.clock.advance(timedelta(minutes=54))
    late = await lent(joined, client, hub)
    joined.clock.advance(timedelta(minutes=5, seconds=59))
    assert (await client.get("/api/github/repos")).status_code == 200
    await joined.gateway.github.take_back()
    assert late.password in hub.grants
    joined.clock.advance(timedelta(seconds=1))
    assert (await client.get("/api/github/repos")).status_code == 200
    assert late.password not in hub.grants


@pytest.mark.parametrize("seconds", [None, 8 * 3600])
async def test_every_project_that_is_lent_a_token_is_noted_once_for_each_token(
    joined: Stand, hub: FakeGitHub, seconds: int | None
) -> None:
    hub.user("ada")
    hub.token_seconds = seconds
    client = await joined.person()
    await around(client)
    other = ProjectId(new_id())
    for project in (PROJECT, other, PROJECT, other):
        await lent(joined, client, hub, project)
    assert await lendings(joined) == [str(PROJECT), str(other)]
    joined.clock.advance(timedelta(hours=8))
    for project in (other, other):
        await lent(joined, client, hub, project)
    assert await lendings(joined) == [str(PROJECT), str(other), str(other)]


async def test_a_token_that_ends_by_itself_is_lent_until_then(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    hub.token_seconds = 8 * 3600
    client = await joined.person()
    await around(client)
    first = await lent(joined, client, hub)
    assert first.expires_at == joined.clock.now() + timedelta(hours=8)
    joined.clock.advance(timedelta(hours=7, minutes=54))
    assert await lent(joined, client, hub) == first
    joined.clock.advance(timedelta(minutes=2))
    assert (await lent(joined, client, hub)).expires_at == joined.clock.now() + timedelta(hours=8)


async def test_a_github_that_is_away_is_no_reason_to_lose_a_link(joined: Stand, hub: FakeGitHub) -> None:
    assert joined.gateway.github is not None
    hub.user("ada")
    client = await joined.person()
    await around(client)
    first = await lent(joined, client, hub)
    joined.clock.advance(timedelta(hours=2))
    hub.fail("/token", Fault(503), Fault(503))
    await joined.gateway.github.take_back()
    assert await ask(joined, client, host_of(hub)) == "github-away"
    await joined.gateway.github.take_back()
    assert first.password not in hub.grants
    assert (await lent(joined, client, hub)).password in hub.grants


async def test_many_at_once_are_lent_the_same(joined: Stand, hub: FakeGitHub) -> None:
    hub.user("ada")
    client = await joined.person()
    await around(client)
    credentials = await asyncio.gather(*(lent(joined, client, hub) for _ in range(20)))
    assert len({(c.password, c.expires_at) for c in credentials}) == 1
    joined.clock.advance(timedelta(hours=2))
    later = await asyncio.gather(*(lent(joined, client, hub) for _ in range(20)))
    assert len({c.password for c in later}) == 1
    assert list(hub.grants) == [later[0].password]
    assert len(await lendings(joined)) == 2


@pytest.mark.parametrize("web_url", ["http://github.example", "ftp://github.example", "github.example"])
def test_a_github_that_others_could_overhear_is_refused(web_url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        GatewaySettings(github_web_url=web_url)
