"""SSH key pairs by asyncssh: making one, and judging a public key that a person gives."""

import asyncssh
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from aether.agents.domain.tokens import PublicKey
from aether.contracts.problem import Invalid

KINDS = frozenset(
    {
        "ssh-ed25519",
        "sk-ssh-ed25519@openssh.com",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "ssh-rsa",
    }
)
RSA_BITS = 3072
WANTED = "Give ed25519, sk-ed25519, ecdsa, or rsa of 3072 bits or more."


def made() -> tuple[str, PublicKey]:
    """A new ed25519 pair: the private key in OpenSSH's format, without a passphrase, and its public part."""
    key = asyncssh.generate_private_key("ssh-ed25519", comment="aether")
    return key.export_private_key().decode(), _public(key)


def parsed(text: str) -> PublicKey:
    """The key of one OpenSSH line. Raises Invalid for anything else, and for a kind that is weak or unknown."""
    line = text.strip()
    if "PRIVATE KEY" in line:
        raise Invalid.field("public_key", "That is a private key. Give the public one: its file ends in .pub.")
    kind = line.split(maxsplit=1)[0] if line else ""
    if len(line.splitlines()) != 1 or kind not in KINDS:
        raise Invalid.field("public_key", f"That is not one line of a public key that is taken here. {WANTED}")
    try:
        key = asyncssh.import_public_key(line)
    except (asyncssh.KeyImportError, ValueError, UnicodeError) as error:
        raise Invalid.field("public_key", "That public key cannot be read. Is a part missing?") from error
    _refuse_weak(key)
    return _public(key)


def _refuse_weak(key: asyncssh.SSHKey) -> None:
    # Inside the base64 stands the kind once more, and that one counts.
    if key.get_algorithm() not in KINDS:
        raise Invalid.field("public_key", f"Keys of that kind are not taken. {WANTED}")
    pyca = getattr(key, "pyca_key", None)
    if isinstance(pyca, RSAPublicKey) and pyca.key_size < RSA_BITS:
        raise Invalid.field("public_key", f"This rsa key has {pyca.key_size} bits. {WANTED}")


def _public(key: asyncssh.SSHKey) -> PublicKey:
    kind, data = key.export_public_key().decode().split()[:2]
    return PublicKey(line=f"{kind} {data}", fingerprint=key.get_fingerprint("sha256"))
