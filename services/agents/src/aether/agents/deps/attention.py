"""Calls for a person: kept, told to the pages, and carried to browsers and webhooks."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import structlog

from aether.agents.deps.courier import Courier
from aether.agents.deps.outside import Outcome, Post, Push, Subscription
from aether.agents.deps.ports import Call, Now
from aether.agents.domain import text, webhooks
from aether.agents.domain.attention import Reach, reach
from aether.agents.settings import AgentsSettings
from aether.agents.store import attention as store
from aether.agents.store import pushes as push_store
from aether.agents.store import webhooks as webhook_store
from aether.agents.store.pushes import PushCall
from aether.agents.store.webhooks import Due
from aether.contracts.agents import NoticeRaised, NoticeView
from aether.contracts.ids import AccountId, NoticeId, PersonId, PushId, RunId, WebhookId, new_id
from aether.kit.postgres import Database, DatabaseAway, Writer
from aether.kit.vault import Vault, VaultRefused

LOOK_SECONDS = 15
# Longer than a try may take; a process that died in one leaves it to the next after that.
CLAIM = timedelta(seconds=60)
BODY = 2000
PUSH_BODY = 500  # with the rest well below the 4 KB that a push service takes, in any script
PUSH_SECONDS = 3600  # a call that is older says nothing any more
PUSH_TRIES = 4
HOUSE_SECONDS = 3600.0

log = structlog.get_logger()


def push_place(account_id: AccountId, push_id: PushId) -> tuple[str, str, str, str]:
    """Where a subscription is sealed for."""
    return (str(account_id), "push", str(push_id), "1")


def webhook_place(account_id: AccountId, webhook_id: WebhookId) -> tuple[str, str, str, str]:
    """Where a webhook's secret is sealed for."""
    return (str(account_id), "webhook", str(webhook_id), "1")


