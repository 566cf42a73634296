"""The clone: its script run by a shell as in a machine, its progress, and its sentences."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from aether.contracts.machines import ProjectChanged, StartMachine, StopMachine
from aether.machines.domain.cloning import NO_GIT, NOT_EMPTY, TIMED_OUT, Progress, clone_command
from aether.machines.domain.parts import Clone
from aether.testkit.eventually import eventually
from aether.testkit.host import require_host

from .conftest import Box

URL = "https://example.com/owner/r.git"


# The script


@pytest.fixture
def home(tmp_path: Path) -> Path:
    require_host("git")
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def repository(tmp_path: Path) -> str:
    require_host("git")
    folder = tmp_path / "repository"
    folder.mkdir()
    for name in ("a file", ".hidden", "..odd", "-dash"):
        (folder / name).write_text(name)
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True)
    return f"file://{folder}"


def clone(home: Path, url: str, branch: str = "") -> "subprocess.CompletedProcess[str]":
    command = clone_command(url, branch, str(home / "workspace"), 60)
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    return subprocess.run(command, shell=True, env=environment, capture_output=True, text=True, check=False)


def test_everything_is_in_the_workspace_and_nothing_beside_it(home: Path, repository: str) -> None:
    done = clone(home, repository)
    assert done.returncode == 0, done.stderr
    assert {p.name for p in (home / "workspace").iterdir()} == {"a file", ".hidden", "..odd", "-dash", ".git"}
    assert "Receiving objects" in done.stderr
    assert not (home / ".cache/aether/clone").exists()


def test_a_second_run_finds_it_done(home: Path, repository: str) -> None:
    clone(home, repository)
    (home / "workspace/a file").write_text("changed")
    assert clone(home, repository).returncode == 0
    assert (home / "workspace/a file").read_text() == "changed"


def test_what_an_interrupted_run_left_is_thrown_away(home: Path, repository: str) -> None:
    (home / ".cache/aether/clone/repo/.git").mkdir(parents=True)
    assert clone(home, repository).returncode == 0
    assert (home / "workspace/.hidden").exists()


def test_a_run_interrupted_while_moving_in_goes_on_and_keeps_what_a_person_wrote(
    home: Path, repository: str
) -> None:
    stage = home / ".cache/aether/clone"
    stage.mkdir(parents=True)
    subprocess.run(["git", "clone", "-q", repository, str(stage / "repo")], check=True)
    (stage / "whole").touch()
    (home / "workspace").mkdir()
    (stage / "repo/.hidden").rename(home / "workspace/.hidden")
    (home / "workspace/a file").write_text("mine")
    assert clone(home, repository).returncode == 0
    assert (home / "workspace/a file").read_text() == "mine"
    assert {p.name for p in (home / "workspace").iterdir()} == {"a file", ".hidden", "..odd", "-dash", ".git"}


def test_a_workspace_with_files_is_left_alone(home: Path, repository: str) -> None:
    (home / "workspace").mkdir()
    (home / "workspace/mine").touch()
    assert clone(home, repository).returncode == NOT_EMPTY
    assert [p.name for p in (home / "workspace").iterdir()] == ["mine"]


def test_a_failed_clone_leaves_an_empty_workspace_and_a_sentence(home: Path, repository: str) -> None:
    progress = Progress()
    done = clone(home, repository, "nowhere")
    progress.heard(done.stderr)
    assert progress.ended(done.returncode).message == "The repository has no branch of that name."
    assert list((home / "workspace").iterdir()) == []


@pytest.mark.parametrize("hostile", ["$(touch HERE)", "'; touch HERE; '", "`touch HERE`", '"; touch HERE; "'])
def test_an_address_is_never_run(home: Path, hostile: str) -> None:
    clone(home, f"file:///nowhere/{hostile}", hostile)
    assert not list(home.rglob("HERE"))


# Progress and sentences


def test_progress_is_read_piece_by_piece() -> None:
    progress = Progress()
    assert progress.clone.state == "running"
    progress.heard("remote: Counting objects:  50% (1/2)\rremote: Counting obj")
    assert (progress.clone.phase, progress.clone.percent) == ("Counting objects", 50)
    progress.heard("ects: 100% (2/2), done.\nReceiving objects:   7% (1/14)\r")
    assert (progress.clone.phase, progress.clone.percent) == ("Receiving objects", 7)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("fatal: could not read Username for 'https://github.com': terminal prompts disabled", "no access to it"),
        ("git@github.com: Permission denied (publickey).\nfatal: Could not read from remote", "no access to it"),
        (
            "remote: Repository not found.\nfatal: repository 'https://x/' not found",
            "no repository at this address",
        ),
        ("fatal: Remote branch dev not found in upstream origin", "no branch of that name"),
        (
            "error: file write error: No space left on device\nfatal: unable to write",
            "disk of this machine is full",
        ),
        ("fatal: unable to access 'https://x/': Could not resolve host: x", "host was not found"),
        ("fatal: unable to connect to 127.0.0.1: Connection refused", "host does not answer"),
        ("fatal: something\x1b[31m else", "Git said: something[31m else"),
        ("\0\xff" * 100, "The clone failed."),
    ],
)
def test_a_failure_is_a_plain_sentence(said: str, sentence: str) -> None:
    progress = Progress()
    progress.heard(said)
    failed = progress.ended(128)
    assert failed.state == "failed"
    assert sentence in failed.message
    assert failed.message.isprintable()


@pytest.mark.parametrize("status", [NOT_EMPTY, NO_GIT, TIMED_OUT])
def test_every_status_of_the_script_has_its_sentence(status: int) -> None:
    assert progress_of(status).message.endswith(".")


def progress_of(status: int) -> Clone:
    return Progress().ended(status)


# In the service


async def test_a_clone_begins_when_the_machine_runs_and_is_told_of(box: Box) -> None:
    project = await box.running(repo_url=URL, branch="main")
    assert project.clone.state == "pending"
    box.door.said = "Receiving objects:  45% (1/2)\r"
    await box.clones().clone(project.id)
    assert (await box.view(project)).clone.state == "done"
    assert URL in box.door.commands[0]


async def test_progress_is_seen_while_it_goes_on(box: Box) -> None:
    project = await box.running(repo_url=URL)
    box.door.gate, box.door.said = asyncio.Event(), "Receiving objects:  45% (1/2)\r"
    task = asyncio.create_task(box.clones().clone(project.id))

    async def told() -> bool:
        return (await box.view(project)).clone.percent == 45

    await eventually(told)
    assert (await box.said(ProjectChanged))[-1].project.clone.phase == "Receiving objects"
    box.door.gate.set()
    await task


async def test_a_failed_clone_leaves_the_machine_running_and_the_next_start_tries_again(box: Box) -> None:
    project = await box.running(repo_url=URL)
    box.door.status, box.door.said = 128, "fatal: Remote branch x not found in upstream origin"
    await box.clones().clone(project.id)
    view = await box.view(project)
    assert (view.status, view.clone.state) == ("running", "failed")
    assert view.clone.message == "The repository has no branch of that name."
    await box.about(StopMachine, project)
    await box.settle(project)
    assert (await box.view(project)).clone.state == "failed"
    await box.about(StartMachine, project)
    await box.settle(project)
    assert (await box.view(project)).clone.state == "pending"


async def test_a_clone_that_a_restart_of_the_service_cut_short_is_begun_again(box: Box) -> None:
    project = await box.running(repo_url=URL)
    box.door.gate = asyncio.Event()
    running = asyncio.create_task(box.clones().run())
    await eventually(lambda: len(box.door.commands) == 1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    box.door.gate.set()
    following = asyncio.create_task(box.clones().run())

    async def done() -> bool:
        return (await box.view(project)).clone.state == "done"

    await eventually(done)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert len(box.door.commands) == 2


async def test_a_clone_whose_machine_went_is_left_for_the_next_start(box: Box) -> None:
    project = await box.running(repo_url=URL)
    box.door.closed = True
    await box.clones().clone(project.id)
    assert (await box.view(project)).clone.state in ("pending", "running")
    await box.about(StopMachine, project)
    await box.settle(project)
    assert (await box.view(project)).clone.state == "pending"
