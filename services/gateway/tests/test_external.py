"""Signing in with another issuer's token: which are taken, which are not, and for how long."""

import asyncio
import hmac
import json
import warnings
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64encode
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from structlog.testing import capture_logs

from aether.gateway.app import end_expired
from aether.testkit.gateway import Stand, cookie_of, standing_gateway
from aether.testkit.upstreams import App

AUDIENCE = "authenticated"
PATH = "/api/auth/external"


class Issuer:
    """Another issuer: its keys, and where it shows the public ones."""

    def __init__(self, app: App) -> None:
        self.url = f"http://127.0.0.1:{app.port}/auth/v1"
        self.key: Any = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"})
        self.shown: list[Any] = [self.key]
        self.fault: Response | None = None
        self.asked = 0
        app.behave = self._show

    async def _show(self, request: Request) -> Response:
        assert request.url.path == "/auth/v1/.well-known/jwks.json"
        self.asked += 1
        return self.fault or JSONResponse(KeySet(self.shown).as_dict())

    def token(self, stand: Stand, key: Any = None, head: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token that is good, but for what a test changes; None takes a claim away."""
        key = key or self.key
        algorithm = {"EC": "ES256", "RSA": "RS256", "OKP": "Ed25519", "oct": "HS256"}[key.key_type]
        now = int(stand.clock.now().timestamp())
        good = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "u1",
            "email": "ada@example.com",
            "iat": now,
            "exp": now + 3600,
        }
        told = {name: value for name, value in {**good, **claims}.items() if value is not None}
        headers = {"alg": algorithm, "kid": key.kid, **(head or {})}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # of EdDSA, as many issuers still call it
            return jwt.encode(headers, told, key, algorithms=[headers["alg"]])


@pytest_asyncio.fixture
async def issuer(app: App) -> Issuer:
    return Issuer(app)


@pytest_asyncio.fixture
async def trusting(gateway_database: str, nats_url: str, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Stand]:
    """A gateway that trusts the issuer."""
    settings = {"oidc_issuer": issuer.url, "oidc_audience": (AUDIENCE,)}
    async with standing_gateway(gateway_database, nats_url, tmp_path, **settings) as running:
        yield running


async def show(stand: Stand, token: str, client: httpx2.AsyncClient | None = None) -> httpx2.Response:
    return await (client or stand.client()).post(PATH, json={"token": token})


async def people(stand: Stand) -> int:
    async with stand.gateway.database.reading() as reader:
        return int(await reader.fetchval("SELECT count(*) FROM gateway.person"))


async def test_a_good_token_signs_in_the_same_person_each_time(trusting: Stand, issuer: Issuer) -> None:
    client = trusting.client()
    answer = await show(trusting, issuer.token(trusting, name="Ada"), client)
    assert (answer.status_code, answer.json()["email"]) == (200, "ada@example.com")
    assert answer.json()["display_name"] == "Ada"
    assert (await client.get("/api/me")).json() == answer.json()
    again = await show(trusting, issuer.token(trusting, email="new@example.com"))
    assert again.json() == answer.json()
    assert await people(trusting) == 1


async def test_a_session_ends_with_its_token_however_much_it_is_used(trusting: Stand, issuer: Issuer) -> None:
    client = trusting.client()
    await show(trusting, issuer.token(trusting), client)
    for _ in range(5):
        trusting.clock.advance(timedelta(minutes=11))
        trusting.gateway.keyring.forget_all()
        assert (await client.get("/api/me")).status_code == 200
    trusting.clock.advance(timedelta(minutes=5))
    trusting.gateway.keyring.forget_all()
    assert (await client.get("/api/me")).status_code == 401


async def lines_of_audit(stand: Stand, what: str) -> int:
    async with stand.gateway.database.reading() as reader:
        return int(await reader.fetchval("SELECT count(*) FROM gateway.audit WHERE what = $1", what))


async def test_a_page_that_shows_a_new_token_each_minute_keeps_one_session_and_what_is_open_with_it(
    trusting: Stand, issuer: Issuer
) -> None:
    client = trusting.client()
    for _ in range(5):
        now = int(trusting.clock.now().timestamp())
        assert (await show(trusting, issuer.token(trusting, exp=now + 60), client)).status_code == 200
        trusting.clock.advance(timedelta(seconds=50))
        trusting.gateway.keyring.forget_all()
        await end_expired(trusting.gateway)
        assert (await client.get("/api/me")).status_code == 200
    assert len((await client.get("/api/sessions")).json()["items"]) == 1
    assert await lines_of_audit(trusting, "session.created") == 1
    trusting.clock.advance(timedelta(seconds=11))
    trusting.gateway.keyring.forget_all()
    assert (await client.get("/api/me")).status_code == 401


async def test_a_token_prolongs_no_session_of_another_kind_or_person_or_that_is_over(
    trusting: Stand, issuer: Issuer
) -> None:
    now = int(trusting.clock.now().timestamp())
    stranger = await trusting.person()
    before = cookie_of(stranger)
    await show(trusting, issuer.token(trusting, exp=now + 60), stranger)
    ada = cookie_of(stranger)
    assert ada != before
    assert (await trusting.client(Cookie=before).get("/api/me")).json()["email"] != "ada@example.com"
    await show(trusting, issuer.token(trusting, sub="u2", email="bob@example.com", exp=now + 3600), stranger)
    assert cookie_of(stranger) != ada
    over = trusting.client(Cookie=ada)
    trusting.clock.advance(timedelta(seconds=61))
    trusting.gateway.keyring.forget_all()
    assert "set-cookie" in (await show(trusting, issuer.token(trusting), over)).headers
    assert (await trusting.client(Cookie=ada).get("/api/me")).status_code == 401


async def test_an_older_token_shortens_no_session(trusting: Stand, issuer: Issuer) -> None:
    client, now = trusting.client(), int(trusting.clock.now().timestamp())
    for seconds in (600, 60):
        await show(trusting, issuer.token(trusting, exp=now + seconds), client)
    trusting.clock.advance(timedelta(seconds=300))
    trusting.gateway.keyring.forget_all()
    assert (await client.get("/api/me")).status_code == 200


async def test_keys_of_every_allowed_kind_are_taken(trusting: Stand, issuer: Issuer) -> None:
    issuer.shown = [
        RSAKey.generate_key(2048, {"kid": "rsa"}),
        OKPKey.generate_key("Ed25519", {"kid": "ed"}),
        issuer.key,
    ]
    for key in issuer.shown:
        assert (await show(trusting, issuer.token(trusting, key))).status_code == 200, key.kid
    called_so = issuer.token(trusting, issuer.shown[1], {"alg": "EdDSA"})
    assert (await show(trusting, called_so)).status_code == 200


BAD_CLAIMS: list[dict[str, Any]] = [
    {"iss": "https://evil.example"},
    {"iss": None},
    {"iss": ["x"]},
    {"aud": "other"},
    {"aud": None},
    {"aud": []},
    {"aud": {"authenticated": True}},
    {"aud": [AUDIENCE, 5]},
    {"azp": "https://evil.example"},
    {"azp": ["authenticated"]},
    {"exp": 1},
    {"exp": None},
    {"exp": "tomorrow"},
    {"exp": True},
    {"exp": 1e300},
    {"sub": None},
    {"sub": ""},
    {"sub": 7},
    {"sub": "x" * 256},
    {"sub": "a\nb"},
    {"email": None},
    {"email": "ada@example.com", "email_verified": False},
    {"email": "ada@example.com", "email_verified": "true"},
    {"email": "ada@example.com\nBcc: x@example.com"},
]


async def test_a_token_with_a_wrong_claim_is_refused(trusting: Stand, issuer: Issuer) -> None:
    for claims in BAD_CLAIMS:
        answer = await show(trusting, issuer.token(trusting, **claims))
        assert (answer.status_code, answer.json()["type"]) == (401, "external-refused"), claims
        assert "set-cookie" not in answer.headers
    now = int(trusting.clock.now().timestamp())
    early: list[dict[str, Any]] = [{"nbf": now + 60}, {"iat": now + 60}]
    for claims in early:
        assert (await show(trusting, issuer.token(trusting, **claims))).status_code == 401, claims
    assert (await show(trusting, issuer.token(trusting, nbf=now + 20))).status_code == 200
    assert await people(trusting) == 1


def unsigned(token: str, **head: Any) -> str:
    """The same words under another head, with the old signature or none."""
    _, payload, signature = token.split(".")
    made = urlsafe_b64encode(json.dumps(head).encode()).decode()
    return f"{made}.{payload}.{'' if head.get('alg') == 'none' else signature}"


async def test_a_token_that_the_issuer_did_not_sign_is_refused(trusting: Stand, issuer: Issuer) -> None:
    good = issuer.token(trusting)
    stranger = ECKey.generate_key("P-256", {"kid": "one"})
    head, payload, signature = good.split(".")
    words = unsigned(good, alg="HS256", kid="one").rpartition(".")[0]
    confused = hmac.digest(issuer.key.as_pem(private=False), words.encode(), "sha256")
    tricks = [
        issuer.token(trusting, stranger),
        issuer.token(trusting, stranger, {"jwk": stranger.as_dict(private=False)}),
        issuer.token(trusting, stranger, {"jku": "http://127.0.0.1:1/keys"}),
        issuer.token(trusting, stranger, {"x5u": "http://127.0.0.1:1/keys"}),
        f"{words}.{urlsafe_b64encode(confused).decode()}",
        issuer.token(trusting, OctKey.generate_key(256, {"kid": "one"})),
        unsigned(good, alg="none"),
        unsigned(good, alg="none", kid="one"),
        unsigned(good, alg="HS256", kid="one"),
        unsigned(good, alg="RS256", kid="one"),
        unsigned(good, alg="ES256", kid=["one"]),
        unsigned(good, alg="ES256", kid={"a": 1}),
        unsigned(good, kid="one"),
        f"{head}.{payload}.",
        f"{head}.{payload}.{signature[:-4]}AAAA",
        f"{head}.{payload[:-2]}xx.{signature}",
        f"{head}.{payload}",
        f"{good}.x",
        "x",
        "..",
        "é" * 10,
        "a" * 16_000,
    ]
    for number, token in enumerate(tricks):
        answer = await show(trusting, token)
        assert (answer.status_code, answer.json()["type"]) == (401, "external-refused"), number
    assert await people(trusting) == 0


async def test_a_key_that_is_not_for_signing_or_is_secret_signs_nothing(trusting: Stand, issuer: Issuer) -> None:
    secret = OctKey.generate_key(256, {"kid": "secret"})
    sealing = ECKey.generate_key("P-256", {"kid": "enc", "use": "enc"})
    issuer.fault = JSONResponse(
        {
            "keys": [
                secret.as_dict(private=True),
                sealing.as_dict(private=False),
                {"kty": "from the future", "kid": "f"},
                issuer.key.as_dict(private=False),
            ]
        }
    )
    for key in (secret, ECKey.import_key({**sealing.as_dict(private=True), "use": "sig"})):
        assert (await show(trusting, issuer.token(trusting, key))).status_code == 401
    assert (await show(trusting, issuer.token(trusting))).status_code == 200


async def test_new_keys_are_taken_at_once_and_withdrawn_ones_soon_are_not(trusting: Stand, issuer: Issuer) -> None:
    old = issuer.key
    assert (await show(trusting, issuer.token(trusting))).status_code == 200
    trusting.clock.advance(timedelta(seconds=20))
    issuer.key = ECKey.generate_key("P-256", {"kid": "two"})
    issuer.shown = [issuer.key]
    assert (await show(trusting, issuer.token(trusting))).status_code == 200
    assert (await show(trusting, issuer.token(trusting, old))).status_code == 401


async def test_a_withdrawn_key_is_forgotten_in_ten_minutes_though_nobody_shows_a_new_one(
    trusting: Stand, issuer: Issuer
) -> None:
    assert (await show(trusting, issuer.token(trusting))).status_code == 200
    issuer.shown = [ECKey.generate_key("P-256", {"kid": "two"})]
    trusting.clock.advance(timedelta(minutes=10))
    assert (await show(trusting, issuer.token(trusting))).status_code == 401


async def test_keys_are_asked_for_once_and_inventing_ids_asks_no_more_often(
    trusting: Stand, issuer: Issuer
) -> None:
    await asyncio.gather(*(show(trusting, issuer.token(trusting, sub=f"u{n}")) for n in range(5)))
    assert issuer.asked == 1
    for n in range(20):
        await show(trusting, issuer.token(trusting, ECKey.generate_key("P-256", {"kid": f"k{n}"})))
    assert issuer.asked == 1
    trusting.clock.advance(timedelta(seconds=11))
    await show(trusting, issuer.token(trusting, ECKey.generate_key("P-256", {"kid": "k"})))
    assert issuer.asked == 2


@pytest.mark.parametrize(
    "fault",
    [
        Response(status_code=500),
        Response("<html>"),
        JSONResponse({}),
        JSONResponse({"keys": []}),
        JSONResponse({"keys": "x"}),
        JSONResponse([1]),
        Response(b" " * 300_000),
        Response(status_code=302, headers={"Location": "/elsewhere"}),
    ],
)
async def test_an_issuer_that_is_unwell_is_told_as_such_and_its_last_keys_serve_an_hour(
    trusting: Stand, issuer: Issuer, fault: Response
) -> None:
    issuer.fault = fault
    answer = await show(trusting, issuer.token(trusting))
    assert (answer.status_code, answer.json()["type"]) == (503, "unavailable")
    issuer.fault = None
    trusting.clock.advance(timedelta(seconds=11))
    assert (await show(trusting, issuer.token(trusting))).status_code == 200
    issuer.fault = fault
    trusting.clock.advance(timedelta(minutes=55))
    assert (await show(trusting, issuer.token(trusting))).status_code == 200
    trusting.clock.advance(timedelta(minutes=6))
    assert (await show(trusting, issuer.token(trusting))).status_code == 503


async def test_an_account_is_not_taken_over_by_its_address(trusting: Stand, issuer: Issuer) -> None:
    await trusting.person("ada@example.com")
    answer = await show(trusting, issuer.token(trusting, email="ADA@example.com", email_verified=True))
    assert (answer.status_code, answer.json()["type"]) == (409, "email-taken")
    assert await people(trusting) == 1


async def test_one_token_shown_many_times_at_once_makes_one_account(trusting: Stand, issuer: Issuer) -> None:
    token = issuer.token(trusting)
    answers = await asyncio.gather(*(show(trusting, token) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_without_an_issuer_the_way_is_off_by_name(stand: Stand) -> None:
    answer = await show(stand, "x.y.z")
    assert (answer.status_code, answer.json()["type"]) == (404, "external-off")


async def test_a_token_meant_for_a_page_of_ours_alone_is_taken_where_no_audience_is_set(
    gateway_database: str, nats_url: str, tmp_path: Path, issuer: Issuer
) -> None:
    async with standing_gateway(gateway_database, nats_url, tmp_path, oidc_issuer=issuer.url) as stand:
        assert (await show(stand, issuer.token(stand, aud=None, azp=stand.url))).status_code == 200
        for claims in ({"aud": None}, {"aud": None, "azp": "https://evil.example"}, {"azp": stand.url}):
            assert (await show(stand, issuer.token(stand, **claims))).status_code == 401, claims
        assert (await stand.client().get("/api/config")).json()["features"]["external"] is True


async def test_no_token_is_logged(trusting: Stand, issuer: Issuer) -> None:
    tokens = [issuer.token(trusting), issuer.token(trusting, aud="other"), "a.b.c-very-secret"]
    with capture_logs() as entries:
        for token in tokens:
            await show(trusting, token)
    logged = str(entries)
    assert "external.refused" in logged
    assert [token for token in tokens if token in logged or token.rsplit(".", 1)[-1] in logged] == []
