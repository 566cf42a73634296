"""Webhooks: signed as Standard Webhooks say, tried again, logged, and never a way into a private network."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from aether.agents.adapters.outside import Outside
from aether.agents.adapters.webhooks import WebhookPoster, is_local
from aether.agents.domain.webhooks import checked_url, is_public, retry_at, signed_headers
from aether.agents.errors import NoSuchWebhook, TooMany
from aether.agents.settings import AgentsSettings
from aether.contracts.agents import (
    CreatedWebhook,
    CreateWebhook,
    DeleteWebhook,
    DeliveryView,
    ListDeliveries,
    ListWebhooks,
    WebhookView,
)
from aether.contracts.ids import AccountId, new_id
from aether.contracts.problem import Invalid
from aether.testkit.eventually import eventually

from .conftest import Box
from .receiver import Came, Receiver, identity, receiving


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def create(box: Box, url: str, **more: Any) -> CreatedWebhook:
    made: CreatedWebhook = await box.ask(
        CreateWebhook(account_id=box.account, person_id=box.person, url=url, **more)
    )
    return made


async def log(box: Box, made: CreatedWebhook) -> list[DeliveryView]:
    answer = await box.ask(ListDeliveries(account_id=box.account, webhook_id=made.webhook.id))
    items: list[DeliveryView] = answer.items
    return items


async def webhook(box: Box) -> WebhookView:
    answer = await box.ask(ListWebhooks(account_id=box.account))
    (only,) = answer.items
    assert isinstance(only, WebhookView)
    return only


def is_signed(came: Came, secret: str) -> bool:
    """As a receiver checks it, from the specification alone."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{came.headers['webhook-id']}.{came.headers['webhook-timestamp']}.".encode() + came.body
    mine = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(mine, came.headers["webhook-signature"])


async def test_a_notice_is_posted_signed_and_once(box: Box, receiver: Receiver) -> None:
    made = await create(box, receiver.url())
    await box.call()
    await box.carry()
    await box.carry()
    (came,) = receiver.came
    assert is_signed(came, made.secret)
    assert int(came.headers["webhook-timestamp"]) == int(box.clock.now().timestamp())
    body = json.loads(came.body)
    assert body["type"] == "notice.waiting"
    assert body["data"]["run_id"] == str(box.run)
    assert body["data"]["title"] == "Claude Code waits for you"
    assert body["data"]["body"] == "May I run `rm -rf build`?"
    assert body["data"]["url"] == f"http://localhost:8080/projects/{box.project}?run={box.run}"
    (delivery,) = await log(box, made)
    assert (delivery.state, delivery.status, delivery.attempts) == ("delivered", 204, 1)
    assert (delivery.next_at, delivery.delivered_at) == (None, box.clock.now())


async def test_one_flipped_byte_breaks_the_signature(box: Box, receiver: Receiver) -> None:
    made = await create(box, receiver.url())
    await box.call()
    await box.carry()
    (came,) = receiver.came
    assert not is_signed(Came(came.path, came.headers, came.body.replace(b"rm", b"mr")), made.secret)
    late = {**came.headers, "webhook-timestamp": str(int(came.headers["webhook-timestamp"]) + 1)}
    assert not is_signed(Came(came.path, late, came.body), made.secret)


def test_the_signature_is_that_of_the_specification() -> None:
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_it_is_tried_again_later_and_later_and_then_given_up(box: Box, receiver: Receiver) -> None:
    made = await create(box, receiver.url())
    receiver.status = 500
    began = box.clock.now()
    await box.call()
    for after in (0, 5, 30, 120, 600, 3600):
        box.clock.advance(max(0, after - 1))
        await box.carry()
        seen = len(receiver.came)
        box.clock.advance(1 if after else 0)
        await box.carry()
        assert len(receiver.came) == seen + (1 if after else 0)
    (delivery,) = await log(box, made)
    assert (delivery.state, delivery.attempts, delivery.status) == ("failed", 6, 500)
    assert delivery.error == "It answered 500."
    assert len({came.headers["webhook-id"] for came in receiver.came}) == 1
    assert all(is_signed(came, made.secret) for came in receiver.came)
    assert (await webhook(box)).failing_since == began
    box.clock.advance(timedelta(days=1))
    await box.carry()
    assert len(receiver.came) == 6


