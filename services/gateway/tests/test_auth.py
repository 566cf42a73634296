"""Signing up, in and out, and back in after a forgotten password."""

import re
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from aether.gateway.adapters.mail import PrintedMailer
from aether.gateway.deps.ports import Mail
from aether.kit.log import redact
from aether.testkit.eventually import eventually
from aether.testkit.gateway import PASSWORD, Stand, cookie_of


async def test_a_session_is_in_a_cookie_that_pages_cannot_read(stand: Stand) -> None:
    answer = await stand.client().post("/api/auth/signup", json={"email": "a@example.com", "password": PASSWORD})
    assert answer.status_code == 201
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("aether_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert f"Max-Age={30 * 24 * 3600}" in cookie
    assert "Secure" not in cookie
    assert set(answer.json()) == {"id", "email", "display_name", "account_id", "created_at"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "nobody", "password": PASSWORD}, "email"),
        ({"email": "b@example.com", "password": "short"}, "password"),
        ({"email": "long.enough@example.com", "password": "long.enough@EXAMPLE.com"}, "password"),
        ({"password": PASSWORD}, "email"),
        ({"email": "b@example.com", "password": 5}, "password"),
        ({"email": "b@example.com", "password": PASSWORD, "admin": True}, "admin"),
        ({"email": "b@example.com", "password": PASSWORD, "display_name": "a\u0000b"}, "display_name"),
    ],
)
async def test_a_wrong_form_is_told_by_field(stand: Stand, body: dict[str, object], field: str) -> None:
    answer = await stand.client().post("/api/auth/signup", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "invalid")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["errors"][0]["message"].endswith(".")
    assert PASSWORD not in answer.text


async def test_an_address_has_one_account_whatever_its_case(stand: Stand) -> None:
    await stand.person("ann@example.com")
    answer = await stand.client().post("/api/auth/signup", json={"email": "ANN@example.com", "password": PASSWORD})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "email")


async def test_an_unknown_address_and_a_wrong_password_look_the_same(stand: Stand) -> None:
    await stand.person("ann@example.com")
    client = stand.client()
    unknown = await client.post("/api/auth/login", json={"email": "bob@example.com", "password": PASSWORD})
    wrong = await client.post("/api/auth/login", json={"email": "ann@example.com", "password": "not her password"})
    assert unknown.status_code == wrong.status_code == 401
    told = [{k: v for k, v in answer.json().items() if k != "trace_id"} for answer in (unknown, wrong)]
    assert told[0] == told[1]


async def test_a_password_is_checked_even_where_there_is_no_account(stand: Stand) -> None:
    checked: list[str | None] = []
    verify = stand.gateway.passwords.verify

    async def noted(password: str, hashed: str | None) -> bool:
        checked.append(hashed)
        return await verify(password, hashed)

    stand.gateway.passwords.verify = noted  # type: ignore[method-assign]
    await stand.client().post("/api/auth/login", json={"email": "nobody@example.com", "password": PASSWORD})
    assert checked == [None]


async def test_signing_out_ends_the_session_and_nothing_else(stand: Stand) -> None:
    one = await stand.person("ann@example.com")
    other = stand.client()
    await other.post("/api/auth/login", json={"email": "ann@example.com", "password": PASSWORD})
    thief = stand.client(Cookie=cookie_of(one))
    assert (await one.post("/api/auth/logout")).status_code == 204
    assert dict(one.cookies) == {}
    assert (await thief.get("/api/me")).status_code == 401
    assert (await other.get("/api/me")).status_code == 200


async def test_a_session_slides_for_thirty_days_and_ends_after_thirty_unused_ones(stand: Stand) -> None:
    person = await stand.person()
    for _ in range(3):
        stand.clock.advance(timedelta(days=29))
        stand.gateway.keyring.forget_all()
        assert (await person.get("/api/me")).status_code == 200
    stand.clock.advance(timedelta(days=30))
    stand.gateway.keyring.forget_all()
    assert (await person.get("/api/me")).status_code == 401


async def test_sessions_are_listed_and_one_is_revoked_from_another(stand: Stand) -> None:
    here = await stand.person("ann@example.com")
    there = stand.client(**{"User-Agent": "phone"})
    await there.post("/api/auth/login", json={"email": "ann@example.com", "password": PASSWORD})
    items = (await here.get("/api/sessions")).json()["items"]
    assert {(s["current"], s["user_agent"] == "phone") for s in items} == {(True, False), (False, True)}
    assert all(s["ip"] == "127.0.0.1" for s in items)
    phone = next(s for s in items if not s["current"])
    assert (await there.get("/api/me")).status_code == 200
    assert (await here.delete(f"/api/sessions/{phone['id']}")).status_code == 204
    assert (await there.get("/api/me")).status_code == 401
    assert (await here.delete(f"/api/sessions/{phone['id']}")).status_code == 404


async def reset_token(stand: Stand, email: str) -> str:
    stand.mailbox.mails.clear()
    assert (await stand.client().post("/api/auth/forgot", json={"email": email})).status_code == 202
    await eventually(lambda: bool(stand.mailbox.mails))
    found = re.search(r"/reset#token=(\S+)", stand.mailbox.mails[0].body)
    assert found
    return found[1]


