"""A machine as OpenSSH's sshd inside a bubblewrap sandbox.

Inside: the system read-only, the volume at /home/dev, own /tmp, /dev/shm, processes and host name. Outside
and out of sight: AETHER_HOME, /root, /home, /var, /run. The network is the host's.
As root the sandbox is built by root and left through setpriv for the project's uid; as a person it is built
in a user namespace. The host key lies readable to the machine's own user: it proves only that machine.
"""

import json
import socket
from collections.abc import Callable
from pathlib import Path

from aether.machines.adapters.local import openssh, processes
from aether.machines.adapters.local.host import MAYBE_SYSTEM, SYSTEM, become, system_walls
from aether.machines.adapters.local.launch import (
    Address,
    Ended,
    Launch,
    Pipe,
    detached,
    environment,
    limit_arguments,
    read_until,
    write_settings,
)
from aether.machines.adapters.local.processes import Process
from aether.machines.adapters.local.records import Record
from aether.machines.provider import USERNAME, ProviderUnavailable

HOME = "/home/dev"
PORT_TRIES = 5


class Sandbox:
    """Launches sandboxed machines."""

    sandboxed = True

    def address(self, volume: Path) -> Address:
        return Address(USERNAME, HOME)

    def launch(self, launch: Launch, born: Callable[[Process], None]) -> int:
        for _ in range(PORT_TRIES - 1):
            try:
                return _boot(launch, born, free_port())
            except PortTaken:
                processes.end(lambda: processes.with_argument(str(launch.place)), grace=0)
        return _boot(launch, born, free_port())

    def members(self, record: Record) -> set[Process]:
        return processes.in_namespace_of(record.leader) if record.leader else set()

    def tidy(self, machine_id: str) -> None:
        """All it had was in its folder."""


class PortTaken(ProviderUnavailable):
    """Someone was faster at the port we chose."""


def free_port() -> int:
    """A loopback port that is free at this moment."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def _boot(launch: Launch, born: Callable[[Process], None], port: int) -> int:
    settings = launch.place / f"settings-{port}"
    write_settings(settings, _settings(launch, port), launch.owner)
    with Pipe() as news, Pipe() as speech, Pipe() as gate:
        files = (news.write, gate.read)
        options = ["--info-fd", str(news.write), "--block-fd", str(gate.read)]
        command = [launch.host.bwrap, *options, *_walls(launch, settings), "--", *_server(launch)]
        detached(launch.host, command, report=speech.write, pass_fds=files)
        news.close_write()
        speech.close_write()
        _leader(news.read, speech.read, born)
        gate.close_write()  # nothing inside runs before its leader is recorded and its limits hold
        _await_listening(speech.read)
    return port


def _leader(told: int, heard: int, born: Callable[[Process], None]) -> None:
    """Hear from bubblewrap who is pid 1 inside. What it says instead, it says on stderr."""
    try:
        said = read_until(told, b"}", "bubblewrap")
    except Ended:
        read_until(heard, b"\0", "bubblewrap")
        raise
    leader = processes.look_up(json.loads(said)["child-pid"])
    if leader:
        born(leader)


def _await_listening(heard: int) -> None:
    try:
        read_until(heard, openssh.LISTENING, "sshd")
    except Ended as ended:
        if "Address already in use" in ended.said:
            raise PortTaken(str(ended)) from ended
        raise


def _settings(launch: Launch, port: int) -> dict[str, str]:
    spec, owner = launch.spec, launch.owner
    return {
        "sshd_config": openssh.sshd_config(USERNAME, port, environment(launch, HOME)),
        "host_key": spec.identity.private_key,
        "user_ca": spec.identity.user_ca + "\n",
        "principals": spec.identity.principal + "\n",
        "authorized_keys": "",
        "passwd": f"root:x:0:0::/root:/bin/sh\n{USERNAME}:x:{owner.uid}:{owner.gid}::{HOME}:{launch.host.shell}\n",
        "group": f"root:x:0:\n{USERNAME}:x:{owner.gid}:\n",
        "hosts": f"127.0.0.1 localhost {spec.hostname}\n::1 localhost ip6-localhost\n",
        "hostname": f"{spec.hostname}\n",
    }


def _walls(launch: Launch, settings: Path) -> list[str]:
    walls = ["--hostname", launch.spec.hostname, *system_walls()]
    for folder in ("/run", "/var", "/home"):  # made on the way to a mount point they would be closed to others
        walls += ["--dir", folder]
    for name in ("passwd", "group", "hosts", "hostname"):
        if Path("/etc", name).is_file():
            walls += ["--ro-bind", str(settings / name), f"/etc/{name}"]
    walls += _resolver()
    if any(launch.home.is_relative_to(path) for path in (*SYSTEM, *MAYBE_SYSTEM)):
        walls += ["--tmpfs", str(launch.home)]  # what is shown of the system must not show our own home
    walls += ["--ro-bind", str(settings), openssh.INSIDE]
    # Paths inside the sandbox, which is nobody else's.
    walls += ["--bind", str(launch.place / "tmp"), "/tmp", "--bind", str(launch.place / "tmp"), "/var/tmp"]  # noqa: S108
    walls += ["--bind", str(launch.volume), HOME, "--remount-ro", "/", "--chdir", HOME]
    # The folder's path marks the process as this machine's, whoever looks for it.
    return [*walls, "--setenv", "AETHER_MACHINE", str(launch.place)]


def _resolver() -> list[str]:
    """/etc/resolv.conf may point into /run, which is not shown."""
    real = Path("/etc/resolv.conf").resolve()
    if not real.is_file() or not real.is_relative_to("/run"):
        return []
    folders = [word for folder in reversed(real.parents[:-2]) for word in ("--dir", str(folder))]
    return [*folders, "--ro-bind", str(real), str(real)]


def _server(launch: Launch) -> list[str]:
    host, owner = launch.host, launch.owner
    drop = [host.setpriv, *become(owner.uid, owner.gid)] if host.as_root else []
    limits = limit_arguments(launch)
    sshd = [host.sshd, "-D", "-e", "-f", f"{openssh.INSIDE}/sshd_config"]
    return [host.prlimit, *limits, "--", *drop, *sshd]
