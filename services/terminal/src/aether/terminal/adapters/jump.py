"""The jump host: `ssh -J` for agents. It lets a token through to its own project's machine and nowhere else.

Nothing runs here: no shell, no command, no file transfer, no listening. A connection may only be passed on to
the machine's SSH port, under whatever name the client asked for at port 22.
"""

import asyncio
import os
from pathlib import Path

import asyncssh
import structlog

from aether.contracts.ids import ProjectId
from aether.contracts.problem import Refusal
from aether.kit.ssh import CIPHERS, HOST_KEYS, KEY_EXCHANGES, MachineConnections
from aether.terminal.deps.ports import AgentTokens

LOGIN_SECONDS = 20
SSH_PORT = 22
CONNECTIONS = 500
ONLY_OWN = "Only your own project's machine can be reached from here"

log = structlog.get_logger()


class NoTokens:
    """The present adapter of AgentTokens: nobody has been given one yet."""

    async def project_of(self, public_key: str) -> ProjectId | None:
        return None


class JumpHost(asyncssh.SSHServer):
    """One incoming connection."""

    open_now = 0

    def __init__(self, tokens: AgentTokens, connections: MachineConnections) -> None:
        self._tokens = tokens
        self._connections = connections
        self._project: ProjectId | None = None
        self._connection: asyncssh.SSHServerConnection

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        JumpHost.open_now += 1
        if JumpHost.open_now > CONNECTIONS:
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        JumpHost.open_now -= 1

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        self._project = await self._tokens.project_of(key.export_public_key().decode().strip())
        return self._project is not None

    def session_requested(self) -> bool:
        return False

    def server_requested(self, listen_host: str, listen_port: int) -> bool:
        return False

    async def connection_requested(  # type: ignore[override] # the documented use of forward_connection()
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> "asyncssh.SSHForwarder":
        """The way to the token's machine. The name asked for is not looked up: there is only one machine."""
        assert self._project is not None
        try:
            machine = (await self._connections.get(self._project)).machine
        except Refusal as refusal:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, refusal.detail) from refusal
        names = {str(self._project), str(machine.machine_id), machine.host}
        if dest_port not in (SSH_PORT, machine.port) or dest_host.lower() not in names:
            log.warning("jump.refused", project_id=str(self._project))
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED,
                "Only your own project's machine can be reached from here",
            )
        return await self._connection.forward_connection(machine.host, machine.port)


async def listen(
    host: str, port: int, key: asyncssh.SSHKey, tokens: AgentTokens, connections: MachineConnections
) -> asyncssh.SSHAcceptor:
    """Listen for agents. Whoever has no token is refused after authentication, as by any SSH server."""
    return await asyncssh.create_server(
        lambda: JumpHost(tokens, connections),
        host,
        port,
        server_host_keys=[key],
        server_version="aether",
        encryption_algs=list(CIPHERS),
        kex_algs=list(KEY_EXCHANGES),
        signature_algs=list(HOST_KEYS),
        compression_algs=None,
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_host=None,
        allow_pty=False,
        agent_forwarding=False,
        x11_forwarding=False,
        login_timeout=LOGIN_SECONDS,
    )


def host_key(folder: Path) -> asyncssh.SSHKey:
    """The jump host's key, made on the first run. Its file is for this service's user alone."""
    path = folder / "jump_host_key"
    if path.exists():
        return asyncssh.read_private_key(path)
    key = asyncssh.generate_private_key("ssh-ed25519")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except PermissionError:
        # It still listens, but whoever has pinned the key will be warned after the next start.
        log.warning("jump.key_not_kept", folder=str(folder))
        return key
    with os.fdopen(opened, "wb") as file:
        file.write(key.export_private_key())
    return key


async def closed(acceptor: asyncssh.SSHAcceptor) -> None:
    """Stop listening and let go of who is connected."""
    acceptor.close()
    async with asyncio.timeout(2):
        await acceptor.wait_closed()
