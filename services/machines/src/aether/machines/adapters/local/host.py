"""What this computer has, found out by trying it."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aether.machines.adapters.local.uids import NARROW

PLACES = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
SYSTEM = ("/usr", "/etc")
MAYBE_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix", "/snap")
TRY_SECONDS = 5.0


@dataclass(frozen=True)
class Host:
    """Paths of programs, "" where one is missing."""

    sshd: str
    bwrap: str
    setpriv: str
    prlimit: str
    setsid: str
    shell: str
    tmux: bool
    as_root: bool  # the sandbox is built by root and left by setpriv, else it is built in a user namespace
    sandbox: bool  # whether bubblewrap was tried and works


@cache
def look() -> Host:
    """Looks once in the life of the process; takes 10 to 50 ms."""
    host = Host(
        sshd=program("sshd"),
        bwrap=program("bwrap"),
        setpriv=program("setpriv"),
        prlimit=program("prlimit"),
        setsid=program("setsid"),
        shell=program("bash") or program("sh"),
        tmux=bool(program("tmux")),
        as_root=os.geteuid() == 0,
        sandbox=False,
    )
    return Host(**{**vars(host), "sandbox": _sandbox_works(host)})


def program(name: str) -> str:
    """Where a program is; services often run with a PATH that lacks /usr/sbin."""
    return shutil.which(name, path=PLACES) or ""


def system_walls() -> list[str]:
    """Arguments for bubblewrap: the system read-only, fresh /proc and /dev, own process and name spaces."""
    walls = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--proc", "/proc", "--dev", "/dev"]
    walls += ["--perms", "1777", "--tmpfs", "/dev/shm"]  # noqa: S108  a mount point in the sandbox
    for path in SYSTEM:
        walls += ["--ro-bind", path, path]
    for path in MAYBE_SYSTEM:
        walls += _same(Path(path))
    return walls


def become(uid: int, gid: int) -> list[str]:
    """Arguments for setpriv: leave root for good."""
    return [
        f"--reuid={uid}",
        f"--regid={gid}",
        "--clear-groups",
        "--bounding-set=-all",
        "--inh-caps=-all",
        "--no-new-privs",
        "--",
    ]


def _same(path: Path) -> list[str]:
    if path.is_symlink():
        return ["--symlink", str(path.readlink()), str(path)]
    return ["--ro-bind", str(path), str(path)] if path.is_dir() else []


def _sandbox_works(host: Host) -> bool:
    """Whether a shell in a sandbox, with the right uid, sees sshd. Kernel and policy decide, so it is tried."""
    if not all((host.bwrap, host.sshd, host.setpriv, host.prlimit, host.setsid)):
        return False
    inner = [host.setpriv, *become(NARROW.start, NARROW.start)] if host.as_root else []
    trial = [host.bwrap, *system_walls(), "--", *inner, "/bin/sh", "-c", 'test -x "$0"', host.sshd]
    try:
        done = subprocess.run(trial, capture_output=True, timeout=TRY_SECONDS, check=False, env={"PATH": PLACES})
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
