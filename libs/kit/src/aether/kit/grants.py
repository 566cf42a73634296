"""Grants: what lets a stream through. Signed by the gateway, good for 30 s, for one service, used once."""

import json
import time
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, ValidationError

from aether.contracts.ids import AccountId, CredentialId, PersonId, ProjectId, new_id
from aether.contracts.problem import Refusal
from aether.contracts.service import Service
from aether.kit.postgres import Database

ISSUER = "aether-gateway"
ALGORITHM = "Ed25519"  # RFC 9864 asks for the curve by name where RFC 8037 said EdDSA
LIFETIME_SECONDS = 30
SUBPROTOCOL_PREFIX = "aether.grant."
SUBPROTOCOL = "aether.v1"

Right = Literal["input", "watch", "exec", "read", "write", "connect"]


class GrantRefused(Refusal):
    """Forged, expired, for another service, or used before. Which of these is not said."""

    status = 401
    type = "grant-refused"
    title = "This grant is not good here"


class Grant(BaseModel):
    """What the bearer may do: one right, on one project and perhaps one `resource` in it."""

    model_config = ConfigDict(frozen=True)

    audience: Service
    person_id: PersonId
    person_name: str
    account_id: AccountId
    project_id: ProjectId
    resource: str = ""  # a terminal's id, a port's number, or empty for the project as a whole
    right: Right
    credential_id: CredentialId  # the sign-in session or token it was made for; revoking that cuts the stream


class Signer:
    """The gateway's side. The key is an Ed25519 JWK with its private part."""

    def __init__(self, key_file: Path) -> None:
        self._key = _key(key_file)

    def sign(self, grant: Grant) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": grant.audience.value,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": str(new_id()),
            "grant": grant.model_dump(mode="json"),
        }
        return jwt.encode({"alg": ALGORITHM}, claims, self._key, algorithms=[ALGORITHM])


class Verifier:
    """A service's side: checks the signature, then spends the grant in the service's own schema."""

    def __init__(self, key_file: Path, audience: Service, database: Database) -> None:
        self._key = _key(key_file)
        self._audience = audience
        self._database = database

    async def spend(self, token: str) -> Grant:
        """The grant in a token, once. Raises GrantRefused, or Unavailable while the database is away."""
        claims = self._checked(token)
        async with self._database.transaction() as writer:
            fresh = await writer.fetchval(
                f"""
                INSERT INTO "{self._database.schema}".grant_use (jti, expires_at)
                VALUES ($1, to_timestamp($2)) ON CONFLICT DO NOTHING RETURNING true""",
                UUID(claims["jti"]),
                float(claims["exp"]),
            )
        if not fresh:
            raise GrantRefused
        return self._read(claims)

    def _checked(self, token: str) -> dict[str, Any]:
        rules = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": self._audience.value},
            exp={"essential": True},
            iat={"essential": True},
            jti={"essential": True},
        )
        try:
            decoded = jwt.decode(token, self._key, algorithms=[ALGORITHM])
            rules.validate(decoded.claims)
            UUID(decoded.claims["jti"])
        except (JoseError, ValueError, TypeError, AttributeError) as error:
            raise GrantRefused from error
        if decoded.claims["exp"] - decoded.claims["iat"] > LIFETIME_SECONDS:
            raise GrantRefused
        return dict(decoded.claims)

    def _read(self, claims: dict[str, Any]) -> Grant:
        try:
            grant = Grant.model_validate(claims.get("grant"))
        except ValidationError as error:
            raise GrantRefused from error
        if grant.audience is not self._audience:
            raise GrantRefused
        return grant


def _key(file: Path) -> OKPKey:
    # A file written while the algorithm still had its older name holds the same key.
    return OKPKey.import_key({**json.loads(file.read_text(encoding="utf-8")), "alg": ALGORITHM})


def from_headers(headers: list[tuple[bytes, bytes]]) -> str | None:
    """The token of a request: `Authorization: Grant …`, or the subprotocol `aether.grant.…`. Never the URL."""
    for name, value in headers:
        if name == b"authorization" and value.startswith(b"Grant "):
            return value[6:].decode("latin-1")
        if name == b"sec-websocket-protocol":
            for offered in value.decode("latin-1").split(","):
                if offered.strip().startswith(SUBPROTOCOL_PREFIX):
                    return offered.strip().removeprefix(SUBPROTOCOL_PREFIX)
    return None
