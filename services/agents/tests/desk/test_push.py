"""Web Push: a browser that decrypts by the specifications alone, and a push service that checks who calls."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import SecretStr

from aether.agents.adapters.push import WebPush, checked_subscription, public_key
from aether.agents.errors import PushNotConfigured
from aether.agents.settings import AgentsSettings
from aether.contracts.agents import AddPush, PushView, RemovePush
from aether.contracts.ids import AccountId, PersonId, new_id
from aether.contracts.problem import Invalid

from .conftest import VAPID, Box
from .receiver import Came, Receiver, receiving


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def data(given: str) -> bytes:
    return base64.urlsafe_b64decode(given + "=" * (-len(given) % 4))


def derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


@dataclass
class Browser:
    """A browser's side of RFC 8291."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def read(self, came: Came) -> dict[str, Any]:
        """What was sent: one aes128gcm record (RFC 8188), keyed by both sides' keys and the shared secret."""
        salt, size, length = came.body[:16], int.from_bytes(came.body[16:20]), came.body[20]
        sender, sealed = came.body[21 : 21 + length], came.body[21 + length :]
        assert len(sealed) <= size
        other = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self.key.exchange(ec.ECDH(), other)
        keying = derived(self.auth, shared, b"WebPush: info\0" + self.point + sender, 32)
        key = derived(salt, keying, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derived(salt, keying, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert padded[-1:] == b"\2"
        told: dict[str, Any] = json.loads(padded[:-1])
        return told


def is_ours(came: Came, origin: str, public: str) -> bool:
    """As a push service checks it: signed with the key that the browser subscribed with, for this service."""
    scheme, _, rest = came.headers["authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    point = data(parts["k"])
    key = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": text(point[1:33]), "y": text(point[33:])})
    claims = jwt.decode(parts["t"], key, algorithms=["ES256"]).claims
    return scheme == "vapid" and parts["k"] == public and claims["aud"] == origin and "@" in claims["sub"]


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Receiver]:
    async with receiving() as service:
        service.status = 201
        yield service


def order(account: AccountId, person: PersonId, browser: Browser) -> AddPush:
    """As the page sends what its browser gave."""
    return AddPush(
        account_id=account,
        person_id=person,
        endpoint=browser.endpoint,
        p256dh=text(browser.point),
        auth=text(browser.auth),
        label="Firefox",
    )


async def add(box: Box, browser: Browser, **more: Any) -> PushView:
    view: PushView = await box.ask(order(box.account, box.person, browser).model_copy(update=more))
    return view


async def test_a_browser_reads_what_calls_and_the_service_knows_who_sends(box: Box, service: Receiver) -> None:
    browser = Browser(service.url("/push/one"))
    await add(box, browser)
    await box.call()
    await box.carry()
    await box.carry()
    (came,) = service.came
    told = browser.read(came)
    assert (told["title"], told["body"]) == ("Claude Code waits for you", "May I run `rm -rf build`?")
    assert (told["kind"], told["path"]) == ("waiting", f"/projects/{box.project}?run={box.run}")
    assert is_ours(came, f"http://127.0.0.1:{service.port}", public_key(box.agents.settings) or "")
    assert (came.headers["content-encoding"], came.headers["ttl"]) == ("aes128gcm", "3600")
    assert (came.headers["urgency"], came.headers["topic"]) == ("high", box.run.hex)
    assert await box.rows("SELECT 1 FROM agents.push_call") == []


async def test_nobody_else_can_read_it(box: Box, service: Receiver) -> None:
    browser, other = Browser(service.url("/one")), Browser(service.url("/one"))
    await add(box, browser)
    await box.call()
    await box.carry()
    with pytest.raises(InvalidTag):
        other.read(service.came[0])
    assert b"rm -rf" not in service.came[0].body


async def test_the_longest_call_in_any_script_fits(box: Box, service: Receiver) -> None:
    browser = Browser(service.url("/one"))
    await add(box, browser)
    await box.call(title="𝔸" * 500, body="漢" * 5000)
    await box.carry()
    (came,) = service.came
    assert len(came.body) <= 4096
    assert browser.read(came)["body"].endswith("漢")


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_has_ended_is_forgotten(box: Box, service: Receiver, status: int) -> None:
    await add(box, Browser(service.url("/gone")))
    service.status = status
    await box.call()
    await box.call()
    await box.carry()
    assert await box.rows("SELECT 1 FROM agents.push") == []
    assert await box.rows("SELECT 1 FROM agents.push_call") == []


async def test_a_service_that_fails_is_tried_again_and_given_up(box: Box, service: Receiver) -> None:
    await add(box, Browser(service.url("/one")))
    service.status = 503
    await box.call()
    for after in (0, 5, 30, 120, 3600):
        box.clock.advance(after)
        await box.carry()
    assert len(service.came) == 4
    assert await box.rows("SELECT 1 FROM agents.push_call") == []
    assert len(await box.rows("SELECT 1 FROM agents.push")) == 1


async def test_what_was_read_meanwhile_rings_no_more(box: Box, service: Receiver) -> None:
    await add(box, Browser(service.url("/one")))
    service.status = 503
    await box.call()
    await box.carry()
    async with box.agents.transaction() as db:
        await box.desk.settled(db, box.run)
    box.clock.advance(60)
    await box.carry()
    assert len(service.came) == 1
    assert await box.rows("SELECT 1 FROM agents.push_call") == []


async def test_each_browser_of_the_person_and_of_nobody_else(box: Box, service: Receiver) -> None:
    await add(box, Browser(service.url("/laptop")))
    await add(box, Browser(service.url("/phone")))
    await add(box, Browser(service.url("/strange")), person_id=PersonId(new_id()))
    await box.call()
    await box.carry()
    assert sorted(came.path for came in service.came) == ["/laptop", "/phone"]


async def test_the_same_browser_again_takes_its_own_place(box: Box, service: Receiver) -> None:
    before, after = Browser(service.url("/one")), Browser(service.url("/one"))
    await add(box, before)
    await add(box, after)
    await box.call()
    await box.carry()
    (came,) = service.came
    assert after.read(came)["kind"] == "waiting"


async def test_a_browser_is_of_who_signed_in_last(box: Box, service: Receiver) -> None:
    browser = Browser(service.url("/shared"))
    await add(box, browser)
    await add(box, browser, account_id=AccountId(new_id()), person_id=PersonId(new_id()))
    await box.call()
    await box.carry()
    assert service.came == []


async def test_a_browser_can_be_called_no_more_by_its_own_person_only(box: Box, service: Receiver) -> None:
    browser = Browser(service.url("/one"))
    await add(box, browser)

    async def remove(person: PersonId) -> int:
        await box.ask(RemovePush(account_id=box.account, person_id=person, endpoint=browser.endpoint))
        return len(await box.rows("SELECT 1 FROM agents.push"))

    assert await remove(PersonId(new_id())) == 1
    assert await remove(box.person) == 0
    await box.ask(RemovePush(account_id=box.account, person_id=box.person, endpoint="not an address"))


async def test_twenty_browsers_are_kept_and_the_oldest_make_room(box: Box) -> None:
    for number in range(22):
        await add(box, Browser(f"https://push.example.com/{number}"), label=str(number))
    rows = await box.rows("SELECT label FROM agents.push ORDER BY label::int")
    assert [row["label"] for row in rows] == [str(number) for number in range(2, 22)]


async def test_calling_while_a_browser_leaves_fails_nothing(box: Box) -> None:
    browsers = [Browser(f"https://push.example.com/{number}") for number in range(8)]
    for browser in browsers:
        await add(box, browser)
    removing = (
        box.ask(RemovePush(account_id=box.account, person_id=box.person, endpoint=browser.endpoint))
        for browser in browsers
    )
    await asyncio.gather(*removing, *(box.call() for _ in range(8)))
    assert len(await box.rows("SELECT 1 FROM agents.notice")) == 8


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endpoint": "http://push.example.com/"}, "endpoint"),
        ({"endpoint": "https://user:pw@push.example.com/"}, "endpoint"),
        ({"p256dh": text(b"\4" + b"\1" * 64)}, "p256dh"),
        ({"p256dh": "====="}, "p256dh"),
        ({"p256dh": "ü"}, "p256dh"),
        ({"auth": text(b"short")}, "auth"),
    ],
)
def test_what_no_browser_gives(change: dict[str, Any], field: str) -> None:
    good = order(AccountId(new_id()), PersonId(new_id()), Browser("https://push.example.com/one"))
    assert checked_subscription(good).endpoint == good.endpoint
    with pytest.raises(Invalid) as refused:
        checked_subscription(good.model_copy(update=change))
    assert [error.field for error in refused.value.errors] == [field]


