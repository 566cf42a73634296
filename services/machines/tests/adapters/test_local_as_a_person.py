"""The same tests once more as an ordinary user, when root runs them."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from aether.testkit.host import require_host

FOLDER = Path(__file__).parent
ROOT = Path(__file__).parents[4]
NOBODY = "65534"


def closed_above(path: Path) -> Path | None:
    """The outermost folder above `path` that others may not enter."""
    return next((one for one in reversed(path.parents) if not one.stat().st_mode & 0o001), None)


def door_to(path: Path) -> list[str]:
    """Arguments for bubblewrap that show `path` to everybody, and nothing beside it."""
    closed = closed_above(path)
    if closed is None:
        return []
    way = [parent for parent in reversed(path.parents) if parent.is_relative_to(closed) and parent != closed]
    folders = [word for parent in way for word in ("--dir", str(parent))]
    return ["--tmpfs", str(closed), "--chmod", "0755", str(closed), *folders, "--ro-bind", str(path), str(path)]


@pytest.mark.timeout(600)  # all of the other files in one
def test_everything_here_holds_for_an_ordinary_user() -> None:
    if os.geteuid() != 0:
        return  # this run is already one
    require_host("bwrap", "setpriv")
    with tempfile.TemporaryDirectory(prefix="aether-person-") as scratch:
        os.chown(scratch, int(NOBODY), int(NOBODY))
        doors = [word for path in dict.fromkeys((Path(sys.base_prefix), ROOT)) for word in door_to(path)]
        drop = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
        tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(FOLDER)]
        done = subprocess.run(
            ["bwrap", "--dev-bind", "/", "/", *doors, "--chdir", str(ROOT), "--", "setpriv", *drop, *tests],
            env={**os.environ, "HOME": scratch, "TMPDIR": scratch, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