class AttentionDesk:
    """Implements ports.Attention."""

    def __init__(
        self, database: Database, vault: Vault, settings: AgentsSettings, now: Now, *, push: Push, post: Post
    ) -> None:
        self._database = database
        self._vault = vault
        self._settings = settings
        self._now = now
        self._push = push
        self._post = post
        self.webhooks: Courier[Due] = Courier(self._claim_deliveries, self._deliver)
        self.pushes: Courier[PushCall] = Courier(self._claim_pushes, self._ring)

    async def call(self, db: Writer, call: Call) -> None:
        """In the caller's transaction: keep the notice, say it, and set its deliveries on their way."""
        now = self._now()
        looked_at = call.run_id is not None and await store.is_looked_at(db, call.person_id, call.run_id, now)
        notice = NoticeView(
            id=NoticeId(new_id()),
            account_id=call.account_id,
            project_id=call.project_id,
            run_id=call.run_id,
            kind=call.kind,
            title=text.line(call.title),
            body=text.message(call.body, BODY),
            path=call.path,
            created_at=now,
            read_at=now if looked_at else None,
        )
        if not await store.add(db, notice, call.person_id, call.once):
            return
        settings = await store.settings_of(db, call.account_id, call.person_id)
        await self._send(db, call.person_id, notice, reach(settings, call.kind, now, looked_at=looked_at))

    async def _send(self, db: Writer, person_id: PersonId, notice: NoticeView, far: Reach) -> None:
        if far.webhooks:
            await webhook_store.send(db, notice)
        if far.push:
            await push_store.send(db, person_id, notice)
        db.publish(
            NoticeRaised(
                account_id=notice.account_id,
                person_id=person_id,
                project_id=notice.project_id,
                notice=notice,
                unread=await store.unread(db, notice.account_id),
                by_mail=far.mail,
            )
        )

    async def settled(self, db: Writer, run_id: RunId) -> None:
        """What the run called for is over (answered, gone on): its notices are read."""
        await store.read_of_run(db, run_id, self._now())

    async def look(self, db: Writer, account_id: AccountId, person_id: PersonId, run_id: RunId) -> None:
        """A page of the person shows this run, proven now: good for 15 s, and its notices are read."""
        now = self._now()
        await store.look(db, account_id, person_id, run_id, now + timedelta(seconds=LOOK_SECONDS))
        await store.read_of_run(db, run_id, now)

    async def run(self) -> None:
        """Carry what is due, and forget what is old, until cancelled."""
        self._database.on_publish += [self.webhooks.wake, self.pushes.wake]
        async with asyncio.TaskGroup() as group:
            group.create_task(self.webhooks.run())
            group.create_task(self.pushes.run())
            group.create_task(self._keep_house())

    async def forget_old(self) -> None:
        """In batches, because each statement has about two seconds."""
        gone = 1
        while gone:
            async with self._database.transaction() as db:
                gone = await store.forget_old(db, self._now())

    async def _keep_house(self) -> None:
        while True:
            try:
                await self.forget_old()
            except DatabaseAway:
                log.warning("attention.housekeeping_put_off")
            await asyncio.sleep(HOUSE_SECONDS)

    # Webhooks

    async def _claim_deliveries(self, limit: int, busy: list[Any]) -> list[Due]:
        async with self._database.transaction() as db:
            return await webhook_store.claim(db, self._now(), self._now() + CLAIM, limit, busy)

    async def _deliver(self, due: Due) -> None:
        try:
            secret = self._vault.open(due.secret_sealed, *webhook_place(due.account_id, due.receiver)).decode()
        except VaultRefused:
            log.error("webhooks.secret_does_not_open", webhook_id=str(due.receiver))
            outcome = Outcome(error="Its secret does not open here any more. Make the webhook anew.")
        else:
            body = webhooks.payload(due.notice, self._settings.public_url)
            headers = webhooks.signed_headers(secret, f"msg_{due.id.hex}", self._now(), body)
            outcome = await self._post.send(due.url, headers, body)
        await self._write_down(due, outcome)

    async def _write_down(self, due: Due, outcome: Outcome) -> None:
        now = self._now()
        async with self._database.transaction() as db:
            if outcome.taken and outcome.status is not None:
                await webhook_store.delivered(db, due, outcome.status, now)
            else:
                next_at = webhooks.retry_at(due.attempts, now)
                await webhook_store.not_delivered(db, due, outcome.status, outcome.error, next_at=next_at, now=now)

    # Browsers

    async def _claim_pushes(self, limit: int, busy: list[Any]) -> list[PushCall]:
        async with self._database.transaction() as db:
            return await push_store.claim(db, self._now(), self._now() + CLAIM, limit, busy)

    async def _ring(self, call: PushCall) -> None:
        notice = call.notice
        try:
            sealed = self._vault.open(call.sealed, *push_place(call.account_id, call.receiver))
        except VaultRefused:
            log.error("push.does_not_open", push_id=str(call.receiver))
            outcome = Outcome(status=410, error="It does not open here any more.")
        else:
            outcome = await self._push.send(
                opened(sealed),
                pushed(notice),
                seconds=PUSH_SECONDS,
                urgency="high" if notice.kind == "waiting" else "normal",
                topic=notice.run_id,
            )
        await self._rung(call, outcome)

    async def _rung(self, call: PushCall, outcome: Outcome) -> None:
        next_at = webhooks.retry_at(call.attempts, self._now()) if call.attempts < PUSH_TRIES else None
        async with self._database.transaction() as db:
            if outcome.status in (404, 410):
                await push_store.drop(db, call.receiver)
            elif outcome.taken or next_at is None:
                await push_store.over(db, call.id)
            else:
                await push_store.again(db, call.id, next_at)


def sealable(subscription: Subscription) -> bytes:
    """A subscription as it is sealed."""
    return json.dumps([subscription.endpoint, subscription.p256dh.hex(), subscription.auth.hex()]).encode()


def opened(data: bytes) -> Subscription:
    endpoint, p256dh, auth = json.loads(data)
    return Subscription(endpoint, bytes.fromhex(p256dh), bytes.fromhex(auth))


def pushed(notice: NoticeView) -> bytes:
    """What the service worker is told: a tap on what it shows opens `path`."""
    return json.dumps(
        {
            "id": str(notice.id),
            "kind": notice.kind,
            "title": notice.title,
            "body": text.message(notice.body, PUSH_BODY),
            "path": notice.path,
        },
        ensure_ascii=False,
    ).encode()