async def test_an_endpoint_and_its_keys_are_sealed_for_their_row(box: Box, service: Receiver) -> None:
    first, second = Browser(service.url("/secret-one")), Browser(service.url("/secret-two"))
    await add(box, first)
    await add(box, second)
    assert "secret-one" not in str(await box.rows("SELECT to_jsonb(p) FROM agents.push p"))
    await box.execute("UPDATE agents.push p SET sealed = (SELECT o.sealed FROM agents.push o WHERE o.id <> p.id)")
    await box.call()
    await box.carry()
    assert service.came == []  # and neither is called with the other's keys


async def test_where_it_is_not_configured_it_is_said_so(box: Box) -> None:
    box.agents.settings.vapid_private_key = None
    assert public_key(box.agents.settings) is None
    with pytest.raises(PushNotConfigured):
        await add(box, Browser("https://push.example.com/one"))


def test_a_key_is_read_as_pem_too() -> None:
    key = ec.derive_private_key(int.from_bytes(data(VAPID)), ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    settings = [AgentsSettings(vapid_private_key=SecretStr(written)) for written in (VAPID, pem)]
    assert public_key(settings[0]) == public_key(settings[1])


@pytest.mark.parametrize("written", ["nonsense!", text(b"\0" * 32), "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_what_is_no_key_stops_the_service_at_once(written: str) -> None:
    with pytest.raises(ValueError, match="VAPID_PRIVATE_KEY") as refused:
        WebPush(AgentsSettings(vapid_private_key=SecretStr(written)))
    assert written not in str(refused.value)


def test_a_setting_that_is_empty_is_none() -> None:
    assert public_key(AgentsSettings(vapid_private_key=SecretStr(""))) is None
