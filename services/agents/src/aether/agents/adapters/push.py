"""Web Push: messages encrypted for the browser (RFC 8291), and VAPID to say who sends them (RFC 8292)."""

import base64
import binascii
import os
import time
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import http_ece  # type: ignore[import-untyped] # it ships no types
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from joserfc import jwt
from joserfc.jwk import ECKey

from aether.agents.adapters.outside import Outside
from aether.agents.adapters.webhooks import is_local
from aether.agents.deps.outside import Outcome, Subscription, Urgency
from aether.agents.domain.webhooks import checked_url
from aether.agents.settings import AgentsSettings
from aether.contracts.agents import AddPush
from aether.contracts.problem import Invalid

ALGORITHM = "ES256"
# RFC 8292 allows a day at most; a clock that is off must not make it more.
TOKEN_SECONDS = 12 * 3600
SCALAR_BYTES, POINT_BYTES, AUTH_BYTES = 32, 65, 16


class WebPush:
    """Implements deps.outside.Push. Raises ValueError for a key that is none."""

    def __init__(self, settings: AgentsSettings, outside: Outside | None = None) -> None:
        self._outside = outside or Outside(local=is_local(settings))
        self._subject = settings.vapid_subject
        secret = settings.vapid_private_key
        self._key = _private_key(secret.get_secret_value()) if secret else None

    async def send(
        self, subscription: Subscription, message: bytes, *, seconds: int, urgency: Urgency, topic: UUID | None
    ) -> Outcome:
        """One message; see deps.outside.Push."""
        if self._key is None:
            return Outcome(error="Web Push is not configured any more.")
        headers = {
            "authorization": self._authorization(self._key, subscription.endpoint),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(seconds),
            "urgency": urgency,
        }
        if topic is not None:
            headers["topic"] = topic.hex
        return await self._outside.post(subscription.endpoint, headers, encrypted(subscription, message))

    def _authorization(self, key: ec.EllipticCurvePrivateKey, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        claims: dict[str, Any] = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(time.time()) + TOKEN_SECONDS,
            "sub": self._subject,
        }
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        token = jwt.encode({"typ": "JWT", "alg": ALGORITHM}, claims, ECKey.import_key(pem), algorithms=[ALGORITHM])
        return f"vapid t={token}, k={_text(_point(key.public_key()))}"


def public_key(settings: AgentsSettings) -> str | None:
    """What a browser subscribes with; None where Web Push is not configured."""
    secret = settings.vapid_private_key
    return _public_text(secret.get_secret_value()) if secret else None


@lru_cache(maxsize=4)
def _public_text(secret: str) -> str:
    return _text(_point(_private_key(secret).public_key()))


def encrypted(subscription: Subscription, message: bytes) -> bytes:
    """For this browser alone, with a key and a salt of this message alone."""
    sealed: bytes = http_ece.encrypt(
        message,
        salt=os.urandom(16),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=subscription.p256dh,
        auth_secret=subscription.auth,
        version="aes128gcm",
    )
    return sealed


def checked_subscription(command: AddPush) -> Subscription:
    """Raises Invalid, with the field, for what no browser gives."""
    point, auth = _bytes("p256dh", command.p256dh), _bytes("auth", command.auth)
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise Invalid.field("p256dh", "That is not a public key of P-256.") from None
    if len(point) != POINT_BYTES or len(auth) != AUTH_BYTES:
        raise Invalid.field("auth", "A subscription's key has 65 bytes, and its secret 16.")
    return Subscription(checked_url(command.endpoint, "endpoint"), point, auth)


def _private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Raises ValueError, which does not quote it."""
    try:
        key = _read(text)
    except ValueError:
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("VAPID_PRIVATE_KEY is no key of P-256: give PEM, or 32 bytes as URL-safe base64")
    return key


def _read(text: str) -> object:
    if "-----BEGIN" in text:
        return load_pem_private_key(text.encode(), password=None)
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return ec.derive_private_key(int.from_bytes(raw), ec.SECP256R1()) if len(raw) == SCALAR_BYTES else None


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(field: str, text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except (binascii.Error, ValueError):
        raise Invalid.field(field, "That is not URL-safe base64.") from None
