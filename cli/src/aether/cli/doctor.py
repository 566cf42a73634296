"""What this host has, and what the absence of each thing changes."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

# sshd lies where an ordinary user's PATH does not look.
ADMINISTRATORS = "/usr/sbin:/sbin:/usr/local/sbin"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = (20, 19)
PATIENCE = 3.0


@dataclass(frozen=True)
class Finding:
    """One thing looked for. `changes` says what is different without it, and is empty if it is there."""

    name: str
    found: bool
    detail: str
    changes: str = ""

    def row(self) -> dict[str, object]:
        """The finding as JSON has it."""
        return asdict(self)


def examine() -> list[Finding]:
    """Look for everything, at the same time. Takes at most about 3 s, and that only if Docker hangs."""
    looks: list[Callable[[], Finding]] = [
        _python, _node, _sshd, _tmux, _bubblewrap, _git, _docker, _chromium
    ]  # fmt: skip
    with ThreadPoolExecutor(len(looks)) as pool:
        return list(pool.map(lambda look: look(), looks))


def find_program(*names: str) -> Path | None:
    """The first of these programs there is, on PATH or in the administrator's folders."""
    for name in names:
        path = shutil.which(name) or shutil.which(name, path=ADMINISTRATORS)
        if path:
            return Path(path)
    return None


def _said(*command: str) -> str | None:
    """The first line a command says; None if it fails or takes longer than 3 s."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (done.stdout or done.stderr).strip().splitlines()
    return (lines[0] if lines else "") if done.returncode == 0 else None


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "python",
        sys.version_info >= OLDEST_PYTHON,
        f"{version} at {sys.executable}",
        "" if sys.version_info >= OLDEST_PYTHON else "aether needs Python 3.11 or newer.",
    )


def node_version() -> tuple[int, ...] | None:
    """Node's version as numbers; None without Node."""
    said = _said("node", "--version")
    return tuple(int(part) for part in said.removeprefix("v").split(".")[:3]) if said else None


def _node() -> Finding:
    version = node_version()
    found = version is not None and version >= OLDEST_NODE
    detail = ".".join(map(str, version)) if version else "not found"
    changes = "" if found else "The web app cannot be built; Node 20.19 or newer builds it."
    return Finding("node", found, detail, changes)


def _program(finding: str, changes: str, *names: str) -> Finding:
    path = find_program(*names)
    return Finding(finding, path is not None, str(path or "not found"), "" if path else changes)


def _sshd() -> Finding:
    without = "Machines run a Python SSH server instead of OpenSSH's: the same shells, with less speed."
    return _program("sshd", without, "sshd")


def _tmux() -> Finding:
    without = "Shells do not outlive a restart of the terminal service; with tmux they do."
    return _program("tmux", without, "tmux")


def _git() -> Finding:
    return _program("git", "Projects cannot be cloned from a git URL; empty ones work.", "git")


def _chromium() -> Finding:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return _program("chromium", "The browser tests are skipped; aether itself does not need it.", *names)


def _bubblewrap() -> Finding:
    without = "Machines are separated by their uid and folder alone, not by a sandbox of their own."
    if find_program("bwrap") is None:
        return Finding("bubblewrap", False, "not found", without)
    trial = ("bwrap", "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc", "true")
    if _said(*trial) is None:
        return Finding("bubblewrap", False, "installed, but this host does not let it make a sandbox", without)
    return Finding("bubblewrap", True, str(find_program("bwrap")))


def _docker() -> Finding:
    without = "Machines run as local processes; containers are not offered."
    if find_program("docker") is None:
        return Finding("docker", False, "not found", without)
    version = _said("docker", "version", "--format", "{{.Server.Version}}")
    if version is None:
        return Finding("docker", False, "installed, but its server does not answer", without)
    return Finding("docker", True, version)
