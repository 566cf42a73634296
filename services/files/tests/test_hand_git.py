"""Status, diff, blame and contents against HEAD, from a repository that is left as it was."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aether.files.deps.ports import SMALL, GitEntry
from aether.files.errors import IsAFolder, NotARepository, NotInHead
from aether.testkit.machine import TestMachine

from .hand_place import Place, all_of, placed


def lay(place: Place) -> None:
    """One commit, and after it something of everything."""
    for name in ("changed", "deleted", "renamed", "staged", "typed"):
        place.workspace.write(f"/src/{name}", f"{name}\n" + "line\n" * 20)
    place.workspace.write("/.gitignore", "ignored\n")
    place.workspace.repository()
    place.workspace.write("/src/changed", "changed\n" + "line\n" * 20 + "more\n")
    place.workspace.at("/src/deleted").unlink()
    place.workspace.git("mv", "src/renamed", "src/moved")
    place.workspace.write("/src/staged", "other\n")
    place.workspace.git("add", "src/staged")
    place.workspace.write('/new folder/ünträcked\t"', "one\ntwo\n")
    place.workspace.write("/ignored", "x")


async def test_the_status_says_what_differs_from_head(machine: TestMachine) -> None:
    async with placed(machine) as place:
        assert not (await place.hand.git_status(place.project)).repository
        lay(place)
        before = place.workspace.at("/.git/index").stat()
        status = await place.hand.git_status(place.project)
        head = place.workspace.git("rev-parse", "HEAD").strip()
        assert (status.repository, status.branch, status.head) == (True, "main", head)
        assert (status.ahead, status.truncated) == (None, False)
        assert set(status.items) == {
            GitEntry("/src/changed", "modified", False, None, 1, 0),
            GitEntry("/src/deleted", "deleted", False, None, 0, 21),
            GitEntry("/src/moved", "renamed", True, "/src/renamed", 0, 0),
            GitEntry("/src/staged", "modified", True, None, 1, 21),
            GitEntry('/new folder/ünträcked\t"', "untracked", False, None, 2, 0),
        }
        after = place.workspace.at("/.git/index").stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


async def test_a_repository_without_a_commit_is_compared_with_nothing(machine: TestMachine) -> None:
    async with placed(machine) as place:
        place.workspace.write("/new", "one\n")
        place.workspace.git("init", "-q")
        place.workspace.git("add", "new")
        status = await place.hand.git_status(place.project)
        assert (status.repository, status.head) == (True, None)
        assert status.items == (GitEntry("/new", "added", True, None, 1, 0),)
        assert b"+one" in await all_of(await place.hand.git_diff(place.project))
        with pytest.raises(NotInHead):
            await place.hand.git_open(place.project, "/new")


async def test_conflicts_and_the_distance_to_what_is_followed_are_said(machine: TestMachine) -> None:
    async with placed(machine) as place:
        git = place.workspace.git
        place.workspace.write("/file", "one\n")
        place.workspace.repository()
        git("branch", "other")
        place.workspace.write("/file", "mine\n")
        git("commit", "-qam", "Mine")
        git("branch", "--set-upstream-to=other")
        assert (await place.hand.git_status(place.project)).ahead == 1
        git("checkout", "-q", "other")
        place.workspace.write("/file", "theirs\n")
        git("commit", "-qam", "Theirs")
        with pytest.raises(Exception, match="merge"):
            git("merge", "main")
        (item,) = (await place.hand.git_status(place.project)).items
        assert (item.path, item.change) == ("/file", "conflicted")


async def test_the_diff_is_a_patch_that_makes_head_the_work_tree(machine: TestMachine) -> None:
    async with placed(machine) as place:
        lay(place)
        place.workspace.link("/link", "src/changed")
        place.workspace.git("hash-object", "-w", "/dev/null")  # which git itself may note
        before = place.workspace.at("/.git/index").read_bytes()
        objects = place.workspace.git("count-objects")
        patch = await all_of(await place.hand.git_diff(place.project))
        assert place.workspace.at("/.git/index").read_bytes() == before
        assert place.workspace.git("count-objects") == objects
        assert place.left() == []
        one = await all_of(await place.hand.git_diff(place.project, "/src/changed"))
        assert one.startswith(b"diff --git a/src/changed b/src/changed")
        assert one in patch
        place.workspace.git("worktree", "add", "-q", str(machine.home / "copy"), "HEAD")
        (machine.home / "patch").write_bytes(patch)
        place.workspace.git("-C", str(machine.home / "copy"), "apply", str(machine.home / "patch"))
        for path in ("src/changed", "src/moved", "src/staged", 'new folder/ünträcked\t"'):
            assert (machine.home / "copy" / path).read_bytes() == place.workspace.at(path).read_bytes()
        assert not (machine.home / "copy/src/deleted").exists()


async def test_files_are_read_as_head_has_them(machine: TestMachine) -> None:
    async with placed(machine) as place:
        large = os.urandom(2 * SMALL)
        place.workspace.write("/large", large)
        lay(place)
        small = await place.hand.git_open(place.project, "/src/changed")
        assert await all_of(await small.read()) == b"changed\n" + b"line\n" * 20
        assert small.entry.etag == place.workspace.git("rev-parse", "HEAD:src/changed").strip()
        content = await place.hand.git_open(place.project, "/large")
        assert await all_of(await content.read()) == large
        assert await all_of(await content.read(SMALL - 7, 300_000)) == large[SMALL - 7 :][:300_000]
        with pytest.raises(NotInHead):
            await place.hand.git_open(place.project, "/src/moved")
        with pytest.raises(IsAFolder):
            await place.hand.git_open(place.project, "/src")


async def test_blame_says_who_wrote_each_line(machine: TestMachine) -> None:
    async with placed(machine) as place:
        lay(place)
        blame = await place.hand.git_blame(place.project, "/src/changed")
        assert [line.line for line in blame.lines] == list(range(1, 23))
        first, last = blame.lines[0], blame.lines[-1]
        assert (first.author, first.summary) == ("Ada", "Begin")
        assert first.commit == place.workspace.git("rev-parse", "HEAD").strip()
        assert first.at is not None
        assert abs((datetime.now(UTC) - first.at).total_seconds()) < 120
        assert (last.commit, last.at) == (None, None)
        with pytest.raises(NotInHead):
            await place.hand.git_blame(place.project, '/new folder/ünträcked\t"')


async def test_a_repository_cannot_point_outside_or_have_programs_run(machine: TestMachine) -> None:
    async with placed(machine) as place:
        secret = machine.home / "outside"
        secret.mkdir()
        (secret / "src").mkdir()
        (secret / "src/changed").write_text("a secret\n")
        lay(place)
        ran = machine.home / "ran"
        program = machine.home / "program"
        program.write_text(f"#!/bin/sh\ntouch {ran}\n")
        program.chmod(0o755)
        git = place.workspace.git
        git("config", "core.worktree", str(secret))
        for key in ("core.fsmonitor", "diff.external", "diff.x.textconv", "core.pager"):
            git("--work-tree=.", "config", key, str(program))
        place.workspace.write("/.gitattributes", "* diff=x\n")
        patch = await all_of(await place.hand.git_diff(place.project))
        await place.hand.git_status(place.project)
        await place.hand.git_blame(place.project, "/src/changed")
        assert b"secret" not in patch
        assert b"+more" in patch
        assert not ran.exists()
        place.workspace.at("/.git").rename(secret / "git")
        Path(place.workspace.at("/.git")).write_text(f"gitdir: {secret}/git\n")
        assert not (await place.hand.git_status(place.project)).repository
        with pytest.raises(NotARepository):
            await place.hand.git_open(place.project, "/src/changed")


async def test_a_status_of_very_many_files_is_cut(machine: TestMachine) -> None:
    async with placed(machine) as place:
        place.workspace.write("/first", "x")
        place.workspace.repository()
        for number in range(5100):
            place.workspace.at(f"/{number}").touch()
        status = await place.hand.git_status(place.project)
        assert (len(status.items), status.truncated) == (5000, True)
