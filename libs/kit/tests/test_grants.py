"""A grant lets one stream through, once, at one service; whatever was altered is refused."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from aether.contracts.ids import AccountId, CredentialId, PersonId, ProjectId, new_id
from aether.contracts.problem import Unavailable
from aether.contracts.service import Service
from aether.kit.grants import ALGORITHM, ISSUER, Grant, GrantRefused, Signer, Verifier, from_headers
from aether.kit.migrate import migrate
from aether.kit.postgres import Database

GRANT = Grant(
    audience=Service.TERMINAL,
    person_id=PersonId(new_id()),
    person_name="Ada",
    account_id=AccountId(new_id()),
    project_id=ProjectId(new_id()),
    resource="a terminal",
    right="input",
    credential_id=CredentialId(new_id()),
)


class Keys:
    """A gateway's key pair in two files, and a way to sign what the gateway never would."""

    def __init__(self, folder: Path) -> None:
        self.private = OKPKey.generate_key("Ed25519", parameters={"use": "sig", "alg": ALGORITHM})
        self.private_file = folder / "grant.jwk"
        self.public_file = folder / "grant.pub.jwk"
        self.private_file.write_text(json.dumps(self.private.as_dict(private=True)))
        self.public_file.write_text(json.dumps(self.private.as_dict(private=False)))

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": "terminal",
            "iat": now,
            "exp": now + 30,
            "jti": str(new_id()),
            "grant": GRANT.model_dump(mode="json"),
        }
        return {name: value for name, value in {**claims, **changed}.items() if value is not None}

    def forge(self, **changed: Any) -> str:
        return jwt.encode({"alg": ALGORITHM}, self.claims(**changed), self.private, algorithms=[ALGORITHM])


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


@pytest_asyncio.fixture
async def verifier(database_url: str, keys: Keys) -> AsyncIterator[Verifier]:
    await migrate(database_url, "terminal")
    async with Database.connect(database_url, "terminal") as database:
        yield Verifier(keys.public_file, Service.TERMINAL, database)


async def test_a_grant_arrives_as_it_was_made(keys: Keys, verifier: Verifier) -> None:
    assert await verifier.spend(Signer(keys.private_file).sign(GRANT)) == GRANT


async def test_a_grant_used_fifty_times_at_once_is_good_once(keys: Keys, verifier: Verifier) -> None:
    token = Signer(keys.private_file).sign(GRANT)
    results = await asyncio.gather(*(verifier.spend(token) for _ in range(50)), return_exceptions=True)
    assert results.count(GRANT) == 1
    assert sum(isinstance(result, GrantRefused) for result in results) == 49


def flipped(token: str, part: int) -> str:
    """One bit changed in the header, the claims or the signature."""
    parts = token.split(".")
    raw = bytearray(base64.urlsafe_b64decode(parts[part] + "=" * (-len(parts[part]) % 4)))
    raw[len(raw) // 2] ^= 1
    parts[part] = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return ".".join(parts)


def unsigned(keys: Keys) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    body = base64.urlsafe_b64encode(json.dumps(keys.claims()).encode()).rstrip(b"=").decode()
    return f"{head}.{body}."


def signed_with_the_public_key_as_a_secret(keys: Keys) -> str:
    secret = OctKey.import_key(keys.public_file.read_bytes())
    return jwt.encode({"alg": "HS256"}, keys.claims(), secret, algorithms=["HS256"])


def signed_by_a_stranger(keys: Keys) -> str:
    stranger = OKPKey.generate_key("Ed25519")
    return jwt.encode({"alg": ALGORITHM}, keys.claims(), stranger, algorithms=[ALGORITHM])


def with_a_stranger_in_the_header(keys: Keys) -> str:
    """The verifier must not take a key from the token."""
    stranger = OKPKey.generate_key("Ed25519")
    head = {"alg": ALGORITHM, "jwk": stranger.as_dict(private=False)}
    return jwt.encode(head, keys.claims(), stranger, algorithms=[ALGORITHM])


NOW = int(time.time())
OTHER = {**GRANT.model_dump(mode="json"), "audience": "machines"}
MUTATIONS = {
    "a bit of the header": lambda k: flipped(k.forge(), 0),
    "a bit of the claims": lambda k: flipped(k.forge(), 1),
    "a bit of the signature": lambda k: flipped(k.forge(), 2),
    "no signature": lambda k: k.forge().rsplit(".", 1)[0] + ".",
    "alg none": unsigned,
    "the public key as a secret": signed_with_the_public_key_as_a_secret,
    "a stranger's key": signed_by_a_stranger,
    "a key in the header": with_a_stranger_in_the_header,
    "expired": lambda k: k.forge(iat=NOW - 90, exp=NOW - 60),
    "good for an hour": lambda k: k.forge(exp=NOW + 3600),
    "good for ever": lambda k: k.forge(exp=None),
    "another service": lambda k: k.forge(aud="machines"),
    "another service in the grant": lambda k: k.forge(grant=OTHER),
    "another issuer": lambda k: k.forge(iss="somebody"),
    "no id": lambda k: k.forge(jti=None),
    "an id that is none": lambda k: k.forge(jti="../../etc"),
    "no grant": lambda k: k.forge(grant=None),
    "an unknown right": lambda k: k.forge(grant={**GRANT.model_dump(mode="json"), "right": "root"}),
    "two audiences, as text": lambda k: k.forge(aud="terminal,machines"),
    "times as text": lambda k: k.forge(exp="tomorrow"),
    "nothing": lambda k: "",
    "not a token": lambda k: "é.é.é",
}


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS.keys())
async def test_an_altered_grant_is_refused(mutation: Any, keys: Keys, verifier: Verifier) -> None:
    with pytest.raises(GrantRefused):
        await verifier.spend(mutation(keys))


async def test_a_grant_is_not_good_while_it_cannot_be_spent(keys: Keys, verifier: Verifier) -> None:
    verifier._database.pool.terminate()
    with pytest.raises(Unavailable):
        await verifier.spend(keys.forge())


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ([(b"authorization", b"Grant abc")], "abc"),
        ([(b"authorization", b"Bearer abc")], None),
        ([(b"sec-websocket-protocol", b"aether.v1, aether.grant.a.b.c")], "a.b.c"),
        ([(b"sec-websocket-protocol", b"aether.v1")], None),
        ([(b"cookie", b"grant=abc")], None),
        ([], None),
    ],
)
def test_a_grant_stands_in_a_header_or_subprotocol_only(
    headers: list[tuple[bytes, bytes]], token: str | None
) -> None:
    assert from_headers(headers) == token
