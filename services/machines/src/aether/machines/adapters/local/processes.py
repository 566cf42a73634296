"""Processes of this host as /proc shows them: who lives, who belongs together, and how they end.

A process is a pid *and* the kernel's start time, so a number that was given out again is never taken
for the old one. A zombie counts as ended.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
GOODBYE = (signal.SIGTERM, signal.SIGHUP, signal.SIGCONT)  # an interactive shell ignores TERM, not HUP
# Most of them are no children of ours, so their end is not told of but found by looking.
LOOK_EVERY = 0.01  # seconds
KILL_WAIT = 5.0  # seconds; longer means stuck in the kernel


@dataclass(frozen=True)
class Process:
    """One process. `start_time` in clock ticks since boot, from /proc/<pid>/stat."""

    pid: int
    start_time: int


@dataclass(frozen=True)
class Stat:
    """What is needed of /proc/<pid>/stat."""

    process: Process
    parent: int
    session: int


class StillAlive(Exception):
    """Processes outlived SIGKILL: the kernel holds them, as a hung disk does."""


def boot_id() -> str:
    """Changes with every boot of the host; start times are only comparable within one."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def stat(pid: int) -> Stat | None:
    """None if it is gone or a zombie."""
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    if fields[0] in "ZX":
        return None
    return Stat(Process(pid, int(fields[19])), parent=int(fields[1]), session=int(fields[3]))


def look_up(pid: int) -> Process | None:
    """The living process with this pid."""
    found = stat(pid)
    return found.process if found else None


def lives(process: Process) -> bool:
    """Whether exactly this process still runs."""
    return look_up(process.pid) == process


def everyone() -> Iterator[Stat]:
    """Every living process of the host."""
    for name in os.listdir(PROC):  # noqa: PTH208  a Path for each of hundreds of pids is waste
        if name.isdigit() and (found := stat(int(name))):
            yield found


def in_namespace_of(leader: Process) -> set[Process]:
    """All in the leader's pid namespace, the leader too; only the leader if its namespace is closed to us."""
    if not lives(leader):
        return set()
    space = _pid_namespace(leader.pid)
    if not space or space == _pid_namespace(os.getpid()):
        return {leader}
    return {one.process for one in everyone() if _pid_namespace(one.process.pid) == space}


def owned_by(uid: int) -> set[Process]:
    """All that run with this uid as their real or effective one."""
    return {one.process for one in everyone() if uid in _uids(one.process.pid)}


def descendants(leader: Process) -> set[Process]:
    """The leader, its children, theirs, and so on; empty if the leader is gone."""
    if not lives(leader):
        return set()
    seen = list(everyone())
    found = {leader}
    while more := {one.process for one in seen if one.parent in {p.pid for p in found}} - found:
        found |= more
    return found


def with_argument(word: str) -> set[Process]:
    """All whose command line has `word` as one whole argument."""
    mark = word.encode()
    return {
        one.process
        for one in everyone()
        if mark in _read(one.process.pid, "cmdline").split(b"\0") and one.process.pid != os.getpid()
    }


def arguments_under(folder: Path) -> set[str]:
    """The names right under `folder` that command lines of living processes have as an argument."""
    prefix = f"{folder}/".encode()
    words = (word for one in everyone() for word in _read(one.process.pid, "cmdline").split(b"\0"))
    names = (word.removeprefix(prefix) for word in words if word.startswith(prefix))
    return {name.decode(errors="replace") for name in names if b"/" not in name}


def with_environment(entry: str) -> set[Process]:
    """All that were started with `NAME=value` in their environment, as far as we may read it."""
    mark = entry.encode()
    return {one.process for one in everyone() if mark in _read(one.process.pid, "environ").split(b"\0")}


def send(process: Process, number: signal.Signals) -> None:
    """Signal exactly this process; nothing happens if it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        handle = os.pidfd_open(process.pid)
        try:
            if lives(process):
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)


def end(members: Callable[[], set[Process]], grace: float) -> None:
    """TERM and HUP to all members, `grace` seconds to leave, then KILL until none is left.

    `members` is asked again and again, so what was forked meanwhile is met too. Raises StillAlive.
    """
    deadline = time.monotonic() + grace
    told: set[Process] = set()
    while (left := members()) and time.monotonic() < deadline:
        for process in left - told:
            _say_goodbye(process)
        told |= left
        # They are other processes' children, so nothing tells of their end: it shows only when looked for.
        time.sleep(LOOK_EVERY)
    if left:
        _kill_all(members)


def _say_goodbye(process: Process) -> None:
    for number in GOODBYE:
        send(process, number)


def _kill_all(members: Callable[[], set[Process]]) -> None:
    deadline = time.monotonic() + KILL_WAIT
    while left := members():
        if time.monotonic() > deadline:
            raise StillAlive(f"{len(left)} processes do not end")
        for process in left:
            send(process, signal.SIGKILL)
        # As above, they are nobody's children here; what the kernel is still taking down needs no more signals.
        time.sleep(LOOK_EVERY)


def listening_ports() -> set[int]:
    """Ports that listen on 127.0.0.1 or on all IPv4 addresses; cheaper than a connection to each."""
    rows = (line.split() for line in (PROC / "net/tcp").read_text().splitlines()[1:])
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A"}


def _pid_namespace(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""


def running_uids() -> set[int]:
    """Every uid that a process runs with now."""
    return {uid for one in everyone() for uid in _uids(one.process.pid)}


def _uids(pid: int) -> set[int]:
    for line in _read(pid, "status").splitlines():
        if line.startswith(b"Uid:"):
            return {int(word) for word in line.split()[1:]}
    return set()


def _read(pid: int, name: str) -> bytes:
    try:
        return (PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""
