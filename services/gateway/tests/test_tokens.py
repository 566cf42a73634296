"""Personal tokens: made once, used by programs, gone when revoked or expired."""

from datetime import timedelta

from aether.testkit.gateway import Stand


async def test_a_tokens_secret_is_told_once_and_works_without_origin_or_cookie(stand: Stand) -> None:
    person = await stand.person()
    made = (await person.post("/api/tokens", json={"name": "laptop"})).json()
    assert made["secret"].startswith("aet_")
    assert made["secret"].endswith(made["last4"])
    listed = (await person.get("/api/tokens")).json()["items"]
    assert [(t["id"], t["name"], t["last_used_at"]) for t in listed] == [(made["id"], "laptop", None)]
    assert "secret" not in listed[0]
    program = stand.client(Origin="", Authorization=f"Bearer {made['secret']}")
    assert (await program.post("/api/projects", json={"name": "demo"})).status_code == 201
    assert (await person.get("/api/tokens")).json()["items"][0]["last_used_at"] is not None


async def test_a_repetition_with_the_same_key_leaves_one_token(stand: Stand) -> None:
    person = await stand.person()
    headers = {"Idempotency-Key": "k1"}
    first = (await person.post("/api/tokens", json={"name": "laptop"}, headers=headers)).json()
    again = (await person.post("/api/tokens", json={"name": "laptop"}, headers=headers)).json()
    assert first["id"] == again["id"]
    assert len((await person.get("/api/tokens")).json()["items"]) == 1
    for secret, status in ((first["secret"], 401), (again["secret"], 200)):
        assert (await stand.client(Authorization=f"Bearer {secret}").get("/api/me")).status_code == status


async def test_a_token_cannot_make_tokens_or_change_the_person(stand: Stand) -> None:
    program = stand.client(Authorization=f"Bearer {await stand.token(await stand.person())}")
    for method, path in (("POST", "/api/tokens"), ("GET", "/api/sessions"), ("PATCH", "/api/me")):
        answer = await program.request(method, path, json={"name": "x"} if method != "GET" else None)
        assert (answer.status_code, answer.json()["type"]) == (403, "session-needed")


async def test_a_revoked_token_is_refused_at_once(stand: Stand) -> None:
    person = await stand.person()
    made = (await person.post("/api/tokens", json={"name": "laptop"})).json()
    program = stand.client(Authorization=f"Bearer {made['secret']}")
    assert (await program.get("/api/me")).status_code == 200
    assert (await person.delete(f"/api/tokens/{made['id']}")).status_code == 204
    assert (await program.get("/api/me")).status_code == 401


async def test_a_token_signs_itself_out(stand: Stand) -> None:
    person = await stand.person()
    program = stand.client(Origin="", Authorization=f"Bearer {await stand.token(person)}")
    assert (await program.post("/api/auth/logout")).status_code == 204
    assert (await program.get("/api/me")).status_code == 401
    assert (await person.get("/api/me")).status_code == 200


async def test_a_token_expires_when_it_was_said_to(stand: Stand) -> None:
    person = await stand.person()
    soon = stand.clock.now() + timedelta(days=1)
    made = (await person.post("/api/tokens", json={"name": "day", "expires_at": soon.isoformat()})).json()
    program = stand.client(Authorization=f"Bearer {made['secret']}")
    assert (await program.get("/api/me")).status_code == 200
    stand.clock.advance(timedelta(days=1, seconds=1))
    stand.gateway.keyring.forget_all()
    assert (await program.get("/api/me")).status_code == 401


async def test_an_expiry_in_the_past_or_without_a_zone_is_told(stand: Stand) -> None:
    person = await stand.person()
    for wrong in ("2020-01-01T00:00:00Z", "2120-01-01T00:00:00Z", "2030-01-01T00:00:00", "soon"):
        answer = await person.post("/api/tokens", json={"name": "x", "expires_at": wrong})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "expires_at")