async def test_a_forgotten_password_is_set_anew_once_and_ends_every_session(stand: Stand) -> None:
    old = await stand.person("ann@example.com")
    first, token = await reset_token(stand, "ann@example.com"), await reset_token(stand, "ann@example.com")
    body = {"token": token, "password": "a better password"}
    weak = await stand.client().post("/api/auth/reset", json={**body, "password": "short"})
    assert weak.json()["errors"][0]["field"] == "password"
    assert (await stand.client().post("/api/auth/reset", json=body)).status_code == 204
    assert (await old.get("/api/me")).status_code == 401
    for spent in (token, first):
        again = await stand.client().post("/api/auth/reset", json={**body, "token": spent})
        assert (again.status_code, again.json()["errors"][0]["field"]) == (422, "token")
    login = {"email": "ann@example.com", "password": "a better password"}
    assert (await stand.client().post("/api/auth/login", json=login)).status_code == 200


async def test_a_reset_link_is_good_for_an_hour(stand: Stand) -> None:
    await stand.person("ann@example.com")
    token = await reset_token(stand, "ann@example.com")
    stand.clock.advance(timedelta(hours=1, seconds=1))
    late = await stand.client().post("/api/auth/reset", json={"token": token, "password": "a better password"})
    assert late.status_code == 422


async def test_forgetting_the_password_of_an_account_there_is_not_answers_the_same_and_sends_nothing(
    stand: Stand,
) -> None:
    answer = await stand.client().post("/api/auth/forgot", json={"email": "nobody@example.com"})
    assert (answer.status_code, answer.content) == (202, b"")
    await stand.gateway.finish()
    assert stand.mailbox.mails == []


async def test_secrets_are_kept_as_hashes_only(stand: Stand) -> None:
    person = await stand.person("ann@example.com")
    token = await stand.token(person)
    link = await reset_token(stand, "ann@example.com")
    secrets = [person.cookies["aether_session"], token, link, PASSWORD]
    async with stand.gateway.database.reading() as reader:
        tables = await reader.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'gateway'")
        kept = ""
        for row in tables:
            kept += str(await reader.fetch(f'SELECT t::text FROM gateway."{row["tablename"]}" t'))
    assert "ann@example.com" in kept
    assert [secret for secret in secrets if secret in kept] == []


async def test_printed_mail_stays_readable_through_the_logs_redaction() -> None:
    with capture_logs() as entries:
        await PrintedMailer().send(
            Mail(to="a@example.com", subject="Reset", body="http://x/reset#token=Abc-123_x")
        )
    entry = redact(None, "", dict(entries[0]))
    assert entry["event"] == "mail.printed"
    assert "http://x/reset#token=Abc-123_x" in entry["body"]


async def test_a_profile_is_changed_and_a_password_only_by_who_knows_the_present_one(stand: Stand) -> None:
    person = await stand.person("ann@example.com")
    other = stand.client()
    await other.post("/api/auth/login", json={"email": "ann@example.com", "password": PASSWORD})
    assert (await person.patch("/api/me", json={"display_name": "Ann"})).json()["display_name"] == "Ann"
    change = {"password": "a better password"}
    for wrong in ({}, {"current_password": "not it at all"}):
        answer = await person.patch("/api/me", json={**change, **wrong})
        assert answer.json()["errors"][0]["field"] == "current_password"
    answer = await person.patch("/api/me", json={**change, "current_password": PASSWORD})
    assert answer.status_code == 200
    assert (await other.get("/api/me")).status_code == 401
    assert (await person.get("/api/me")).status_code == 200


async def test_an_address_is_changed_to_a_free_one_only(stand: Stand) -> None:
    await stand.person("bob@example.com")
    person = await stand.person("ann@example.com")
    for email, status in (("Bob@example.com", 409), ("ann2@example.com", 200), ("nonsense", 422)):
        answer = await person.patch("/api/me", json={"email": email, "current_password": PASSWORD})
        assert answer.status_code == status, answer.text
    assert (await person.get("/api/me")).json()["email"] == "ann2@example.com"


async def test_an_account_is_deleted_by_who_knows_its_password(stand: Stand) -> None:
    person = await stand.person("ann@example.com")
    token = await stand.token(person)
    wrong = await person.request("DELETE", "/api/me", json={"password": "not it at all"})
    assert wrong.json()["errors"][0]["field"] == "password"
    assert (await person.request("DELETE", "/api/me", json={"password": PASSWORD})).status_code == 204
    for client in (person, stand.client(Authorization=f"Bearer {token}")):
        assert (await client.get("/api/me")).status_code == 401
    async with stand.gateway.database.reading() as reader:
        subjects = [row["subject"] for row in await reader.fetch("SELECT subject FROM gateway.outbox ORDER BY id")]
        assert await reader.fetchval("SELECT count(*) FROM gateway.person") == 0
    assert subjects[-2:] == ["account.revoked.v1", "account.deleted.v1"]


async def test_what_people_do_with_their_credentials_is_written_down(stand: Stand) -> None:
    person = await stand.person("ann@example.com")
    await stand.token(person)
    await person.post("/api/auth/logout")
    await person.post("/api/auth/login", json={"email": "ann@example.com", "password": "wrong password"})
    async with stand.gateway.database.reading() as reader:
        rows = await reader.fetch("SELECT what, ip FROM gateway.audit ORDER BY id")
    assert [row["what"] for row in rows] == [
        "account.created",
        "token.created",
        "session.ended",
        "session.refused",
    ]
    assert {row["ip"] for row in rows} == {"127.0.0.1"}
