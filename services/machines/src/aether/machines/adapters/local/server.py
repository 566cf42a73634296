"""`python -m aether.machines.adapters.local.server <folder>`: one machine's SSH server, in asyncssh.

Reads its orders as JSON from stdin, drops its privileges, listens on a free loopback port, says
`{"pid": …, "port": …}` on stdout and serves until TERM. Lets in only holders of a certificate with the
machine's principal, and the keys in `authorized_keys`. Its only argument marks the process.

Everything is imported before the drop: afterwards the interpreter's files may be out of reach.
"""

import asyncio
import contextlib
import ctypes
import encodings.idna  # noqa: F401  asked for by name when a host is looked up, after the drop
import json
import os
import resource
import signal
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
from asyncssh.auth_keys import SSHAuthorizedKeys

from aether.machines.adapters.local.openssh import (
    AUTHORIZED_KEYS,
    CIPHERS,
    CLIENT_ENV,
    MACS,
    USER_KEYS,
)
from aether.machines.adapters.local.shells import Children, Shell

KEX = ("curve25519-sha256", "curve25519-sha256@libssh.org")
SIGNATURES = {name.encode() for name in USER_KEYS}
KEYS_BYTES = 1024 * 1024
PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 36, 38  # linux/prctl.h


@dataclass(frozen=True)
class Orders:
    """What stdin says. `pids`, `open_files` and `file_bytes` are limits; None is none."""

    username: str
    host_key: str
    user_ca: str
    principal: str
    authorized_keys: str
    home: str
    shell: str
    env: dict[str, str]
    uid: int
    gid: int
    open_files: int
    file_bytes: int
    pids: int | None


class Door(asyncssh.SSHServer):
    """Decides who enters, and what they may ask for."""

    def __init__(self, orders: Orders, children: Children) -> None:
        self._orders = orders
        self._children = children

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        """Always asks for a key; for a wrong name none is right."""
        keys = _trusted(self._orders) if username == self._orders.username else Trusted()
        self._connection.set_authorized_keys(keys)
        return True

    def session_requested(self) -> Shell:
        orders = self._orders
        return Shell(orders.shell, orders.env, CLIENT_ENV, self._children)

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return True

    def unix_connection_requested(self, dest_path: str) -> bool:
        return True

    def server_requested(self, listen_host: str, listen_port: int) -> bool:
        """On loopback only; asked for every address, which is what an empty one means, it is refused."""
        return listen_host in ("localhost", "127.0.0.1", "::1")

    def unix_server_requested(self, listen_path: str) -> bool:
        return True


def main() -> None:
    """One machine, from its orders to its end."""
    orders = Orders(**json.load(sys.stdin))
    host_key = asyncssh.import_private_key(orders.host_key)
    _limit(orders)
    _drop(orders.uid, orders.gid)
    os.chdir(orders.home)
    os.environ["HOME"] = orders.home  # asyncssh asks, and the uid has no line in /etc/passwd
    os.umask(0o022)
    asyncio.run(_serve(orders, host_key))


def _limit(orders: Orders) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (orders.open_files, orders.open_files))
    resource.setrlimit(resource.RLIMIT_FSIZE, (orders.file_bytes, orders.file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if orders.pids is not None:
        resource.setrlimit(resource.RLIMIT_NPROC, (orders.pids, orders.pids))


def _drop(uid: int, gid: int) -> None:
    """Become the project's user for good, unreadable to its other processes, and the parent of orphans."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((PR_SET_NO_NEW_PRIVS, 1), (PR_SET_CHILD_SUBREAPER, 1), (PR_SET_DUMPABLE, 0)):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


async def _serve(orders: Orders, host_key: asyncssh.SSHKey) -> None:
    children, ending = Children(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ending.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    children.watch(loop)
    acceptor = await asyncssh.listen(
        "127.0.0.1",
        0,
        config=None,
        server_factory=lambda: Door(orders, children),
        server_host_keys=[host_key],
        encryption_algs=list(CIPHERS),
        mac_algs=list(MACS),
        kex_algs=list(KEX),
        signature_algs=list(USER_KEYS),
        compression_algs=None,
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_host=None,
        agent_forwarding=False,
        x11_forwarding=False,
        line_editor=False,
        encoding=None,
        login_timeout=20,
        keepalive_interval=30,
        keepalive_count_max=4,
    )
    _report(acceptor.get_port())
    await ending.wait()
    acceptor.close()
    await children.all_gone()  # those who told us told them too, and KILL follows if they do not listen


def _report(port: int) -> None:
    """Say it once, then let go of all that ties us to whoever started us."""
    print(json.dumps({"pid": os.getpid(), "port": port}), flush=True)  # noqa: T201  the answer asked for
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nothing, handle)
    os.close(nothing)


class Trusted(SSHAuthorizedKeys):
    """Keys that are let in, by good signatures: asyncssh tells clients which are wanted, and then takes any."""

    def validate(self, key: asyncssh.SSHKey, *more: Any, **named: Any) -> Any:
        key.all_sig_algorithms = key.all_sig_algorithms & SIGNATURES
        return super().validate(key, *more, **named)


def _trusted(orders: Orders) -> Trusted:
    """The platform's authority, and the keys in both files. The machine may write one of them as it likes, so
    a line that cannot be read is left out and keeps nobody else from entering."""
    trusted = Trusted(f'cert-authority,principals="{orders.principal}" {orders.user_ca}\n')
    for path in (Path(orders.authorized_keys), Path(orders.home, AUTHORIZED_KEYS)):
        for line in _lines(path):
            with contextlib.suppress(ValueError):
                trusted.load(line)
    return trusted


def _lines(path: Path) -> list[str]:
    """The lines of a plain file of bounded size; nothing of anything else, such as a pipe that never ends."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            plain = stat.S_ISREG(os.fstat(handle).st_mode)
            return file.read(KEYS_BYTES).decode("utf-8", "replace").splitlines() if plain else []
    except OSError:
        return []


if __name__ == "__main__":
    main()
