"""The person who is signed in: their profile, and the end of it."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from aether.contracts.gateway import AccountDeleted, AccountRevoked
from aether.contracts.ids import CredentialId
from aether.contracts.problem import Invalid
from aether.gateway.api import shapes
from aether.gateway.api.auth import audit, clear_cookie, end_sessions, set_cookie
from aether.gateway.api.guard import Member, SignedIn, TheGateway
from aether.gateway.api.problems import MEMBER, problems
from aether.gateway.deps.gateway import Gateway
from aether.gateway.domain.credentials import Caller, Person, check_password, clean_email
from aether.gateway.errors import SignInNeeded
from aether.gateway.store import github, people
from aether.kit.postgres import Writer

router = APIRouter(prefix="/api/me", tags=["me"])


@router.get("", response_model=shapes.Me, responses=MEMBER, summary="Who I am")
async def get_me(caller: Member, request: Request, response: Response, gateway: TheGateway) -> Any:
    person, _ = await _load(gateway, caller)
    if caller.kind == "session":
        # The browser forgets a cookie 30 days after it was set, however much it is used; so set it again.
        set_cookie(response, gateway, request.cookies[gateway.cookie])
    return person


@router.patch("", response_model=shapes.Me, responses=problems(401, 409), summary="Change my profile")
async def update_me(body: shapes.UpdateMe, caller: SignedIn, request: Request, gateway: TheGateway) -> Any:
    person, hashed = await _load(gateway, caller)
    email = clean_email(body.email) if body.email else person.email
    if body.password is not None or email != person.email:
        await _confirm(gateway, caller, body.current_password, hashed, "current_password")
    if body.password is not None:
        check_password(body.password, email)
    name = person.display_name if body.display_name is None else body.display_name or email.partition("@")[0]
    keep = caller.credential_id
    ended = await _write(gateway, request, person, keep=keep, name=name, email=email, password=body.password)
    gateway.keyring.forget(caller.person_id, None)
    for credential in ended:
        gateway.cut(caller.person_id, credential)
    return (await _load(gateway, caller))[0]


async def _write(
    gateway: Gateway,
    request: Request,
    person: Person,
    *,
    keep: CredentialId,
    name: str,
    email: str,
    password: str | None,
) -> list[CredentialId]:
    """A new password ends the person's other sessions; answers which."""
    hashed = await gateway.passwords.hash(password) if password is not None else None
    async with gateway.database.transaction() as writer:
        await people.update(writer, person.id, name, email)
        await audit(writer, gateway, request, person, "person.changed")
        if hashed is None:
            return []
        await people.set_password(writer, person.id, hashed)
        return await end_sessions(writer, gateway, person, keep)


@router.delete(
    "", status_code=204, responses=problems(401), summary="Delete my account and everything that is in it"
)
async def delete_me(
    body: shapes.DeleteMe, caller: SignedIn, request: Request, response: Response, gateway: TheGateway
) -> None:
    person, hashed = await _load(gateway, caller)
    await _confirm(gateway, caller, body.password, hashed, "password")
    async with gateway.database.transaction() as writer:
        await _unlink(writer, gateway, person)
        await people.delete(writer, person)
        writer.publish(
            AccountRevoked(
                account_id=person.account_id, person_id=person.id, credential_id=None, reason="account_deleted"
            ),
            AccountDeleted(account_id=person.account_id, person_id=person.id),
        )
        await gateway.end(writer, person.id, None)
        await audit(writer, gateway, request, person, "account.deleted")
    gateway.cut(person.id, None)
    if gateway.github is not None:
        gateway.aside(gateway.github.spent.give_back())
    clear_cookie(response, gateway)


async def _unlink(writer: Writer, gateway: Gateway, person: Person) -> None:
    link = await github.locked_of(writer, person.id)
    if gateway.github is not None and link is not None:
        await gateway.github.unlink(writer, link)


async def _load(gateway: Gateway, caller: Caller) -> tuple[Person, str | None]:
    async with gateway.database.reading() as reader:
        found = await people.by_id(reader, caller.person_id)
    if found is None:
        raise SignInNeeded
    return found


async def _confirm(gateway: Gateway, caller: Caller, password: str | None, hashed: str | None, field: str) -> None:
    """That it is the person, not someone at their open screen. Counted like sign-in: it can be guessed at too."""
    await gateway.limit("confirm", str(caller.person_id), gateway.settings.rate_per_email)
    if hashed is None:
        raise Invalid.field(field, "You have no password yet. Ask for a reset link to set one.")
    if not password:
        raise Invalid.field(field, "Enter your present password.")
    if not await gateway.passwords.verify(password, hashed):
        raise Invalid.field(field, "That is not your password.")
