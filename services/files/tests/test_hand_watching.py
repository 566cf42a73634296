"""What is looked at is followed within a second, by inotify or by looking; nothing is missed unsaid."""

import asyncio
import ctypes
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from aether.contracts.problem import Refusal
from aether.files.adapters.hand.program.frames import frame
from aether.files.deps.ports import Changed, How
from aether.testkit.eventually import eventually
from aether.testkit.machine import TestMachine

from .hand_place import Place, direct, placed

SOON = 1.0
HOWS: list[How] = ["inotify", "polling"]


class Looker:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.how: list[How] = []
        self.changes: list[Changed] = []
        self.losses = 0
        self.end: Refusal | None = None

    def looking(self, how: How) -> None:
        self.how.append(how)

    def changed(self, changed: Changed) -> None:
        self.changes.append(changed)

    def lost(self) -> None:
        self.losses += 1

    def ended(self, refusal: Refusal) -> None:
        self.end = refusal

    def names(self, folder: str) -> set[str]:
        return {
            name
            for changed in self.changes
            for each in changed.folders
            if each.path == folder
            for name in each.names
        }

    def anew(self) -> set[str]:
        return {each.path for changed in self.changes for each in changed.folders if not each.names}

    def files(self) -> set[str]:
        return {path for changed in self.changes for path in changed.files}


@asynccontextmanager
async def looking(place: Place, folders: list[str], files: list[str] | None = None) -> AsyncIterator[Looker]:
    looker = Looker()
    watch = await place.hand.watch(place.project, looker)
    watch.look(folders, files or [])
    await eventually(lambda: bool(looker.how))
    yield looker
    watch.close()


def take_all_instances() -> list[int]:
    """The kernel gives a user so many and no more."""
    libc = ctypes.CDLL(None, use_errno=True)
    taken = []
    while (fd := libc.inotify_init1(os.O_CLOEXEC)) >= 0:
        taken.append(fd)
    return taken


@pytest.mark.parametrize("how", HOWS)
async def test_changes_are_told_within_a_second(tmp_path: Path, how: How) -> None:
    root = tmp_path / "workspace"
    (root / "src").mkdir(parents=True)
    (root / "src/a.ts").write_text("one")
    taken = take_all_instances() if how == "polling" else []
    with direct(tmp_path) as hand:
        try:
            hand.send(look(1, ["/", "/src", "/gone"], ["/src/a.ts"]))
            assert hand.heard()[0] == {"looking": how, "number": 1}
        finally:
            for fd in taken:
                os.close(fd)
        changes: list[tuple[Callable[[], object], str, str]] = [
            (lambda: (root / "src/new").write_text("x"), "/src", "new"),
            (lambda: (root / "src/a.ts").write_text("two"), "/src", "a.ts"),
            (lambda: (root / "src/a.ts").chmod(0o700), "/src", "a.ts"),
            (lambda: (root / "src/new").rename(root / "src/newer"), "/src", "newer"),
            ((root / "src/newer").unlink, "/src", "newer"),
            ((root / "folder").mkdir, "/", "folder"),
        ]
        for change, folder, name in changes:
            begun = time.monotonic()
            change()
            names: set[str] = set()
            while name not in names:
                changed = dict(hand.heard()[0]["changed"]["folders"])
                names |= set(changed.get(folder, []))
            assert time.monotonic() - begun < SOON


def look(number: int, folders: list[str], files: list[str]) -> bytes:
    return frame({"look": {"number": number, "folders": folders, "files": files}})


async def test_many_changes_come_together(machine: TestMachine) -> None:
    async with placed(machine) as place, looking(place, ["/"]) as looker:
        for number in range(200):
            place.workspace.at(f"/{number}").touch()
        await eventually(lambda: len(looker.names("/")) == 200)
        assert len(looker.changes) < 20
        for number in range(2000):
            place.workspace.at(f"/more{number}").touch()
        await eventually(lambda: "/" in looker.anew() or len(looker.names("/")) >= 2200)


