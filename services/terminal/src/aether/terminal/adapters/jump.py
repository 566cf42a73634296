"""The jump host: `ssh -J` for agents. It lets a token through to its own project's machine and nowhere else.

Nothing runs here: no shell, no command, no file transfer, no listening. A connection may only be passed on to
the machine's SSH port, under whatever name the client asked for at port 22.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import asyncssh
import structlog

from aether.contracts.agents import AgentTokenView
from aether.contracts.machines import SshCertificate
from aether.contracts.problem import Refusal
from aether.kit.ssh import CIPHERS, KEY_EXCHANGES, MACS, USER_KEYS, MachineConnections
from aether.terminal.deps.background import Background
from aether.terminal.deps.jumps import Jumps
from aether.terminal.deps.ports import AgentTokens
from aether.terminal.domain.traffic import Traffic

LOGIN_SECONDS = 20
KEEPALIVE_SECONDS = 15
SSH_PORT = 22
CONNECTIONS = 500  # of those who are in
STRANGERS = 100  # who have proven nothing yet; apart, so that they take no place of those who are in
ATTEMPTS = 10  # a key that is shown, and again with its proof, counts twice
DOMAIN = ".aether"  # of the names under which machines are written into people's configurations
SIGNATURES = {name.encode() for name in USER_KEYS}
ONLY_OWN = "Only your own project's machine can be reached from here"

log = structlog.get_logger()


class Forwarder(asyncssh.SSHForwarder):
    """Passes on what a client sends, and tells when that is work."""

    def __init__(self, peer: asyncssh.SSHForwarder, worked: Callable[[], None]) -> None:
        super().__init__(peer)
        self._worked = worked
        self._traffic = Traffic()

    def data_received(self, data: bytes, datatype: int | None = None) -> None:
        if self._traffic.shows_work(len(data), time.monotonic()):
            self._worked()
        super().data_received(data, datatype)


class JumpHost(asyncssh.SSHServer):
    """One incoming connection."""

    def __init__(self, tokens: AgentTokens, connections: MachineConnections, jumps: Jumps) -> None:
        self._tokens = tokens
        self._connections = connections
        self._jumps = jumps
        self._background = Background()
        self.token: AgentTokenView | None = None
        self._offered: AgentTokenView | None = None
        self._attempts = 0
        self._connection: asyncssh.SSHServerConnection

    def abort(self) -> None:
        self._connection.abort()

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._jumps.enter(self)
        if self._jumps.strangers() > STRANGERS:
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._jumps.leave(self)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether the key is a token's. Asked before its holder has proven anything, and again with the proof."""
        self._offered = None
        self._attempts += 1
        if self._attempts > ATTEMPTS:  # asyncssh would let them go on for as long as LOGIN_SECONDS
            self.abort()
            return False
        # asyncssh tells clients which signatures are wanted, and then takes any that the kind of key can make.
        key.all_sig_algorithms = key.all_sig_algorithms & SIGNATURES
        with contextlib.suppress(Refusal):
            async with self._jumps.asking:
                self._offered = await self._tokens.find(_text(key))
        return self._offered is not None

    def auth_completed(self) -> None:
        """What was offered last has been proven."""
        self.token = self._offered
        if self._jumps.insiders() > CONNECTIONS:
            self.abort()
            return
        self._background.spawn(self._note_use())

    def session_requested(self) -> bool:
        return False

    def server_requested(self, listen_host: str, listen_port: int) -> bool:
        return False

    async def connection_requested(  # type: ignore[override] # as its own forward_connection() is used
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> "asyncssh.SSHForwarder":
        """The way to the token's machine. The name asked for is not looked up: there is only one machine."""
        assert self.token is not None
        token = self.token
        try:
            machine = (await self._connections.get(token.project_id)).machine
            own = dest_port in (SSH_PORT, machine.port) and await self._is_own(token, machine, dest_host.lower())
        except Refusal as refusal:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, refusal.detail) from refusal
        if not own:
            log.warning("jump.refused", project_id=str(token.project_id))
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, ONLY_OWN)
        return await self._forward(token, machine)

    async def _forward(self, token: AgentTokenView, machine: SshCertificate) -> asyncssh.SSHForwarder:
        loop = asyncio.get_running_loop()
        try:
            _, peer = await loop.create_connection(asyncssh.SSHForwarder, machine.host, machine.port)
        except OSError as error:
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_CONNECT_FAILED, "The machine does not answer."
            ) from error
        return Forwarder(peer, lambda: self._jumps.worked(token))

    async def _is_own(self, token: AgentTokenView, machine: SshCertificate, name: str) -> bool:
        if name.endswith(DOMAIN):
            return name.removesuffix(DOMAIN) == await self._tokens.slug(token)
        return name in (str(token.project_id), str(machine.machine_id), machine.host)

    async def _note_use(self) -> None:
        """It may have been revoked since the key was looked up, and the key may be another token's by now: then
        its holder goes at once."""
        assert self.token is not None
        try:
            found = await self._tokens.find(self.token.public_key, used=True)
        except Refusal as refusal:
            log.info("jump.use_not_noted", why=refusal.type)
            return
        if found is None or found.id != self.token.id:
            self.abort()


async def listen(
    address: tuple[str, int],
    key: asyncssh.SSHKey,
    tokens: AgentTokens,
    connections: MachineConnections,
    jumps: Jumps,
) -> asyncssh.SSHAcceptor:
    """Listen for agents. Whoever has no token is refused after authentication, as by any SSH server."""
    return await asyncssh.create_server(
        lambda: JumpHost(tokens, connections, jumps),
        *address,
        config=None,
        server_host_keys=[key],
        server_version="aether",
        encryption_algs=list(CIPHERS),
        kex_algs=list(KEY_EXCHANGES),
        mac_algs=list(MACS),
        signature_algs=list(USER_KEYS),
        compression_algs=None,
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_host=None,
        allow_pty=False,
        agent_forwarding=False,
        x11_forwarding=False,
        login_timeout=LOGIN_SECONDS,
        keepalive_interval=KEEPALIVE_SECONDS,
        keepalive_count_max=4,
    )


def _text(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


def public_line(key: asyncssh.SSHKey) -> str:
    """The key as it stands in a known_hosts file, without a comment."""
    return " ".join(_text(key).split(" ")[:2])


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
