"""A machine as an asyncssh server of ours, for computers without sshd or a working bubblewrap.

There are no walls: it sees the host's files as far as its uid may. As root that uid is the project's own;
as a person all machines share the person's. HOME is the volume; /tmp is the host's, TMPDIR is private.
"""

import contextlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from aether.machines.adapters.local import processes, volumes
from aether.machines.adapters.local.launch import (
    Address,
    Launch,
    Pipe,
    detached,
    environment,
    open_files,
    read_until,
    write_settings,
)
from aether.machines.adapters.local.processes import Process
from aether.machines.adapters.local.records import Record
from aether.machines.provider import USERNAME, ProviderRefused, ProviderUnavailable

SERVER = "aether.machines.adapters.local.server"


class Bare:
    """Launches machines without a sandbox."""

    sandboxed = False

    def address(self, volume: Path) -> Address:
        return Address(USERNAME, str(volume))

    def launch(self, launch: Launch, born: Callable[[Process], None]) -> int:
        _check_reach(launch)
        settings = launch.place / "settings"
        write_settings(settings, {"authorized_keys": ""}, launch.owner)
        orders = json.dumps(_orders(launch, settings / "authorized_keys", _make_scratch(launch)))
        report = _run(launch, orders)
        leader = processes.look_up(report["pid"])
        if leader is None:
            raise ProviderUnavailable("The machine's SSH server ended at once.")
        born(leader)
        return report["port"]

    def members(self, record: Record) -> set[Process]:
        """By descent, and by the environment for what lost its parent. As root the keeper goes by uid too."""
        found = processes.with_environment(f"AETHER_MACHINE_ID={record.machine_id}")
        return found | (processes.descendants(record.leader) if record.leader else set())

    def tidy(self, machine_id: str) -> None:
        for path in (_scratch(machine_id), *left_on_host(machine_id)):
            volumes.remove(path)


def _scratch(machine_id: str) -> Path:
    """The machine's TMPDIR. Short, for a socket's path has room for 107 bytes."""
    return Path(tempfile.gettempdir()) / f"aether-{UUID(machine_id).hex}"


def left_on_host(machine_id: str) -> tuple[Path, Path]:
    """Where the machine's socket was and, in memory, the keys that were injected: see domain/environment.py."""
    name = f"aether-{UUID(machine_id)}"
    return Path("/tmp", name), Path("/dev/shm", name)  # noqa: S108 - names that no other machine has


def _make_scratch(launch: Launch) -> Path:
    path = _scratch(str(launch.spec.machine_id))
    volumes.remove(path)
    path.mkdir(0o700)
    os.chown(path, launch.owner.uid, launch.owner.gid)
    return path


def _check_reach(launch: Launch) -> None:
    if launch.owner.private and not all(parent.stat().st_mode & stat.S_IXOTH for parent in launch.volume.parents):
        raise ProviderRefused(
            "The machine's user cannot reach its files: set AETHER_HOME to a folder all may enter."
        )


def _orders(launch: Launch, keys: Path, scratch: Path) -> dict[str, object]:
    """What the server must know; by stdin, for others can read an argv."""
    spec, owner, shell = launch.spec, launch.owner, launch.host.shell
    home = str(launch.volume)
    own = {"HOME": home, "USER": USERNAME, "LOGNAME": USERNAME, "SHELL": shell}
    own |= {"TMPDIR": str(scratch), "TMUX_TMPDIR": str(scratch)}
    # So that whoever looks for the machine's processes from inside tells them from the host's.
    own |= {"AETHER_SEES_HOST": "1"}
    return {
        "username": USERNAME,
        "host_key": spec.identity.private_key,
        "user_ca": spec.identity.user_ca,
        "principal": spec.identity.principal,
        "authorized_keys": str(keys),
        "home": home,
        "shell": shell,
        "env": {**environment(launch, home), **own},
        "uid": owner.uid,
        "gid": owner.gid,
        "open_files": open_files(),
        "file_bytes": spec.limits.disk_mb << 20,
        # The kernel counts per uid: a limit on a person's uid would count their browser's threads.
        "pids": spec.limits.pids if owner.private else None,
    }


def _run(launch: Launch, orders: str) -> dict[str, int]:
    """Start the server, give it its orders, answer its report: {"pid", "port"}."""
    with Pipe() as input_, Pipe() as speech:
        command = [sys.executable, "-P", "-m", SERVER, str(launch.place)]
        detached(launch.host, command, report=speech.write, stdin=input_.read)
        speech.close_write()
        with os.fdopen(os.dup(input_.write), "w") as giving, contextlib.suppress(BrokenPipeError):
            input_.close_write()
            giving.write(orders)
            giving.flush()
        said = read_until(speech.read, b'"port"', "The machine's SSH server")
    report: dict[str, int] = json.loads(said.splitlines()[-1])
    return report
