"""NATS user keys: an Ed25519 seed in the text form NATS reads. The PyPI package can sign but not make one."""

import base64
import binascii

from nacl.signing import SigningKey

SEED, USER = 18 << 3, 20 << 3  # the prefixes that make the text begin with S and U


def new_seed() -> str:
    """The seed of a new user, beginning with SU. It is a secret."""
    return _text(bytes([SEED | USER >> 5, (USER & 31) << 3]) + bytes(SigningKey.generate()))


def public_key(seed: str) -> str:
    """The public half of a seed, beginning with U, as a server's configuration names it."""
    raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
    return _text(bytes([USER]) + bytes(SigningKey(raw[2:34]).verify_key))


def _text(raw: bytes) -> str:
    # CRC-16/XMODEM, little-endian, guards against typing errors.
    checksum = binascii.crc_hqx(raw, 0).to_bytes(2, "little")
    return base64.b32encode(raw + checksum).decode().rstrip("=")
