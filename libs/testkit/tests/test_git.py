"""The git servers of tests: closed to whoever shows no password, open to pushes of whoever does."""

import json
import subprocess
from pathlib import Path

import httpx2
import pytest

from aether.testkit.described import Described, NotAsDescribed
from aether.testkit.git import git, serving
from aether.testkit.github import SPEC, FakeGitHub


def test_a_closed_repository_is_cloned_and_pushed_to_with_its_password_alone(tmp_path: Path) -> None:
    with serving(tmp_path / "served") as server:
        url = server.create("demo", {"a.txt": "1\n"})
        git("clone", "--quiet", url, str(tmp_path / "open"))
        server.close("demo", "ada", "secret")
        for wrong in (url, url.replace("://", "://ada:wrong@")):
            with pytest.raises(subprocess.CalledProcessError):
                git("-c", "core.askPass=true", "clone", "--quiet", wrong, str(tmp_path / "wrong"))
        right = url.replace("://", "://ada:secret@")
        git("clone", "--quiet", right, str(tmp_path / "work"))
        git("-C", str(tmp_path / "work"), "commit", "--quiet", "--allow-empty", "--message", "Two")
        git("-C", str(tmp_path / "work"), "push", "--quiet", "origin", "HEAD")
        git("clone", "--quiet", right, str(tmp_path / "again"))
    log = subprocess.run(
        ["git", "-C", str(tmp_path / "again"), "log", "--format=%s"], capture_output=True, text=True, check=True
    )
    assert log.stdout.split() == ["Two", "Begin"]


def test_what_is_not_as_github_describes_it_is_found() -> None:
    described = Described(SPEC)
    user = described.example("/user")
    described.check_answer("/user", "get", 200, user)
    for wrong in ({**user, "id": "1"}, {name: value for name, value in user.items() if name != "login"}):
        with pytest.raises(NotAsDescribed):
            described.check_answer("/user", "get", 200, wrong)
    with pytest.raises(NotAsDescribed):
        described.check_answer("/user", "get", 418, user)
    with pytest.raises(NotAsDescribed):
        described.check_request("/user/repos", "get", ["nonsense"], None)
    with pytest.raises(NotAsDescribed):
        described.check_request("/applications/{client_id}/grant", "delete", [], {})


async def test_the_fake_github_does_not_end_well_if_asked_what_github_does_not_offer(
    tmp_path: Path,
) -> None:
    hub = FakeGitHub(tmp_path)
    with pytest.raises(NotAsDescribed):
        async with hub.running(), httpx2.AsyncClient(trust_env=False) as client:
            await client.get(f"{hub.api_url}/user/repos", params={"page_size": 3})


def test_the_extract_says_where_it_is_from_and_under_which_licence() -> None:
    told = json.loads(SPEC.read_text(encoding="utf-8"))["info"]
    assert "github/rest-api-description" in told["description"]
    assert told["license"]["name"] == "MIT"
