"""The SSH authority: one user CA that every machine trusts, and host keys that machines are pinned by."""

import asyncssh

from aether.contracts.ids import MachineId, ProjectId
from aether.kit.postgres import Database
from aether.kit.vault import Vault
from aether.machines.errors import Invalid
from aether.machines.store import authority as store

SECONDS = 300
# A machine whose clock is a little behind must not find the certificate to be from the future.
BEFORE_SECONDS = 60
KEY_LENGTH = 1024
ALGORITHM = "ssh-ed25519"
_CONTEXT = ("machines", "user-ca", "1")


class Authority:
    """Signs public keys. The CA's private key is in memory and, sealed, in the database; nowhere else."""

    def __init__(self, key: asyncssh.SSHKey) -> None:
        self._key = key
        self.public_key = _text(key.export_public_key())

    @classmethod
    async def open(cls, database: Database, vault: Vault) -> "Authority":
        """The authority's one key, made on the first run. Raises VaultRefused if the keyset is another."""
        async with database.transaction() as db:
            sealed = await store.private_sealed(db)
            if sealed is None:
                fresh = asyncssh.generate_private_key(ALGORITHM)
                offered = vault.seal(fresh.export_private_key(), *_CONTEXT)
                await store.offer(db, _text(fresh.export_public_key()), offered)
                sealed = await store.private_sealed(db)
        assert sealed is not None
        return cls(asyncssh.import_private_key(vault.open(sealed, *_CONTEXT)))

    def sign(self, public_key: str, machine_id: MachineId, project_id: ProjectId, now: float) -> str:
        """A user certificate for one machine, five minutes from `now` (seconds since the epoch), one line."""
        certificate = self._key.generate_user_certificate(
            checked_public_key(public_key),
            key_id=f"project {project_id} machine {machine_id}",
            principals=[str(machine_id)],
            valid_after=int(now) - BEFORE_SECONDS,
            valid_before=int(now) + SECONDS,
            permit_x11_forwarding=False,
            permit_agent_forwarding=False,
            permit_user_rc=False,
        )
        return _text(certificate.export_certificate())


def checked_public_key(line: str) -> asyncssh.SSHKey:
    """One OpenSSH line of an Ed25519 key. Raises Invalid."""
    if len(line) > KEY_LENGTH or not line.startswith(f"{ALGORITHM} ") or "\n" in line.strip():
        raise Invalid.field("public_key", "Give one ssh-ed25519 public key, as OpenSSH writes it.")
    try:
        key = asyncssh.import_public_key(line)
    except (asyncssh.KeyImportError, ValueError):
        raise Invalid.field("public_key", "That public key cannot be read.") from None
    # A comment would be carried along; nobody needs it.
    key.set_comment(None)
    return key


def new_host_key() -> tuple[str, bytes]:
    """A key pair for a machine to prove itself with: the public line, and the private key in OpenSSH text."""
    key = asyncssh.generate_private_key(ALGORITHM)
    return _text(key.export_public_key()), key.export_private_key()


def _text(exported: bytes) -> str:
    return exported.decode("ascii").strip()
