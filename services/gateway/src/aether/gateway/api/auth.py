"""Sign up, sign in, sign out, and back in after a forgotten password."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from aether.contracts.gateway import AccountCreated, AccountRevoked
from aether.contracts.ids import AccountId, CredentialId, PersonId, new_id
from aether.contracts.problem import Invalid
from aether.gateway.api import shapes
from aether.gateway.api.guard import Member, TheGateway, anyone, client_ip
from aether.gateway.api.problems import ANYONE, MEMBER, problems
from aether.gateway.deps.gateway import Gateway
from aether.gateway.deps.ports import Mail
from aether.gateway.domain.credentials import (
    RESET_LIFETIME,
    SESSION_LIFETIME,
    Person,
    check_password,
    clean_email,
    email_key,
    hash_secret,
    new_secret,
)
from aether.gateway.errors import EmailTaken, WrongCredentials
from aether.gateway.store import credentials, limits, people
from aether.kit.postgres import Writer

router = APIRouter(prefix="/api/auth", tags=["auth"])


@router.post(
    "/signup",
    status_code=201,
    response_model=shapes.Me,
    responses=problems(409),
    dependencies=[Depends(anyone)],
    summary="Make an account, and sign in to it",
)
async def signup(body: shapes.Signup, request: Request, response: Response, gateway: TheGateway) -> Any:
    await _count(request, gateway, body.email)
    email = clean_email(body.email)
    check_password(body.password, email)
    hashed = await gateway.passwords.hash(body.password)
    person = newcomer(gateway, email, body.display_name)
    async with gateway.database.transaction() as writer:
        if not await settle(writer, gateway, request, person, hashed):
            raise EmailTaken
        secret = await begin_session(writer, gateway, request, person)
    set_cookie(response, gateway, secret)
    return person


@router.post(
    "/login",
    response_model=shapes.Me,
    responses=problems(401),
    dependencies=[Depends(anyone)],
    summary="Sign in",
)
async def login(body: shapes.Login, request: Request, response: Response, gateway: TheGateway) -> Any:
    await _count(request, gateway, body.email)
    async with gateway.database.reading() as reader:
        found = await people.by_email(reader, body.email)
    good = await gateway.passwords.verify(body.password, found[1] if found else None)
    if not found or not good:
        async with gateway.database.transaction() as writer:
            await audit(writer, gateway, request, found[0] if found else None, "session.refused")
        raise WrongCredentials
    async with gateway.database.transaction() as writer:
        await audit(writer, gateway, request, found[0], "session.created")
        secret = await begin_session(writer, gateway, request, found[0])
    set_cookie(response, gateway, secret)
    return found[0]


@router.post("/logout", status_code=204, responses=MEMBER, summary="End the session or token this was asked with")
async def logout(caller: Member, request: Request, response: Response, gateway: TheGateway) -> None:
    end = credentials.delete_session if caller.kind == "session" else credentials.delete_token
    async with gateway.database.transaction() as writer:
        await end(writer, caller.person_id, caller.credential_id)
        writer.publish(
            AccountRevoked(
                account_id=caller.account_id,
                person_id=caller.person_id,
                credential_id=caller.credential_id,
                reason="signed_out",
            )
        )
        await gateway.end(writer, caller.person_id, caller.credential_id)
        await note(writer, gateway, request, f"{caller.kind}.ended", str(caller.credential_id))
    gateway.cut(caller.person_id, caller.credential_id)
    clear_cookie(response, gateway)


@router.post(
    "/forgot",
    status_code=202,
    response_class=Response,
    responses=ANYONE,
    dependencies=[Depends(anyone)],
    summary="Ask for a reset link",
    description="The answer is the same whether there is such an account or not.",
)
async def forgot(body: shapes.Forgot, request: Request, gateway: TheGateway) -> Response:
    await _count(request, gateway, body.email)
    await gateway.limit("mail", email_key(body.email), gateway.settings.rate_of_mails)
    gateway.aside(_send_reset(gateway, body.email, client_ip(request.scope, gateway)))
    return Response(status_code=202)


@router.post(
    "/reset",
    status_code=204,
    responses=ANYONE,
    dependencies=[Depends(anyone)],
    summary="Set a new password with the token of a reset link",
    description="Ends all of the person's sessions.",
)
async def reset(body: shapes.Reset, request: Request, gateway: TheGateway) -> None:
    await gateway.limit("ip", client_ip(request.scope, gateway), gateway.settings.rate_per_ip)
    token = hash_secret(body.token)
    async with gateway.database.reading() as reader:
        found = await people.find_reset(reader, token, gateway.now())
    if found is None:
        raise _spent()
    person = found[0]
    check_password(body.password, person.email)
    hashed = await gateway.passwords.hash(body.password)
    async with gateway.database.transaction() as writer:
        if not await people.spend_reset(writer, token, gateway.now()):
            raise _spent()
        await people.set_password(writer, person.id, hashed)
        ended = await end_sessions(writer, gateway, person)
        await audit(writer, gateway, request, person, "password.reset")
    for credential in ended:
        gateway.cut(person.id, credential)


def _spent() -> Invalid:
    return Invalid.field("token", "This link was used already, or is older than an hour. Ask for a new one.")


async def end_sessions(
    writer: Writer, gateway: Gateway, person: Person, but_for: CredentialId | None = None
) -> list[CredentialId]:
    """End a person's sessions, each told of by its id: one begun meanwhile must not end with them."""
    ended = await credentials.delete_sessions(writer, person.id, but_for)
    for credential in ended:
        writer.publish(
            AccountRevoked(
                account_id=person.account_id,
                person_id=person.id,
                credential_id=credential,
                reason="password_reset",
            )
        )
        await gateway.end(writer, person.id, credential)
    return ended