async def test_once_it_is_taken_it_is_not_failing_any_more(box: Box, receiver: Receiver) -> None:
    made = await create(box, receiver.url())
    receiver.status = 503
    await box.call()
    await box.carry()
    assert (await webhook(box)).failing_since is not None
    receiver.status = 200
    box.clock.advance(5)
    await box.carry()
    (delivery,) = await log(box, made)
    assert (delivery.state, delivery.attempts, delivery.error) == ("delivered", 2, "")
    assert (await webhook(box)).failing_since is None


async def test_only_the_kinds_that_were_asked_for(box: Box, receiver: Receiver) -> None:
    await create(box, receiver.url(), kinds=["failed"])
    await box.call("waiting")
    await box.call("failed")
    await box.carry()
    assert [json.loads(came.body)["data"]["kind"] for came in receiver.came] == ["failed"]


async def test_nothing_is_posted_of_another_account(box: Box, receiver: Receiver) -> None:
    await create(box, receiver.url())
    await box.call(account_id=AccountId(new_id()))
    await box.carry()
    assert receiver.came == []


async def test_a_redirect_is_not_followed(box: Box, receiver: Receiver) -> None:
    made = await create(box, receiver.url())
    receiver.status, receiver.location = 307, receiver.url("/inside")
    await box.call()
    await box.carry()
    assert [came.path for came in receiver.came] == ["/hook"]
    (delivery,) = await log(box, made)
    assert (delivery.state, delivery.status) == ("pending", 307)


async def test_a_receiver_that_hangs_holds_up_no_other(box: Box, receiver: Receiver) -> None:
    receiver.hang = asyncio.Event()
    await create(box, receiver.url("/slow"))
    async with receiving() as quick:
        await create(box, quick.url())
        for _ in range(10):
            await box.call()
        carrying = asyncio.create_task(box.desk.run())
        await eventually(lambda: len(quick.came) == 10)
        assert receiver.waiting <= 2  # and no more than two at once for the slow one
        receiver.hang.set()
        await eventually(lambda: len(receiver.came) == 10)
        carrying.cancel()
        await asyncio.gather(carrying, return_exceptions=True)


async def test_two_processes_post_each_notice_once(box: Box, receiver: Receiver) -> None:
    await create(box, receiver.url())
    for _ in range(12):
        await box.call()
    for _ in range(12):
        await asyncio.gather(box.carry(), box.carry())
    ids = [came.headers["webhook-id"] for came in receiver.came]
    assert (len(ids), len(set(ids))) == (12, 12)


async def test_what_a_dead_process_had_taken_is_posted_a_minute_later(box: Box, receiver: Receiver) -> None:
    made = await create(box, receiver.url())
    await box.call()
    assert len(await box.desk._claim_deliveries(10, [])) == 1  # and here it died
    await box.carry()
    assert receiver.came == []
    box.clock.advance(60)
    await box.carry()
    assert len(receiver.came) == 1
    assert (await log(box, made))[0].attempts == 2


async def test_a_webhook_that_is_deleted_takes_its_log_along(box: Box, receiver: Receiver) -> None:
    made = await create(box, receiver.url())
    await box.call()
    stranger = DeleteWebhook(account_id=AccountId(new_id()), webhook_id=made.webhook.id)
    with pytest.raises(NoSuchWebhook):
        await box.ask(stranger)
    assert len(await log(box, made)) == 1
    with pytest.raises(NoSuchWebhook):
        await box.ask(ListDeliveries(account_id=AccountId(new_id()), webhook_id=made.webhook.id))
    await box.ask(DeleteWebhook(account_id=box.account, webhook_id=made.webhook.id))
    await box.carry()
    assert receiver.came == []
    assert await box.rows("SELECT 1 FROM agents.delivery") == []


async def test_a_limit_cannot_be_raced(box: Box) -> None:
    box.agents.settings.webhooks_per_account = 2
    tries = (create(box, "https://example.com/hook") for _ in range(6))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, TooMany) for result in results) == 4


async def test_the_secret_is_shown_once_and_sealed_for_its_webhook(box: Box, receiver: Receiver) -> None:
    first, second = await create(box, receiver.url("/a")), await create(box, receiver.url("/b"))
    assert first.secret not in repr(first)
    assert first.secret not in str(await box.rows("SELECT to_jsonb(w) FROM agents.webhook w"))
    await box.execute(
        "UPDATE agents.webhook SET secret_sealed = (SELECT secret_sealed FROM agents.webhook WHERE id = $2)"
        " WHERE id = $1",
        first.webhook.id,
        second.webhook.id,
    )
    await box.call()
    await box.carry()
    assert [came.path for came in receiver.came] == ["/b"]
    assert "does not open" in (await log(box, first))[0].error