async def test_a_folder_that_is_moved_replaced_or_made_is_told(machine: TestMachine) -> None:
    async with placed(machine) as place:
        place.workspace.write("/a/b/file")
        async with looking(place, ["/a/b", "/later"], ["/a/b/file"]) as looker:
            place.workspace.at("/a").rename(place.workspace.at("/moved"))
            await eventually(lambda: "/a/b" in looker.anew() and "/a/b/file" in looker.files())
            looker.changes.clear()
            place.workspace.write("/a/b/file", "another")
            await eventually(lambda: "/a/b" in looker.anew() and "/a/b/file" in looker.files())
            looker.changes.clear()
            place.workspace.write("/a/b/file", "changed")
            await eventually(lambda: "file" in looker.names("/a/b"))
            place.workspace.folder("/later")
            await eventually(lambda: "/later" in looker.anew())
            place.workspace.write("/moved/b/other")
            await asyncio.wait_for(place.hand.list(place.project, "/"), 5)
            assert "other" not in looker.names("/a/b")


async def test_a_file_behind_a_link_is_followed_and_nothing_outside_is(machine: TestMachine) -> None:
    async with placed(machine) as place:
        place.workspace.write("/real/file", "one")
        place.workspace.link("/link", "real/file")
        outside = machine.home / "outside"
        outside.mkdir()
        place.workspace.link("/out", "../outside")
        async with looking(place, ["/out"], ["/link"]) as looker:
            (outside / "secret").write_text("x")
            place.workspace.write("/real/file", "two")
            await eventually(lambda: "/link" in looker.files())
            looker.changes.clear()
            place.workspace.at("/link").unlink()
            await eventually(lambda: "/link" in looker.files())
            assert looker.names("/out") == set()


async def test_changes_that_the_kernel_dropped_are_said_to_be_lost(machine: TestMachine) -> None:
    async with placed(machine) as place, looking(place, ["/"]) as looker:
        (hand,) = place.hands()
        most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
        os.kill(hand, signal.SIGSTOP)
        # One that still ran would take some of the events, and too few would be left to overflow.
        await eventually(lambda: psutil.Process(hand).status() == psutil.STATUS_STOPPED)
        try:
            await asyncio.to_thread(churn, place.workspace.root, most)
        finally:
            os.kill(hand, signal.SIGCONT)
        await eventually(lambda: looker.losses > 0)
        looker.changes.clear()
        place.workspace.write("/after")
        await eventually(lambda: "after" in looker.names("/"))


def churn(root: Path, events: int) -> None:
    """Different events each time, because the same twice in a row are one."""
    one, two = root / "one", root / "two"
    one.touch()
    two.touch()
    for _ in range(events // 2 + 10):
        one.chmod(0o600)
        two.chmod(0o600)


async def test_two_lookers_are_told_each_what_they_look_at(machine: TestMachine) -> None:
    async with placed(machine) as place:
        for name in ("/a", "/b"):
            place.workspace.folder(name)
        async with looking(place, ["/a"]) as one, looking(place, ["/a", "/b"]) as two:
            place.workspace.write("/b/y")
            place.workspace.write("/a/x")
            await eventually(lambda: "y" in two.names("/b") and "x" in two.names("/a"))
            await eventually(lambda: "x" in one.names("/a"))
            assert one.names("/b") == set()
            assert len(place.hands()) == 1


async def test_who_looks_is_told_when_the_machine_goes_away(machine: TestMachine) -> None:
    async with placed(machine) as place, looking(place, ["/"]) as looker:
        machine.cut()
        await eventually(lambda: looker.end is not None)
        assert looker.end is not None
        assert looker.end.type == "machine-unreachable"
        async with looking(place, ["/"]) as again:
            place.workspace.write("/new")
            await eventually(lambda: "new" in again.names("/"))


async def test_a_watch_that_is_looked_through_by_nobody_costs_nothing(machine: TestMachine) -> None:
    async with placed(machine) as place:
        async with looking(place, ["/"]):
            (hand,) = place.hands()
        process = psutil.Process(hand)

        def watches() -> bool:
            try:
                return any(str(fd.readlink()).endswith("inotify") for fd in Path(f"/proc/{hand}/fd").iterdir())
            except FileNotFoundError:
                return True  # one was closed between the list and the look: look again

        await eventually(lambda: not watches())
        before = process.cpu_times().user + process.cpu_times().system
        place.workspace.write("/unseen")
        await place.hand.list(place.project, "/")
        assert process.cpu_times().user + process.cpu_times().system - before < 0.5
