"""Another issuer's token, once its signature is known to be good: whether it is for us, and whose it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# Of public keys only: with a secret one, the issuer's public key could be used to sign. "none" is not among them.
# "EdDSA" is what most issuers still call Ed25519.
ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
LEEWAY_SECONDS = 30
LONGEST_SUBJECT = 255


class ClaimRefused(Exception):
    """A claim is missing or wrong; which one is for the log."""


@dataclass(frozen=True)
class Trust:
    """Whose tokens are taken, and whom they must be meant for: one of our audiences, or one of our pages."""

    issuer: str
    audiences: frozenset[str]
    origins: frozenset[str]


@dataclass(frozen=True)
class Identity:
    """Who a token says somebody is, and until when. `email` None: no address that may be used."""

    issuer: str
    subject: str
    email: str | None
    name: str
    expires_at: datetime


def read_identity(claims: Mapping[str, Any], trust: Trust, now: datetime) -> Identity:
    """Raises ClaimRefused for a token that is not good here and now."""
    if claims.get("iss") != trust.issuer:
        raise ClaimRefused("iss")
    seconds = now.timestamp()
    expires = _time(claims, "exp")
    if expires is None or expires <= seconds:
        raise ClaimRefused("exp")
    for name in ("nbf", "iat"):
        begins = _time(claims, name)
        if begins is not None and begins > seconds + LEEWAY_SECONDS:
            raise ClaimRefused(name)
    _check_audience(claims, trust)
    return Identity(
        issuer=trust.issuer,
        subject=_subject(claims),
        email=_address(claims),
        name=_text(claims, "name")[:80],
        expires_at=datetime.fromtimestamp(expires, UTC),
    )


def _check_audience(claims: Mapping[str, Any], trust: Trust) -> None:
    """Raises ClaimRefused unless the token says that it is for us: in `aud`, or (as Clerk's do) in `azp` alone."""
    said = claims.get("aud")
    meant = [said] if isinstance(said, str) else said or []
    if not isinstance(meant, list) or not all(isinstance(one, str) for one in meant):
        raise ClaimRefused("aud")
    if (meant or trust.audiences) and not trust.audiences.intersection(meant):
        raise ClaimRefused("aud")
    party = claims.get("azp")
    if party is None and not trust.audiences:
        raise ClaimRefused("azp")
    if party is not None and (not isinstance(party, str) or party not in trust.audiences | trust.origins):
        raise ClaimRefused("azp")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    """Raises ClaimRefused for what is no time of this age of the world."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**33:
        raise ClaimRefused(name)
    return float(value)


def _subject(claims: Mapping[str, Any]) -> str:
    subject = _text(claims, "sub")
    if not subject or len(subject) > LONGEST_SUBJECT:
        raise ClaimRefused("sub")
    return subject


def _address(claims: Mapping[str, Any]) -> str | None:
    """The address, unless the issuer says that it is not proven.

    One of which it says nothing weighs as much as one typed into our own sign-up: it opens no account there is.
    """
    return _text(claims, "email") or None if claims.get("email_verified", True) is True else None


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    good = isinstance(value, str) and value.isprintable()
    return value.strip() if good and isinstance(value, str) else ""
