"""Orders and questions about notices, how a person wants to be called, browsers and webhooks."""

import hashlib
from typing import Any

from aether.agents.adapters.push import checked_subscription, public_key
from aether.agents.deps.agents import Agents
from aether.agents.deps.attention import push_place, sealable, webhook_place
from aether.agents.domain.attention import updated
from aether.agents.domain.webhooks import checked_url, new_secret
from aether.agents.errors import NoSuchWebhook, PushNotConfigured, TooMany
from aether.agents.store import attention, pushes, webhooks
from aether.contracts.agents import (
    AddPush,
    AttentionSettings,
    CreatedWebhook,
    CreateWebhook,
    DeleteWebhook,
    DeliveryList,
    GetAttentionSettings,
    ListDeliveries,
    ListNotices,
    ListWebhooks,
    NoticeList,
    PushView,
    ReadNotices,
    RemovePush,
    UpdateAttentionSettings,
    WebhookList,
    WebhookView,
)
from aether.contracts.command import Command, Done
from aether.contracts.ids import AccountId, PushId, WebhookId, new_id
from aether.contracts.problem import Invalid
from aether.kit.bus import Answerer
from aether.kit.postgres import Reader

# Notices


async def list_notices(command: ListNotices, agents: Agents) -> NoticeList:
    async with agents.reading() as db:
        return await _notices(db, command.account_id)


async def read_notices(command: ReadNotices, agents: Agents) -> NoticeList:
    async with agents.transaction() as db:
        await attention.read(db, command.account_id, command.notice_ids, agents.now())
        return await _notices(db, command.account_id)


async def _notices(db: Reader, account_id: AccountId) -> NoticeList:
    return NoticeList(items=await attention.newest(db, account_id), unread=await attention.unread(db, account_id))


# How a person wants to be called


async def get_attention_settings(command: GetAttentionSettings, agents: Agents) -> AttentionSettings:
    async with agents.reading() as db:
        settings = await attention.settings_of(db, command.account_id, command.person_id)
    return _with_push_key(settings, agents)


async def update_attention_settings(command: UpdateAttentionSettings, agents: Agents) -> AttentionSettings:
    async with agents.transaction() as db:
        await attention.hold_person(db, command.person_id)
        settings = updated(await attention.settings_of(db, command.account_id, command.person_id), command)
        await attention.keep_settings(db, command.account_id, settings)
    return _with_push_key(settings, agents)


def _with_push_key(settings: AttentionSettings, agents: Agents) -> AttentionSettings:
    return settings.model_copy(update={"push_public_key": public_key(agents.settings)})


async def add_push(command: AddPush, agents: Agents) -> PushView:
    if public_key(agents.settings) is None:
        raise PushNotConfigured
    subscription = checked_subscription(command)
    view = PushView(id=PushId(new_id()), person_id=command.person_id, label=command.label, created_at=agents.now())
    sealed = agents.vault.seal(sealable(subscription), *push_place(command.account_id, view.id))
    async with agents.transaction() as db:
        await pushes.put(db, command.account_id, view, _hash(subscription.endpoint), sealed)
    return view


async def remove_push(command: RemovePush, agents: Agents) -> Done:
    try:
        endpoint = checked_url(command.endpoint)
    except Invalid:
        return Done()  # none such was ever kept
    async with agents.transaction() as db:
        await pushes.remove(db, command.person_id, _hash(endpoint))
    return Done()


def _hash(endpoint: str) -> bytes:
    return hashlib.sha256(endpoint.encode()).digest()


# Webhooks


async def list_webhooks(command: ListWebhooks, agents: Agents) -> WebhookList:
    async with agents.reading() as db:
        return WebhookList(items=await webhooks.listed(db, command.account_id))


async def create_webhook(command: CreateWebhook, agents: Agents) -> CreatedWebhook:
    webhook = WebhookView(
        id=WebhookId(new_id()),
        account_id=command.account_id,
        url=checked_url(command.url),
        kinds=list(dict.fromkeys(command.kinds)),
        created_at=agents.now(),
    )
    secret, most = new_secret(), agents.settings.webhooks_per_account
    sealed = agents.vault.seal(secret.encode(), *webhook_place(command.account_id, webhook.id))
    async with agents.transaction() as db:
        await webhooks.hold_account(db, command.account_id)
        if len(await webhooks.listed(db, command.account_id)) >= most:
            raise TooMany(f"An account has at most {most} webhooks. Delete one first.")
        await webhooks.add(db, webhook, command.person_id, sealed)
    return CreatedWebhook(webhook=webhook, secret=secret)


async def delete_webhook(command: DeleteWebhook, agents: Agents) -> Done:
    async with agents.transaction() as db:
        if not await webhooks.exists(db, command.account_id, command.webhook_id):
            raise NoSuchWebhook
        await webhooks.delete(db, command.account_id, command.webhook_id)
    return Done()


async def list_deliveries(command: ListDeliveries, agents: Agents) -> DeliveryList:
    async with agents.reading() as db:
        if not await webhooks.exists(db, command.account_id, command.webhook_id):
            raise NoSuchWebhook
        return DeliveryList(items=await webhooks.log(db, command.webhook_id))


COMMANDS: dict[type[Command[Any]], Answerer] = {
    ListNotices: list_notices,
    ReadNotices: read_notices,
    GetAttentionSettings: get_attention_settings,
    UpdateAttentionSettings: update_attention_settings,
    AddPush: add_push,
    RemovePush: remove_push,
    ListWebhooks: list_webhooks,
    CreateWebhook: create_webhook,
    DeleteWebhook: delete_webhook,
    ListDeliveries: list_deliveries,
}
