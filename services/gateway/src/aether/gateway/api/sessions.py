"""Where a person is signed in."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request

from aether.contracts.gateway import AccountRevoked
from aether.contracts.ids import CredentialId
from aether.contracts.problem import NotFound
from aether.gateway.api import shapes
from aether.gateway.api.auth import note
from aether.gateway.api.guard import SignedIn, TheGateway
from aether.gateway.api.problems import MEMBER, THING
from aether.gateway.store import credentials

router = APIRouter(prefix="/api/sessions", tags=["sessions"])


@router.get("", response_model=shapes.SessionList, responses=MEMBER, summary="Where I am signed in")
async def list_sessions(caller: SignedIn, gateway: TheGateway) -> Any:
    async with gateway.database.reading() as reader:
        found = await credentials.sessions_of(reader, caller.person_id, gateway.now())
    items = [shapes.Session(**vars(s), current=s.id == caller.credential_id) for s in found]
    return shapes.SessionList(items=items, next_cursor=None)


@router.delete("/{session_id}", status_code=204, responses=THING, summary="Sign out there")
async def revoke_session(session_id: UUID, caller: SignedIn, request: Request, gateway: TheGateway) -> None:
    credential = CredentialId(session_id)
    async with gateway.database.transaction() as writer:
        if not await credentials.delete_session(writer, caller.person_id, session_id):
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
        await note(writer, gateway, request, "session.revoked", str(session_id))
    gateway.cut(caller.person_id, credential)
