"""A machine for tests: a real sshd on loopback that trusts a CA made here, and a real tmux.

Its processes are in a namespace of their own, as a machine's are: it sees no others, though it has the host's
network and files.
"""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import psutil

from aether.cli.embedded.ports import any_free_port
from aether.contracts.ids import MachineId, ProjectId, new_id
from aether.contracts.machines import SshCertificate
from aether.contracts.problem import Unavailable
from aether.testkit.host import find_program

UID = 64011  # whose shells these are when the tests run as root
CONFIG = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
PidFile none
TrustedUserCAKeys {folder}/ca.pub
AuthorizedPrincipalsFile {folder}/principals
AuthorizedKeysFile {folder}/home/.aether/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
StreamLocalBindUnlink yes
Subsystem sftp internal-sftp
MaxSessions 1000
MaxStartups 200:30:1000
PrintMotd no
PrintLastLog no
SetEnv TMUX_TMPDIR={folder}/tmux HOME={folder}/home PS1='$ ' SHELL=/bin/bash {env}
"""


# The first process inside. It lives as long as the machine; each line has it run a server until that ends.
KEEPER = 'while read -r _; do "$@"; done'


class TestMachine:
    """One machine of one project. `issue` is what the machines service would answer."""

    __test__ = False

    def __init__(self, folder: Path, *, tmux: bool = True) -> None:
        self.folder = folder
        self.id = MachineId(new_id())
        self.generation = 1
        self.tmux = tmux
        self.recording = True
        # Both folders are the host's here; their names are no other machine's.
        self.socket = Path("/tmp", f"aether-{self.id}", "aether.sock")  # noqa: S108 - as above
        self.place = Path("/dev/shm", f"aether-{self.id}")  # noqa: S108 - as above
        self.env: dict[str, str] = {
            "AETHER_SOCKET": str(self.socket),
            "AETHER_ENV_FILE": str(self.place / "env"),
        }
        self.running = True
        self.port = any_free_port()
        self._ca = asyncssh.generate_private_key("ssh-ed25519")
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._root = os.geteuid() == 0
        self.username = "dev" if self._root else getpass.getuser()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def prepare(self) -> None:
        for name in ("home", "home/workspace", "tmux"):
            (self.folder / name).mkdir(mode=0o700)
        (self.home / ".profile").write_text("PS1='$ '\n")
        (self.folder / "ca.pub").write_bytes(self._ca.export_public_key())
        (self.folder / "principals").write_text(f"{self.id}\n")
        key = self.folder / "host_key"
        key.write_bytes(self._host_key.export_private_key())
        key.chmod(0o600)
        env = " ".join(f"{name}={value}" for name, value in self.env.items())
        (self.folder / "sshd_config").write_text(CONFIG.format(port=self.port, folder=self.folder, env=env))
        # sshd that is not root cannot give a PTY to the group tty, and does not try where there is none.
        (self.folder / "group").write_text(f"root:x:0:\ndev:x:{UID}:\n")
        uid, gid = (UID, UID) if self._root else (os.getuid(), os.getgid())
        account = f"{self.username}:x:{uid}:{gid}::{self.home}:/bin/bash\n"
        (self.folder / "passwd").write_text(f"root:x:0:0::/root:/bin/sh\n{account}")
        if self._root:
            for path in [self.folder, *self.folder.rglob("*")]:
                os.chown(path, UID, UID)

    def start(self) -> None:
        if self._process is None:
            self._process = self._boot()
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        end = time.monotonic() + 10
        while not _accepts(self.port):
            assert time.monotonic() < end, (self.folder / "sshd.log").read_text()
            # sshd tells nobody when it listens; the port is knocked at until it does, ten seconds at most.
            time.sleep(0.02)

    def _boot(self) -> "subprocess.Popen[bytes]":
        sshd = find_program("sshd")
        assert sshd is not None
        server = [sshd, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        command = ["/bin/sh", "-c", KEEPER, "keeper", *server]
        walls = ["--dev-bind", "/", "/", "--unshare-pid", "--proc", "/proc"]
        walls += ["--ro-bind", str(self.folder / "group"), "/etc/group"]
        walls += ["--ro-bind", str(self.folder / "passwd"), "/etc/passwd"]
        if self._root:
            command = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", *command]
        with (self.folder / "sshd.log").open("ab") as log:
            return subprocess.Popen(
                ["bwrap", *walls, *command], stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )

    def cut(self) -> None:
        """Break every SSH connection, as a network does; sessions live on, and sshd listens again."""
        self.stop_sshd()
        self.start()

    def stop_sshd(self) -> None:
        """End the server and what serves its connections; tmux is nobody's child and stays."""
        family = self._keeper().children(recursive=True)
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=10)

    def _first(self) -> psutil.Process:
        """The first process inside, which has no other life than the namespace's."""
        assert self._process is not None
        return psutil.Process(self._process.pid).children()[0]

    def _keeper(self) -> psutil.Process:
        return min(self._first().children(), key=psutil.Process.create_time)

    def close(self) -> None:
        """End it with all its processes, and remove its files."""
        if self._process is not None:
            assert self._process.stdin is not None
            with contextlib.suppress(psutil.NoSuchProcess, IndexError):
                self._first().kill()
            self._process.wait()
            self._process.stdin.close()
            self._process = None
        for folder in (self.folder, self.socket.parent, self.place):
            shutil.rmtree(folder, ignore_errors=True)

    def runs(self, pid: int) -> bool:
        """Whether a process runs there; `pid` is its number inside."""
        return any(_number_inside(process) == pid for process in self._first().children(recursive=True))

    def admit(self, *public_keys: str) -> None:
        """Let these keys in and no other, as the agents service does."""
        folder = self.home / ".aether"
        folder.mkdir(exist_ok=True)
        (folder / "authorized_keys").write_text("".join(f"{key}\n" for key in public_keys))
        if self._root:
            for path in (folder, folder / "authorized_keys"):
                os.chown(path, UID, UID)

    def give_keys(self, exports: str) -> None:
        """Put this into the file that sessions begin with."""
        self.place.mkdir(mode=0o700, exist_ok=True)
        (self.place / "env").write_text(exports)
        if self._root:
            for path in (self.place, self.place / "env"):
                os.chown(path, UID, UID)

    @property
    def host_key(self) -> str:
        """What it proves itself with, as a line."""
        return self._host_key.export_public_key().decode().strip()

    async def issue(self, project_id: ProjectId, public_key: str) -> SshCertificate:
        if not self.running:
            raise Unavailable("The machine does not run.")
        key = asyncssh.import_public_key(public_key)
        certificate = self._ca.generate_user_certificate(
            key, str(project_id), principals=[str(self.id)], valid_before="+5m"
        )
        return SshCertificate(
            project_id=project_id,
            machine_id=self.id,
            generation=self.generation,
            host="127.0.0.1",
            port=self.port,
            username=self.username,
            host_key=self.host_key,
            certificate=certificate.export_certificate().decode(),
            home_dir=str(self.home),
            workspace_dir=str(self.home / "workspace"),
            tmux=self.tmux,
            recording=self.recording,
            env=self.env,
        )


def _number_inside(process: psutil.Process) -> int | None:
    """A process's number in its own namespace; None for one that has ended."""
    with contextlib.suppress(psutil.Error, OSError):
        if process.status() != psutil.STATUS_ZOMBIE:
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            return next(int(line.split()[-1]) for line in lines if line.startswith("NSpid:"))
    return None


@contextlib.contextmanager
def machine_for_a_test() -> Iterator[TestMachine]:
    """A machine that runs as long as the block lasts, in a folder that its own user can walk through."""
    folder = Path(tempfile.mkdtemp(prefix="aether-machine-"))
    folder.chmod(0o755)
    machine = TestMachine(folder)
    machine.prepare()
    machine.start()
    yield machine
    machine.close()


def _accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
