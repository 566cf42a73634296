"""How often one may try, and what an answer says when it was too often."""

from aether.gateway.domain.rates import Rate
from aether.gateway.store import limits
from aether.testkit.gateway import PASSWORD, Stand


async def test_guessing_at_one_address_is_slowed_and_allowed_again_later(stand: Stand) -> None:
    await stand.person("ann@example.com")
    body = {"email": "Ann@example.com", "password": "not her password"}
    burst = stand.gateway.settings.rate_per_email.burst - 1  # signing up was one
    answers = [await stand.client().post("/api/auth/login", json=body) for _ in range(burst + 1)]
    assert [a.status_code for a in answers] == [401] * burst + [429]
    refused = answers[-1]
    assert refused.json()["type"] == "too-many-requests"
    wait = int(refused.headers["Retry-After"])
    assert wait >= 1
    right = {"email": "ann@example.com", "password": PASSWORD}
    stand.clock.advance(wait)
    assert (await stand.client().post("/api/auth/login", json=right)).status_code == 200
    assert (await stand.client().post("/api/auth/login", json=right)).status_code == 429


async def test_one_computer_is_slowed_whatever_the_address(stand: Stand) -> None:
    object.__setattr__(stand.gateway.settings, "rate_per_ip", Rate(3, 60))
    codes = [
        (await stand.client().post("/api/auth/forgot", json={"email": f"p{n}@example.com"})).status_code
        for n in range(4)
    ]
    assert codes == [202, 202, 202, 429]


async def test_mails_to_one_address_are_few(stand: Stand) -> None:
    object.__setattr__(stand.gateway.settings, "rate_of_mails", Rate(2, 900))
    codes = [
        (await stand.client().post("/api/auth/forgot", json={"email": "ann@example.com"})).status_code
        for _ in range(3)
    ]
    assert codes == [202, 202, 429]


async def test_a_bucket_fills_steadily_and_not_above_its_brim(stand: Stand) -> None:
    rate = Rate(2, 20)

    async def take() -> int:
        async with stand.gateway.database.transaction() as writer:
            return await limits.take(writer, "k", rate, stand.clock.now())

    assert [await take() for _ in range(3)] == [0, 0, 10]
    stand.clock.advance(9)
    assert await take() == 1
    stand.clock.advance(1)
    assert await take() == 0
    stand.clock.advance(1000)
    assert [await take() for _ in range(3)] == [0, 0, 10]


async def test_a_clock_set_back_neither_fills_nor_blocks_a_bucket(stand: Stand) -> None:
    rate = Rate(2, 20)
    async with stand.gateway.database.transaction() as writer:
        now = stand.clock.now()
        assert await limits.take(writer, "k", rate, now) == 0
        back = stand.clock.advance(-3600)
        assert await limits.take(writer, "k", rate, back) == 0
        assert await limits.take(writer, "k", rate, back) == 10


async def test_a_header_that_anyone_can_write_does_not_change_who_is_counted(stand: Stand) -> None:
    object.__setattr__(stand.gateway.settings, "rate_per_ip", Rate(2, 60))
    codes = [
        (
            await stand.client(**{"X-Forwarded-For": f"10.0.0.{n}"}).post(
                "/api/auth/forgot", json={"email": f"p{n}@example.com"}
            )
        ).status_code
        for n in range(3)
    ]
    assert codes == [202, 202, 429]


async def test_a_trusted_proxys_word_is_taken_for_the_last_hop_before_it(stand: Stand) -> None:
    object.__setattr__(stand.gateway.settings, "trusted_proxies", ("127.0.0.0/8", "10.9.0.0/16"))
    person = stand.client(**{"X-Forwarded-For": "6.6.6.6, 203.0.113.7, 10.9.1.1"})
    await person.post("/api/auth/signup", json={"email": "a@example.com", "password": PASSWORD})
    assert (await person.get("/api/sessions")).json()["items"][0]["ip"] == "203.0.113.7"
