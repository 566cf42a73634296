"""Personal tokens, for programs."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request

from aether.contracts.gateway import AccountRevoked
from aether.contracts.ids import CredentialId, new_id
from aether.contracts.problem import Invalid, NotFound
from aether.gateway.api import shapes
from aether.gateway.api.auth import note
from aether.gateway.api.guard import SignedIn, TheGateway
from aether.gateway.api.problems import MEMBER, THING
from aether.gateway.domain.credentials import new_token
from aether.gateway.store import credentials

router = APIRouter(prefix="/api/tokens", tags=["tokens"])
MOST = 100
LONGEST = timedelta(days=3660)

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        description="A repetition with the same key makes nothing new.",
    ),
]


@router.get("", response_model=shapes.TokenList, responses=MEMBER, summary="My tokens")
async def list_tokens(caller: SignedIn, gateway: TheGateway) -> Any:
    async with gateway.database.reading() as reader:
        found = await credentials.tokens_of(reader, caller.person_id)
    return {"items": found, "next_cursor": None}


@router.post(
    "",
    status_code=201,
    response_model=shapes.CreatedToken,
    responses=MEMBER,
    summary="Make a token",
    description="The secret is in this answer only. A repetition with the same Idempotency-Key gives the "
    "same token a new secret.",
)
async def create_token(
    body: shapes.CreateToken,
    caller: SignedIn,
    request: Request,
    gateway: TheGateway,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    now, secret = gateway.now(), new_token()
    if body.expires_at is not None and not now < body.expires_at < now + LONGEST:
        raise Invalid.field("expires_at", "The time must lie ahead, ten years at most.")
    token = credentials.Token(
        id=CredentialId(new_id()),
        name=body.name,
        last4=secret.text[-4:],
        created_at=now,
        last_used_at=None,
        expires_at=body.expires_at,
    )
    async with gateway.database.transaction() as writer:
        if len(await credentials.tokens_of(writer, caller.person_id)) >= MOST:
            raise Invalid(f"You have {MOST} tokens, which is the most there can be. Revoke one first.")
        kept = await credentials.upsert_token(writer, token, caller.person_id, secret.hash, idempotency_key)
        await note(writer, gateway, request, "token.created", str(kept.id))
    gateway.keyring.forget(caller.person_id, kept.id)
    return {**vars(kept), "secret": secret.text}


@router.delete("/{token_id}", status_code=204, responses=THING, summary="Revoke a token")
async def revoke_token(token_id: UUID, caller: SignedIn, request: Request, gateway: TheGateway) -> None:
    credential = CredentialId(token_id)
    async with gateway.database.transaction() as writer:
        if not await credentials.delete_token(writer, caller.person_id, token_id):
            raise NotFound
        writer.publish(
            AccountRevoked(
                account_id=caller.account_id,
                person_id=caller.person_id,
                credential_id=credential,
                reason="revoked",
            )
        )
        await gateway.end(writer, caller.person_id, credential)
        await note(writer, gateway, request, "token.revoked", str(token_id))
    gateway.cut(caller.person_id, credential)
