"""Attention: notices, how I want to be called, my browsers, and webhooks."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from aether.contracts.agents import (
    AddPush,
    CreateWebhook,
    DeleteWebhook,
    GetAttentionSettings,
    ListDeliveries,
    ListNotices,
    ListWebhooks,
    ReadNotices,
    RemovePush,
    UpdateAttentionSettings,
)
from aether.contracts.ids import NoticeId, WebhookId
from aether.gateway.api import agent_shapes as shapes
from aether.gateway.api.answers import answer, answered, write_down
from aether.gateway.api.guard import Member, SignedIn, TheGateway
from aether.gateway.api.problems import MEMBER, THING

router = APIRouter(prefix="/api", tags=["attention"])


@router.get("/notices", response_model=shapes.NoticeList, responses=MEMBER, summary="What called for me lately")
async def list_notices(caller: Member, gateway: TheGateway) -> Response:
    return await answered(gateway, ListNotices(account_id=caller.account_id))


@router.post("/notices/read", response_model=shapes.NoticeList, responses=MEMBER, summary="Mark notices read")
async def read_notices(body: shapes.ReadNotices, caller: Member, gateway: TheGateway) -> Response:
    ids = None if body.ids is None else [NoticeId(notice) for notice in body.ids]
    return await answered(gateway, ReadNotices(account_id=caller.account_id, notice_ids=ids))


@router.get(
    "/me/attention", response_model=shapes.AttentionSettings, responses=MEMBER, summary="How I want to be called"
)
async def get_attention(caller: SignedIn, gateway: TheGateway) -> Response:
    command = GetAttentionSettings(account_id=caller.account_id, person_id=caller.person_id)
    return await answered(gateway, command)


@router.patch(
    "/me/attention",
    response_model=shapes.AttentionSettings,
    responses=MEMBER,
    summary="Change how I want to be called",
)
async def update_attention(body: shapes.UpdateAttention, caller: SignedIn, gateway: TheGateway) -> Response:
    command = UpdateAttentionSettings(
        account_id=caller.account_id, person_id=caller.person_id, **body.model_dump()
    )
    return await answered(gateway, command)


@router.post(
    "/me/push", status_code=201, response_model=shapes.Push, responses=MEMBER, summary="Have this browser called"
)
async def add_push(body: shapes.AddPush, caller: SignedIn, gateway: TheGateway) -> Response:
    command = AddPush(account_id=caller.account_id, person_id=caller.person_id, **body.model_dump())
    return await answered(gateway, command, 201)


@router.post("/me/push/remove", status_code=204, responses=MEMBER, summary="Have this browser called no more")
async def remove_push(body: shapes.RemovePush, caller: SignedIn, gateway: TheGateway) -> None:
    command = RemovePush(account_id=caller.account_id, person_id=caller.person_id, endpoint=body.endpoint)
    await gateway.bus.request(command)


@router.get("/webhooks", response_model=shapes.WebhookList, responses=MEMBER, summary="Where notices are posted")
async def list_webhooks(caller: Member, gateway: TheGateway) -> Response:
    return await answered(gateway, ListWebhooks(account_id=caller.account_id))


@router.post(
    "/webhooks",
    status_code=201,
    response_model=shapes.CreatedWebhook,
    responses=MEMBER,
    summary="Have notices posted, signed with a secret that is in this answer only",
)
async def create_webhook(
    body: shapes.CreateWebhook, caller: SignedIn, request: Request, gateway: TheGateway
) -> Response:
    command = CreateWebhook(account_id=caller.account_id, person_id=caller.person_id, **body.model_dump())
    made = await gateway.bus.request(command)
    write_down(gateway, request, "webhook.created", made.webhook.id)
    return answer(made, 201, secret=True)


@router.delete("/webhooks/{webhook_id}", status_code=204, responses=THING, summary="No more deliveries")
async def delete_webhook(webhook_id: UUID, caller: SignedIn, request: Request, gateway: TheGateway) -> None:
    command = DeleteWebhook(account_id=caller.account_id, webhook_id=WebhookId(webhook_id))
    await gateway.bus.request(command)
    write_down(gateway, request, "webhook.deleted", webhook_id)


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    response_model=shapes.DeliveryList,
    responses=THING,
    summary="What was posted lately, and how it went",
)
async def list_deliveries(webhook_id: UUID, caller: Member, gateway: TheGateway) -> Response:
    command = ListDeliveries(account_id=caller.account_id, webhook_id=WebhookId(webhook_id))
    return await answered(gateway, command)
