"""What a machine is launched with, and what both ways of launching share."""

import contextlib
import os
import re
import resource
import selectors
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aether.machines.adapters.local.host import PLACES, Host
from aether.machines.adapters.local.processes import Process
from aether.machines.adapters.local.records import Record
from aether.machines.adapters.local.uids import Owner
from aether.machines.provider import MachineSpec, ProviderRefused, ProviderUnavailable

START_SECONDS = 20.0
OPEN_FILES = 65536
ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
FORBIDDEN_ENV = re.compile(r"LD_.*|BASH_ENV|ENV|BASH_FUNC.*|SHELLOPTS|BASHOPTS|PS4|IFS|HOME|USER|LOGNAME|SHELL")
HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Launch:
    """One machine about to run. `place` is its own folder, `volume` the project's."""

    spec: MachineSpec
    place: Path
    volume: Path
    home: Path  # AETHER_HOME, hidden from the machine
    owner: Owner
    host: Host


@dataclass(frozen=True)
class Address:
    """How a machine is entered once it runs."""

    username: str
    home_dir: str


class Launcher(Protocol):
    """A way of running machines."""

    sandboxed: bool

    def address(self, volume: Path) -> Address: ...

    def launch(self, launch: Launch, born: Callable[[Process], None]) -> int:
        """Start it, tell `born` its leader at once, answer the port once it listens."""
        ...

    def members(self, record: Record) -> set[Process]:
        """The living processes of the machine."""
        ...

    def tidy(self, machine_id: str) -> None:
        """Remove what it left outside its own folder."""
        ...


def check(spec: MachineSpec) -> None:
    """Refuse what could not be carried into a configuration unharmed."""
    if not HOSTNAME.fullmatch(spec.hostname):
        raise ProviderRefused(f"{spec.hostname!r} cannot be the name of a machine.")
    for name, value in spec.env.items():
        if not ENV_NAME.fullmatch(name) or FORBIDDEN_ENV.fullmatch(name):
            raise ProviderRefused(f"The environment variable {name!r} cannot be set for a machine.")
        if any(character in value for character in "\n\r\0"):
            raise ProviderRefused(f"The value of the environment variable {name} must be one line.")
    if len(spec.identity.principal.split()) != 1 or not re.fullmatch(r"[\w.:@-]+", spec.identity.principal):
        raise ProviderRefused("The machine's principal must be one word.")


def environment(launch: Launch, home_dir: str) -> dict[str, str]:
    """What shells and commands find beside what SSH itself sets."""
    return {
        "PATH": f"{home_dir}/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games",
        "LANG": "C.UTF-8",
        **launch.spec.env,
        "AETHER_MACHINE_ID": str(launch.spec.machine_id),
        "AETHER_PROJECT_ID": str(launch.spec.project_id),
    }


def limit_arguments(launch: Launch) -> list[str]:
    """Arguments for prlimit; see the package's docstring for what they do and do not hold."""
    limits, files = launch.spec.limits, open_files()
    return [
        f"--nproc={limits.pids}:{limits.pids}",
        f"--nofile={files}:{files}",
        f"--fsize={limits.disk_mb << 20}:{limits.disk_mb << 20}",
        "--core=0:0",
    ]


def open_files() -> int:
    """How many descriptors a machine's process may have: 65536, or what this process may hand on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < OPEN_FILES:
        with contextlib.suppress(ValueError, OSError):  # only a root with CAP_SYS_RESOURCE may
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, OPEN_FILES))
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)


def write_settings(folder: Path, files: dict[str, str], owner: Owner) -> None:
    """Files that the machine may read and not change; only its owner's group reads them."""
    folder.mkdir(0o710)
    os.chown(folder, -1, owner.gid)
    for name, text in files.items():
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
            if owner.private:  # sshd wants its host key private only from others if it owns the file
                os.fchown(handle, -1, owner.gid)
                os.fchmod(handle, 0o640)


def detached(
    host: Host, command: list[str], *, report: int, stdin: int = subprocess.DEVNULL, pass_fds: tuple[int, ...] = ()
) -> None:
    """Run in a session of its own, as a child of init: it outlives us and is not ours to reap.

    What it says on stdout and stderr goes to the descriptor `report`.
    """
    subprocess.run(
        [host.setsid, "--fork", *command],
        cwd="/",
        env={"PATH": PLACES, "LANG": "C.UTF-8"},
        check=True,
        stdin=stdin,
        stdout=report,
        stderr=report,
        pass_fds=pass_fds,
    )


class Pipe:
    """A pipe whose ends are closed at the end of a block, if not before."""

    def __init__(self) -> None:
        self.read, self.write = os.pipe()
        self._open = {self.read, self.write}

    def __enter__(self) -> "Pipe":
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._open:
            os.close(handle)

    def close_write(self) -> None:
        """So that the reader sees the end once the others have closed theirs."""
        self._open.remove(self.write)
        os.close(self.write)


def read_until(handle: int, mark: bytes, who: str) -> bytes:
    """Everything up to and with the line that holds `mark`. ProviderUnavailable if the writer ends or stalls."""
    deadline = time.monotonic() + START_SECONDS
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(handle, selectors.EVENT_READ)
        while mark not in said or not said.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise ProviderUnavailable(f"{who} did not answer in {START_SECONDS:.0f} s.")
            more = os.read(handle, 65536)
            if not more:
                raise Ended(who, said.decode(errors="replace").strip())
            said += more
    return said


class Ended(ProviderUnavailable):
    """A process ended instead of saying what was expected; `said` is what it said instead."""

    def __init__(self, who: str, said: str) -> None:
        super().__init__(f"{who} ended at once: {said.splitlines()[-1] if said else 'without a word'}")
        self.said = said
