"""Tokens of another issuer: its public keys by JWKS, kept for a while, and what they sign."""

import asyncio
import warnings
from collections.abc import Mapping
from typing import Any

import httpx2
import structlog
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact
from pydantic import BaseModel

from aether.contracts.problem import Unavailable
from aether.gateway.deps.ports import Now
from aether.gateway.domain.external import ALGORITHMS, ClaimRefused, Identity, Trust, read_identity
from aether.gateway.errors import ExternalRefused

KEPT_SECONDS = 600.0  # after which the keys are fetched anew: one that was withdrawn signs no longer than that
# An unknown key asks for the set anew, at most so often: whoever invents key ids must not make us ask for each.
SOONEST_SECONDS = 10.0
STALE_SECONDS = 3600.0  # how long the last keys serve while the issuer does not answer
TIMEOUT_SECONDS = 5.0
MOST_BYTES = 256 * 1024

log = structlog.get_logger()


class _Shown(BaseModel):
    """A JWKS, whose keys may be of kinds that nobody knows yet."""

    keys: list[dict[str, Any]]


class JwksIssuer:
    """Checks tokens of one issuer."""

    def __init__(self, jwks_url: str, trust: Trust, now: Now) -> None:
        self.issuer = trust.issuer
        self._url, self._trust, self._now = jwks_url, trust, now
        self._http = httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False)
        self._lock = asyncio.Lock()
        self._keys: KeySet | None = None
        self._fetched = self._asked = float("-inf")

    async def close(self) -> None:
        await self._http.aclose()

    async def identity(self, token: str) -> Identity:
        """Raises ExternalRefused, or Unavailable while the issuer's keys cannot be had."""
        try:
            return read_identity(await self._claims(token), self._trust, self._now())
        except (JoseError, ClaimRefused, ValueError, TypeError, KeyError) as error:
            log.info("external.refused", error=type(error).__name__, claim=str(error)[:200])
            raise ExternalRefused from None

    async def _claims(self, token: str) -> Mapping[str, Any]:
        kid = _kid(token)
        keys = await self._keys_with(kid)
        with warnings.catch_warnings():
            # Of EdDSA it says that the name has gone out of use, which is the issuer's affair.
            warnings.simplefilter("ignore", SecurityWarning)
            claims: Mapping[str, Any] = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        return claims

    async def _keys_with(self, kid: str | None) -> KeySet:
        """The issuer's keys, fetched anew if they are old or if this one is not among them."""
        async with self._lock:
            seconds = self._now().timestamp()
            wanted = seconds - self._fetched >= KEPT_SECONDS or not self._has(kid)
            if wanted and seconds - self._asked >= SOONEST_SECONDS:
                self._asked = seconds
                await self._fetch(seconds)
            if self._keys is None or seconds - self._fetched >= STALE_SECONDS:
                raise Unavailable("The issuer's keys cannot be had. Try again in a moment.")
            return self._keys

    def _has(self, kid: str | None) -> bool:
        return self._keys is not None and (kid is None or any(key.kid == kid for key in self._keys))

    async def _fetch(self, seconds: float) -> None:
        """Leaves the keys as they are if the issuer does not answer."""
        try:
            self._keys = await self._download()
        except (httpx2.HTTPError, JoseError, ValueError, TypeError, KeyError) as error:
            log.warning("external.keys_away", url=self._url, error=type(error).__name__)
        else:
            self._fetched = seconds

    async def _download(self) -> KeySet:
        """The public keys that are for signing. Raises ValueError for a set that is too large, or not one."""
        body = b""
        async with self._http.stream("GET", self._url) as answer:
            if answer.status_code != 200:
                raise ValueError(f"status {answer.status_code}")
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise ValueError("too large")
        return _read_keys(body)


def _read_keys(body: bytes) -> KeySet:
    found = _Shown.model_validate_json(body)
    # A secret key in a public place would let anybody sign; one for encryption is not for signatures.
    keys = [key for key in found.keys if key.get("kty") != "oct" and key.get("use", "sig") == "sig"]
    return KeySet.import_key_set({"keys": keys})


def _kid(token: str) -> str | None:
    """Which key a token names. Its header is not believed in anything else."""
    header = extract_compact(token.encode()).headers()
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise ValueError("kid")
    return kid
