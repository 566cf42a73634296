"""Memory, processor and process limits for a whole machine, where this process may make control groups.

That is cgroup v2 with a group above us that hands memory and pids on and that we may write to: root under
systemd, or a person in their own session. Elsewhere, as in most containers, nothing is held here.
"""

import contextlib
import os
from functools import cache
from pathlib import Path

from aether.machines.provider import Limits

ROOT = Path("/sys/fs/cgroup")
NEEDED = {"memory", "pids"}
PERIOD = 100_000  # microseconds, the kernel's own default


@cache
def parent() -> Path | None:
    """The group to make machines' groups in."""
    return find_parent(ROOT, Path("/proc/self/cgroup").read_text())


def find_parent(root: Path, own: str) -> Path | None:
    """The nearest group above our own that hands on what is needed. `own` is the text of /proc/self/cgroup."""
    path = next((line.removeprefix("0::/") for line in own.splitlines() if line.startswith("0::/")), None)
    if path is None:
        return None
    groups = [root / path, *(root / path).parents]
    return next((group for group in groups if group.is_relative_to(root) and _hands_on(group)), None)


def enclose(group: Path, pid: int, limits: Limits) -> bool:
    """Put a process, and all it will start, into a new group. False if the host did not let us."""
    try:
        group.mkdir(exist_ok=True)
        (group / "memory.max").write_text(str(limits.memory_mb << 20))
        (group / "pids.max").write_text(str(limits.pids))
        with contextlib.suppress(OSError):  # the processor is not always handed on
            (group / "cpu.max").write_text(f"{int(limits.cpus * PERIOD)} {PERIOD}")
        (group / "cgroup.procs").write_text(str(pid))
    except OSError:
        remove(group)
        return False
    return True


def remove(group: Path) -> None:
    """Remove a group that holds no process any more."""
    with contextlib.suppress(OSError):
        group.rmdir()


def _hands_on(group: Path) -> bool:
    """Whether it hands on what is needed, and a trial group could be made in it."""
    try:
        if not set((group / "cgroup.subtree_control").read_text().split()) >= NEEDED:
            return False
        trial = group / f"aether-trial-{os.getpid()}"
        trial.mkdir(exist_ok=True)
        trial.rmdir()
    except OSError:
        return False
    return True
