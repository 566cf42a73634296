"""Encryption at rest: AES-GCM by tink, bound to where the ciphertext belongs.

The context (account, kind, name, version) is associated data, so a ciphertext that is moved to another
row does not open there.
"""

from pathlib import Path

import tink
from tink import aead, json_proto_keyset_format, secret_key_access

SEPARATOR = "\x1f"


class Vault:
    """Seals and opens with one keyset; a rotated keyset still opens what older keys sealed."""

    def __init__(self, keyset_json: str) -> None:
        aead.register()
        handle = json_proto_keyset_format.parse(keyset_json, secret_key_access.TOKEN)
        self._aead = handle.primitive(aead.Aead)

    @classmethod
    def from_file(cls, path: Path) -> "Vault":
        return cls(path.read_text(encoding="utf-8"))

    def seal(self, secret: bytes, *context: str) -> bytes:
        sealed: bytes = self._aead.encrypt(secret, _bound(context))
        return sealed

    def open(self, sealed: bytes, *context: str) -> bytes:
        """Raises VaultRefused for another context, another keyset or a changed byte."""
        try:
            opened: bytes = self._aead.decrypt(sealed, _bound(context))
        except tink.TinkError as error:
            raise VaultRefused("This secret does not open here") from error
        return opened


class VaultRefused(Exception):
    """The ciphertext is not what was sealed for this place."""


def new_keyset() -> str:
    """A fresh AES-256-GCM keyset as tink's JSON, to be kept in a file of mode 0600."""
    aead.register()
    handle = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    return str(json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN))


def _bound(context: tuple[str, ...]) -> bytes:
    # No part holds the separator, so no two contexts join to the same bytes.
    if any(SEPARATOR in part for part in context):
        raise ValueError("a context may not hold the separator of its parts")
    return SEPARATOR.join(context).encode()
