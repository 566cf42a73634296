"""The peer: OpenSSH's own client, in a pty of ours, into the same machine."""

import os
import pty
import select
import subprocess
import tempfile
import termios
import tty
from pathlib import Path

import asyncssh

from aether.contracts.machines import SshCertificate


class Identity:
    """A key, its certificate and the one known host, as the files that ssh wants."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="aether-bench-"))
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.public_key = self.key.export_public_key().decode().strip()
        self._write("id", self.key.export_private_key().decode())

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return path

    def command(self, machine: SshCertificate, *remote: str) -> list[str]:
        """ssh with a pty."""
        return ["ssh", "-F", "none", "-tt", *self._flags(machine), "-p", str(machine.port),
                f"{machine.username}@{machine.host}", *remote]  # fmt: skip

    def sftp(self, machine: SshCertificate) -> list[str]:
        """sftp that reads its lines from standard input and stops at the first that fails."""
        return ["sftp", "-F", "none", "-b", "-", *self._flags(machine), "-P", str(machine.port),
                f"{machine.username}@{machine.host}"]  # fmt: skip

    def _flags(self, machine: SshCertificate) -> list[str]:
        certificate = self._write("id-cert.pub", machine.certificate + "\n")
        host = f"[{machine.host}]:{machine.port} {machine.host_key}\n"
        known = self._write("known_hosts", host)
        options = {
            "CertificateFile": certificate,
            "UserKnownHostsFile": known,
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
            "Ciphers": "aes128-gcm@openssh.com",
            "LogLevel": "ERROR",
        }
        flags = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return ["-i", str(self.folder / "id"), *flags]


class Shell:
    """ssh with a pty at both ends; read and written with plain system calls."""

    def __init__(self, command: list[str]) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave, termios.TCSANOW)
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, close_fds=True)
        os.close(slave)

    def send(self, data: bytes) -> None:
        os.write(self.master, data)

    def output(self, timeout: float = 20) -> bytes:
        if not select.select([self.master], [], [], timeout)[0]:
            raise TimeoutError("ssh is silent")
        return os.read(self.master, 256 * 1024)

    def until(self, mark: bytes, timeout: float = 60) -> int:
        tail, count = b"", 0
        while mark not in tail:
            piece = self.output(timeout)
            count += len(piece)
            tail = tail[-len(mark) :] + piece
        return count

    def quiet(self, seconds: float = 0.3) -> None:
        while select.select([self.master], [], [], seconds)[0]:
            os.read(self.master, 256 * 1024)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)