async def _count(request: Request, gateway: Gateway, email: str) -> None:
    await gateway.limit("ip", client_ip(request.scope, gateway), gateway.settings.rate_per_ip)
    await gateway.limit("email", email_key(email), gateway.settings.rate_per_email)


def newcomer(gateway: Gateway, email: str, name: str) -> Person:
    """Somebody who has no account yet. `email` is clean."""
    return Person(
        id=PersonId(new_id()),
        account_id=AccountId(new_id()),
        email=email,
        display_name=name or email.partition("@")[0],
        created_at=gateway.now(),
    )


async def settle(
    writer: Writer, gateway: Gateway, request: Request, person: Person, password_hash: str | None
) -> bool:
    """Keep a newcomer, and tell of their account. False if there is one with that address."""
    if not await people.insert(writer, person, password_hash):
        return False
    writer.publish(AccountCreated(account_id=person.account_id, person_id=person.id))
    await audit(writer, gateway, request, person, "account.created")
    return True


async def begin_session(
    writer: Writer, gateway: Gateway, request: Request, person: Person, ends_at: datetime | None = None
) -> str:
    """Answers the session's secret. `ends_at` is when it ends however much it is used."""
    secret, now = new_secret(), gateway.now()
    session = credentials.Session(
        id=CredentialId(new_id()),
        created_at=now,
        last_seen_at=now,
        user_agent=request.headers.get("user-agent", "")[:300],
        ip=client_ip(request.scope, gateway),
        ends_at=ends_at,
    )
    await credentials.insert_session(writer, session, person.id, secret.hash, now + SESSION_LIFETIME)
    return secret.text


def set_cookie(response: Response, gateway: Gateway, secret: str) -> None:
    """For as long as a session may last; the server ends one that must not."""
    response.set_cookie(
        gateway.cookie,
        secret,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        path="/",
        secure=gateway.https,
        httponly=True,
        samesite="lax",
    )


def clear_cookie(response: Response, gateway: Gateway) -> None:
    response.delete_cookie(gateway.cookie, path="/", secure=gateway.https, httponly=True, samesite="lax")


async def _send_reset(gateway: Gateway, email: str, ip: str) -> None:
    async with gateway.database.transaction() as writer:
        found = await people.by_email(writer, email)
        if found is None:
            return
        person, secret = found[0], new_secret()
        await people.insert_reset(writer, secret.hash, person.id, gateway.now() + RESET_LIFETIME)
        await limits.note(
            writer,
            "password.forgotten",
            account_id=person.account_id,
            person_id=person.id,
            target=str(person.id),
            ip=ip,
        )
    await gateway.mailer.send(_reset_mail(gateway, person, secret.text))


def _reset_mail(gateway: Gateway, person: Person, secret: str) -> Mail:
    # Behind the #, so that the secret reaches neither a server's log nor another page's Referer.
    link = f"{gateway.settings.public_url.rstrip('/')}/reset#token={secret}"
    body = (
        f"Hello {person.display_name},\n\nset a new password here:\n\n{link}\n\n"
        "The link is good for one hour and once. If you did not ask for it, do nothing.\n"
    )
    return Mail(to=person.email, subject="Set a new password for aether", body=body)


async def audit(writer: Writer, gateway: Gateway, request: Request, person: Person | None, what: str) -> None:
    """One line about a person, by themselves."""
    await limits.note(
        writer,
        what,
        account_id=person.account_id if person else None,
        person_id=person.id if person else None,
        target=str(person.id) if person else "",
        ip=client_ip(request.scope, gateway),
    )


async def note(writer: Writer, gateway: Gateway, request: Request, what: str, target: str) -> None:
    """One line about what the caller did."""
    caller = request.state.caller
    await limits.note(
        writer,
        what,
        account_id=caller.account_id,
        person_id=caller.person_id,
        target=target,
        ip=client_ip(request.scope, gateway),
    )