# Where a webhook may not lead


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/",
        "https://user:password@example.com/",
        "https://",
        "https:///path",
        "example.com",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com/\r\nX: y",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://0.0.0.0:8080/",
        "http://2130706433/",
        "http://[::ffff:7f00:1]/",
        "http://169.254.169.254/latest/meta-data/",
        "https://[::1",
        "https://example.com/ünï",
        "",
    ],
)
def test_what_is_no_address_of_a_webhook(url: str) -> None:
    with pytest.raises(Invalid):
        checked_url(url)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Example.com/hook?a=1#part", "https://example.com/hook?a=1"),
        ("https://example.com", "https://example.com/"),
        (" https://bücher.example:8443/x ", "https://xn--bcher-kva.example:8443/x"),
        ("http://localhost:9000/hook", "http://localhost:9000/hook"),
        ("http://127.0.0.1:9000/hook", "http://127.0.0.1:9000/hook"),
        ("http://[::1]:9000/hook", "http://[::1]:9000/hook"),
    ],
)
def test_an_address_is_kept_in_one_form(given: str, kept: str) -> None:
    assert checked_url(given) == kept


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.2.1", "198.18.0.1",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:c0a8:101::1",
        "2001:db8::1", "::ffff:169.254.169.254", "fec0::1", "::127.0.0.1", "2001::1", "64:ff9b:1::a00:1",
    ],
)  # fmt: skip
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_what_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "leads_to"),
    [
        ("https://evil.example/", ["127.0.0.1"]),
        ("https://evil.example/", ["10.0.0.5", "192.168.0.1"]),
        ("https://evil.example/", ["::ffff:127.0.0.1"]),
        ("https://evil.example/", ["169.254.169.254"]),
        ("https://evil.example/", []),
        ("http://localhost/", ["10.0.0.5"]),
        ("http://localhost/", ["93.184.216.34"]),
        ("gopher://localhost/", ["127.0.0.1"]),
    ],
)
async def test_a_name_that_leads_inside_reaches_nobody(url: str, leads_to: list[str], receiver: Receiver) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return leads_to

    scheme, rest = url.split("://")
    outside = Outside(local=True, resolve=resolve)
    outcome = await outside.post(f"{scheme}://{rest.rstrip('/')}:{receiver.port}/", {}, b"{}")
    assert not outcome.taken
    assert outcome.status is None
    assert receiver.came == []
    assert receiver.waiting == 0


async def test_the_address_that_was_judged_is_the_one_that_is_connected_to(receiver: Receiver) -> None:
    """A name whose server answers another address each time gains nothing by it."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def resolve(host: str, port: int) -> list[str]:
        return answers.pop(0)

    outside = Outside(local=True, resolve=resolve)
    assert (await outside.post(receiver.url(), {}, b"{}")).status == 204
    assert len(answers) == 1


async def test_where_aether_is_not_of_this_computer_neither_is_a_webhook(receiver: Receiver) -> None:
    hosted = AgentsSettings(public_url="https://aether.example")
    assert not is_local(hosted)
    outcome = await WebhookPoster(hosted).send(receiver.url(), {}, b"{}")
    assert not outcome.taken
    assert receiver.came == []


async def test_https_is_to_whom_the_certificate_names() -> None:
    """By the name that was given, though the connection is to an address."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    server, client = identity("hook.example")
    outside = Outside(local=False, resolve=resolve, public=lambda _: True, trust=client)
    async with receiving(server) as receiver:
        assert (await outside.post(f"https://hook.example:{receiver.port}/", {}, b"{}")).status == 204
        refused = await outside.post(f"https://other.example:{receiver.port}/", {}, b"{}")
        assert refused.error == "It could not be connected to."
        assert len(receiver.came) == 1


def test_the_schedule() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    waits = [retry_at(attempt, now) for attempt in range(1, 7)]
    assert [wait and int((wait - now).total_seconds()) for wait in waits] == [5, 30, 120, 600, 3600, None]
