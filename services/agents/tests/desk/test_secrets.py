"""What is secret is in no log, however much is logged, and in no table but sealed; and no repr shows it."""

import base64
import json
import logging
import os
from contextlib import suppress
from typing import Any

import pytest
from structlog.testing import capture_logs

from aether.agents.deps.outside import Subscription
from aether.agents.errors import KeyDoesNotOpen
from aether.cli.embedded.ports import any_free_port
from aether.contracts.agents import CreateAgentToken, CreateWebhook, PutKey
from aether.contracts.problem import Refusal

from .conftest import VAPID, Box
from .receiver import receiving
from .test_push import Browser, order, text


async def every_path(box: Box, port: int) -> dict[str, str]:
    """Rightly and wrongly; what must be found nowhere, by what it is."""
    canaries = {name: f"canary-{os.urandom(9).hex()}" for name in ("brokered", "rotated", "injected", "refused")}
    for name in ("brokered", "rotated"):
        await box.put("ANTHROPIC_API_KEY", canaries[name])
    await box.put("NPM_TOKEN", canaries["injected"])
    with suppress(Refusal):
        await box.put("LD_PRELOAD", canaries["refused"])
    await box.ring.noted(await box.ring.for_vendor(box.account, box.project, "anthropic"), refused=True)
    await box.ring.readable(box.account, box.project, "NPM_TOKEN")
    made = await box.ask(
        CreateAgentToken(account_id=box.account, person_id=box.person, project_id=box.project, name="x")
    )
    canaries["private key"] = made.private_key.splitlines()[2]
    for url in (f"http://127.0.0.1:{any_free_port()}/nobody", f"http://127.0.0.1:{port}/hook"):
        hook = await box.ask(CreateWebhook(account_id=box.account, person_id=box.person, url=url))
        canaries[f"secret of {url}"] = hook.secret.removeprefix("whsec_")
    canaries |= await _browser(box, port)
    await box.call()
    await box.carry()
    await _break_seals(box)
    return canaries


async def _browser(box: Box, port: int) -> dict[str, str]:
    browser = Browser(f"http://127.0.0.1:{port}/canary-{os.urandom(9).hex()}")
    auth, command = text(browser.auth), order(box.account, box.person, browser)
    assert auth not in repr(command)
    await box.ask(command)
    return {"endpoint": browser.endpoint.rsplit("/", 1)[1], "secret of a browser": auth}


async def _break_seals(box: Box) -> None:
    for table, column in (("key", "sealed"), ("webhook", "secret_sealed"), ("push", "sealed")):
        await box.execute(
            f"UPDATE agents.{table} SET {column} = set_byte({column}, 9, 255 - get_byte({column}, 9))"
        )
    await box.ring.injected(box.account, box.project)
    with pytest.raises(KeyDoesNotOpen):
        await box.ring.readable(box.account, box.project, "NPM_TOKEN")
    await box.call(once="after")
    box.clock.advance(5)
    await box.carry()


async def dump(box: Box) -> str:
    """Every row of every table, with bytes as hexadecimal."""
    tables = await box.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'agents'")
    rows: list[Any] = []
    for (table,) in tables:
        rows += [row[0] for row in await box.rows(f"SELECT to_jsonb(t) FROM agents.{table} t")]
    return json.dumps(rows)


def forms(secret: str) -> list[str]:
    """As it is, in hexadecimal, and in base64."""
    plain = secret.encode()
    return [secret, plain.hex(), base64.b64encode(plain).decode().rstrip("=")[:-1]]


async def test_no_log_and_no_table_has_a_secret(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as entries:
        async with receiving() as receiver:
            canaries = await every_path(box, receiver.port)
            kept = await dump(box)
    logged = json.dumps(entries, default=repr) + caplog.text
    assert "does_not_open" in logged  # the search would find what is logged
    assert str(box.account) in kept
    for name, canary in canaries.items():
        for form in forms(canary):
            assert form not in logged, f"{name} was logged"
            assert form not in kept, f"{name} is kept in the clear"


def test_no_repr_shows_a_secret(box: Box) -> None:
    put = PutKey(account_id=box.account, person_id=box.person, name="A", value="canary-value")
    subscription = Subscription("https://push.example.com/canary-end", b"canary-point", b"canary-auth")
    for shown in (repr(put), str(put), repr(subscription), repr(box.agents.settings)):
        assert "canary" not in shown
        assert VAPID not in shown
