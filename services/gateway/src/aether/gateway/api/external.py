"""Signing in with a token of another issuer (Supabase, Clerk, any that has a JWKS)."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from aether.gateway.api import github_shapes, shapes
from aether.gateway.api.auth import audit, begin_session, newcomer, set_cookie, settle
from aether.gateway.api.guard import TheGateway, anyone, client_ip, cookie_in
from aether.gateway.api.problems import problems
from aether.gateway.deps.gateway import Gateway
from aether.gateway.domain.credentials import Person, clean_email, hash_secret
from aether.gateway.domain.external import Identity
from aether.gateway.errors import EmailTaken, ExternalOff, ExternalRefused
from aether.gateway.store import credentials, identities
from aether.kit.postgres import Writer

router = APIRouter(prefix="/api/auth", tags=["auth"])


@router.post(
    "/external",
    response_model=shapes.Me,
    responses=problems(401, 404, 409),
    dependencies=[Depends(anyone)],
    summary="Sign in with a token of the issuer this aether trusts; the session ends when the token does",
)
async def sign_in_external(
    body: github_shapes.External, request: Request, response: Response, gateway: TheGateway
) -> Any:
    await gateway.limit("ip", client_ip(request.scope, gateway), gateway.settings.rate_per_ip)
    if gateway.issuer is None:
        raise ExternalOff
    identity = await gateway.issuer.identity(body.token)
    async with gateway.database.transaction() as writer:
        person = await _person(writer, gateway, request, identity)
        secret = await _prolonged(writer, gateway, request, person, identity)
        if secret is None:
            await audit(writer, gateway, request, person, "session.created")
            secret = await begin_session(writer, gateway, request, person, identity.expires_at)
    set_cookie(response, gateway, secret)
    return person


async def _prolonged(
    writer: Writer, gateway: Gateway, request: Request, person: Person, identity: Identity
) -> str | None:
    """The secret of the session it came with, which now ends with the new token; None if it is not such a session.

    A page that shows a token each minute keeps one session, and what is open with it stays open.
    """
    secret = cookie_in(request.scope["headers"], gateway.cookie)
    if secret is None:
        return None
    prolonged = await credentials.prolong_session(
        writer, hash_secret(secret), person.id, gateway.now(), identity.expires_at
    )
    return secret if prolonged else None


async def _person(writer: Writer, gateway: Gateway, request: Request, identity: Identity) -> Person:
    """Whose identity it is, or a newcomer. Raises EmailTaken, or ExternalRefused without an address."""
    known = await identities.person_of(writer, identity.issuer, identity.subject)
    if known is not None:
        return known
    if identity.email is None:
        raise ExternalRefused("It names no e-mail address, or one that is not verified.")
    person = newcomer(gateway, clean_email(identity.email), identity.name)
    if await settle(writer, gateway, request, person, None):
        await identities.insert(writer, identity.issuer, identity.subject, person.id)
        return person
    # Whoever came first with the same token has made the account, and this waited for their transaction.
    known = await identities.person_of(writer, identity.issuer, identity.subject)
    if known is None:
        raise EmailTaken
    return known
