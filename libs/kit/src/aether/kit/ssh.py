"""SSH into machines: a certificate for five minutes, a pinned host key, one warm connection a machine."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncssh
import structlog

from aether.contracts.ids import MachineId, ProjectId
from aether.contracts.machines import SshCertificate
from aether.contracts.problem import Refusal
from aether.kit.trace import tracer

# Measured: GCM with AES-NI carries twice what asyncssh's own default does.
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com")
KEY_EXCHANGES = ("curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256")
HOST_KEYS = ("ssh-ed25519",)
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
# What people's own keys may sign with: RSA only with SHA-2.
USER_KEYS = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
CONNECT_SECONDS = 5.0

Issue = Callable[[ProjectId, str], Awaitable[SshCertificate]]

# asyncssh asks who runs this process, and gives up on a uid that has no name. No file is read for it.
os.environ.setdefault("LOGNAME", "aether")

log = structlog.get_logger()


class MachineUnreachable(Refusal):
    status = 503
    type = "machine-unreachable"
    title = "The machine does not answer"


@dataclass(frozen=True)
class Connected:
    """An open connection and what the authority said of the machine at its other end."""

    connection: asyncssh.SSHClientConnection
    machine: SshCertificate

    @property
    def machine_id(self) -> MachineId:
        return self.machine.machine_id


class MachineConnections:
    """A pool: one connection for each project, made when asked for and kept warm.

    `issue` asks the authority to sign a public key; the private key is made here and never leaves.
    """

    def __init__(self, issue: Issue) -> None:
        self._issue = issue
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self._open: dict[ProjectId, Connected] = {}
        self._locks: dict[ProjectId, asyncio.Lock] = {}

    async def get(self, project_id: ProjectId) -> Connected:
        """The project's connection. Raises the authority's refusal, or MachineUnreachable."""
        lock = self._locks.setdefault(project_id, asyncio.Lock())
        async with lock:
            present = self._open.get(project_id)
            if present is not None and not present.connection.is_closed():
                return present
            connected = await self._connect(project_id)
            self._open[project_id] = connected
            return connected

    async def drop(self, project_id: ProjectId) -> None:
        """Close the connection, if there is one. The next get() makes another."""
        present = self._open.pop(project_id, None)
        self._locks.pop(project_id, None)
        if present is not None:
            present.connection.abort()

    async def close(self) -> None:
        for project_id in list(self._open):
            await self.drop(project_id)

    async def _connect(self, project_id: ProjectId) -> Connected:
        public_key = self._key.export_public_key().decode().strip()
        certificate = await self._issue(project_id, public_key)
        with tracer.start_as_current_span("ssh connect") as span:
            span.set_attribute("aether.machine_id", str(certificate.machine_id))
            return Connected(await connect(certificate, self._key), certificate)


async def connect(machine: SshCertificate, key: asyncssh.SSHKey) -> asyncssh.SSHClientConnection:
    """Connect with a certificate, to the one host key that the authority named."""
    certificate = asyncssh.import_certificate(machine.certificate)
    host_key = asyncssh.import_public_key(machine.host_key)
    try:
        return await asyncssh.connect(
            machine.host,
            machine.port,
            username=machine.username,
            client_keys=[(key, certificate)],
            known_hosts=([host_key], [], []),
            config=None,
            agent_path=None,
            preferred_auth="publickey",
            encryption_algs=list(CIPHERS),
            kex_algs=list(KEY_EXCHANGES),
            server_host_key_algs=list(HOST_KEYS),
            compression_algs=["none"],
            connect_timeout=CONNECT_SECONDS,
            login_timeout=CONNECT_SECONDS,
            keepalive_interval=15,
            keepalive_count_max=2,
        )
    except (OSError, TimeoutError, asyncssh.Error) as error:
        log.warning("ssh.connect_failed", machine_id=str(machine.machine_id), error=type(error).__name__)
        raise MachineUnreachable("The machine does not answer. It may be starting or has just stopped.") from error
