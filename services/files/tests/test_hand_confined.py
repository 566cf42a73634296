"""No path leads out of the project, whatever links it has and whatever is renamed meanwhile.

FUZZ_EXAMPLES says how many cases are tried; `make fuzz` tries 50,000.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aether.files.adapters.hand.program.archive import archive
from aether.files.adapters.hand.program.confined import Refused, Root
from aether.files.adapters.hand.program.reading import digest

from . import hand_hostile
from .hand_place import ANY, Direct, direct

pytestmark = pytest.mark.timeout(1800)

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1500"))
SECRET = "canary-4f1d"
# No file inside has so many bytes, so a size tells of the outside as well.
SECRET_SIZE = 48_611
SECRET_ETAG = digest(SECRET.ljust(SECRET_SIZE).encode())
SECRETS = re.compile(rf"{SECRET}|{SECRET_ETAG}|(?<!\d){SECRET_SIZE}(?!\d)|root:x:0")

LINKS = {
    "up": "..",
    "up2": "../..",
    "down": "a/b",
    "loop": "loop",
    "ping": "pong",
    "pong": "ping",
    "out": "../../outside",
    "dot": ".",
    "rootlink": "/",
    "etc": "/etc/passwd",
    "gone": "a/nothing",
    "outfile": "../../outside/g",
}
NAMES = ["a", "b", "c", "f", "g", "other", "new", "moved", *LINKS, "absolute", "sneaky", "drawn"]
TARGETS = st.lists(
    st.sampled_from(["..", ".", "a", "b", "c", "f", "g", "outside", "workspace"]), min_size=1, max_size=6
)
paths = st.lists(st.sampled_from(NAMES), min_size=0, max_size=5).map(lambda names: "/" + "/".join(names))


@st.composite
def operations(draw: st.DrawFn) -> dict[str, Any]:
    do = draw(st.sampled_from(["list", "stat", "open", "write", "make_folder", "rename", "delete"]))
    asked: dict[str, Any] = {"do": do, "path": draw(paths)}
    if do == "write":
        asked["condition"] = {**ANY, "present": draw(st.sampled_from([None, False]))}
    if do == "rename":
        asked = {"do": do, "source": asked["path"], "target": draw(paths), "overwrite": draw(st.booleans())}
    if do == "delete":
        asked["recursive"] = draw(st.booleans())
    return asked


class Ground:
    """A project, what is outside of it, and who swaps one for the other."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.root = self.home / "workspace"
        self.outside = folder / "outside"
        self.root.mkdir(parents=True)
        for name, kind in hand_hostile.PAIRS.items():
            self._make_outside(self.outside / name, kind)
        self.before = self.state()
        self.lay_links()
        hand_hostile.prepare(self.root, self.outside)

    def _make_outside(self, path: Path, kind: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "file":
            path.write_text(SECRET.ljust(SECRET_SIZE))
            return
        path.mkdir(exist_ok=True)
        for name in ("f", "other", SECRET):
            (path / name).write_text(SECRET.ljust(SECRET_SIZE))

    def lay_links(self) -> None:
        links = {**LINKS, "absolute": str(self.root / "a"), "sneaky": f"{self.root}/../../outside/a"}
        for name, target in links.items():
            link = self.root / name
            if not link.is_symlink():
                self._remove(name)
                link.symlink_to(target)

    def link(self, target: list[str]) -> None:
        self._remove("drawn")
        (self.root / "drawn").symlink_to("/".join(target))

    def _remove(self, name: str) -> None:
        folder = os.open(self.root, os.O_PATH)
        hand_hostile.remove(folder, name)
        os.close(folder)

    def state(self) -> dict[str, tuple[int, int, int]]:
        """Everything outside, with what changes with its contents, its name and its mode."""
        found = ((path, path.lstat()) for path in self.outside.rglob("*"))
        return {str(path): (state.st_ino, state.st_ctime_ns, state.st_size) for path, state in found}

    def shows_nothing(self, answer: Any, data: bytes = b"") -> None:
        text = json.dumps(answer) + data.decode("latin-1")
        assert not SECRETS.findall(text)

    @contextmanager
    def under_attack(self, *names: str) -> Iterator[None]:
        command = [sys.executable, hand_hostile.__file__, str(self.root), str(self.outside), *names]
        hostile = subprocess.Popen(command, stdin=subprocess.PIPE)
        try:
            yield
        finally:
            assert hostile.stdin is not None
            hostile.stdin.close()
            assert hostile.wait(10) == 0


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """In memory where there is a place for it: a disk would have to write every swap before it could fsync."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        yield Ground(Path(folder))


def fuzz(**strategies: Any) -> Callable[[Callable[..., None]], Callable[[], None]]:
    chosen = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )

    def decorated(test: Callable[..., None]) -> Callable[[], None]:
        return chosen(given(**strategies)(test))

    return decorated


def test_nothing_outside_is_read_written_listed_or_deleted(ground: Ground) -> None:
    outcomes: dict[str, int] = {}

    @fuzz(asked=st.lists(operations(), min_size=1, max_size=3), target=TARGETS)
    def each(asked: list[dict[str, Any]], target: list[str]) -> None:
        ground.lay_links()
        ground.link(target)
        for one in asked:
            answer, data = hand.ask(payload=b"written" if one["do"] == "write" else b"", **one)
            ground.shows_nothing(answer, data)
            kind = answer.get("refused", "done")
            outcomes[kind] = outcomes.get(kind, 0) + 1
        assert ground.state() == ground.before

    with direct(ground.home) as hand, ground.under_attack():
        each()
    assert outcomes["done"] > EXAMPLES // 10, outcomes
    assert outcomes["outside"] > EXAMPLES // 20, outcomes
    assert hand.left() == []


def test_a_file_that_becomes_a_link_at_the_last_moment_is_not_opened(ground: Ground) -> None:
    kinds = set()
    with direct(ground.home) as hand, ground.under_attack("g", "a/f"):
        for _ in range(min(EXAMPLES, 5000)):
            for path in ("/g", "/a/f"):
                answer, data = hand.ask("open", path=path)
                ground.shows_nothing(answer, data)
                kinds.add(answer.get("refused", "done"))
    assert {"done", "outside"} <= kinds


SEARCH = {"do": "search", "regex": False, "case": True, "word": False, "glob": "", "limit": 100}
FINDING: list[dict[str, Any]] = [
    {**SEARCH, "query": SECRET},
    {**SEARCH, "query": "inside"},
    {"do": "names", "query": "", "limit": 1000, "hidden": True},
]


def answered(hand: Direct, ground: Ground) -> None:
    for asked in FINDING:
        answer, _ = hand.ask(**asked)
        # How long it took is a figure like any other, so only what was found is looked at.
        ground.shows_nothing([answer["parts"], (answer.get("said") or {}).get("items")])


def test_search_and_names_show_nothing_outside(ground: Ground) -> None:
    with direct(ground.home) as hand, ground.under_attack():
        for _ in range(min(max(EXAMPLES // 50, 20), 400)):
            answered(hand, ground)
    assert ground.state() == ground.before


def test_the_walk_in_place_of_ripgrep_shows_nothing_outside(ground: Ground) -> None:
    alone = {"PATH": "/nonexistent"}
    with direct(ground.home, python=sys.executable, env=alone) as hand, ground.under_attack():
        for _ in range(min(max(EXAMPLES // 200, 8), 100)):
            answered(hand, ground)
    assert ground.state() == ground.before


def test_an_archive_has_nothing_of_the_outside(ground: Ground) -> None:
    packed: list[bytes] = []
    with ground.under_attack():
        for _ in range(max(EXAMPLES // 10, 50)):
            try:
                with Root(str(ground.root)) as root:
                    archive(root, "/a", packed.append)
            except (Refused, OSError):
                continue  # it was a link just then
    with Root(str(ground.root)) as root:
        archive(root, "/", packed.append)
    # Small files are in a zip as they are or hardly changed, so names and beginnings would show.
    assert SECRET.encode() not in b"".join(packed)


def test_a_project_folder_that_has_become_a_link_is_not_followed(ground: Ground) -> None:
    with direct(ground.home) as hand:
        ground.root.rename(ground.home / "elsewhere")
        ground.root.symlink_to(ground.outside)
        for do, path in (("list", "/"), ("open", "/g")):
            answer, data = hand.ask(do, path=path)
            assert answer["refused"] == "outside"
            ground.shows_nothing(answer, data)
