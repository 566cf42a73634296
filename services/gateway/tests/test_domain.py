"""Rules, without anything around them."""

from dataclasses import replace

import pytest

from aether.contracts.problem import Invalid, Refusal
from aether.gateway.domain.admission import Knock, Policy, Shown, admit, allowed_origins, cookie_name
from aether.gateway.domain.credentials import check_password, clean_email, email_key, new_token
from aether.gateway.domain.rates import Rate, bucket_key
from aether.gateway.errors import OperatorNeeded, OriginRefused, SessionNeeded, SignInNeeded

OURS = frozenset({"https://aether.example"})
GOOD = Knock(unsafe=True, origin="https://aether.example", cookie="c")


def test_a_cookie_from_our_page_is_looked_up() -> None:
    assert admit(Policy.SESSION, GOOD, OURS) == Shown("session", "c")


@pytest.mark.parametrize(
    "origin", [None, "", "null", "https://evil.example", "https://aether.example.evil.example"]
)
@pytest.mark.parametrize("policy", list(Policy))
def test_an_unsafe_request_from_elsewhere_is_refused_whatever_the_route(
    policy: Policy, origin: str | None
) -> None:
    with pytest.raises(OriginRefused):
        admit(policy, replace(GOOD, origin=origin), OURS)


def test_a_token_needs_no_origin_but_a_wrong_one_is_still_refused() -> None:
    knock = Knock(unsafe=True, authorization="Bearer aet_x")
    assert admit(Policy.SESSION_OR_TOKEN, knock, OURS) == Shown("token", "aet_x")
    with pytest.raises(OriginRefused):
        admit(Policy.SESSION_OR_TOKEN, replace(knock, origin="https://evil.example"), OURS)


def test_a_token_beside_a_cookie_is_the_only_one_that_counts() -> None:
    knock = replace(GOOD, authorization="Bearer aet_x")
    assert admit(Policy.SESSION_OR_TOKEN, knock, OURS) == Shown("token", "aet_x")
    with pytest.raises(SessionNeeded):
        admit(Policy.SESSION, knock, OURS)


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic dTpw", "Grant x"])
def test_an_authorization_that_is_no_token_never_falls_back_to_the_cookie(authorization: str) -> None:
    with pytest.raises(SignInNeeded):
        admit(Policy.SESSION_OR_TOKEN, replace(GOOD, authorization=authorization), OURS)


def test_a_grant_counts_on_streams_only() -> None:
    knock = Knock(unsafe=True, authorization="Grant x", grant="x")
    assert admit(Policy.STREAM, knock, OURS) == Shown("grant", "x")
    with pytest.raises(SignInNeeded):
        admit(Policy.SESSION_OR_TOKEN, knock, OURS)


def test_figures_are_for_operators() -> None:
    assert admit(Policy.OPERATOR, Knock(unsafe=False, operator=True), OURS) is None
    with pytest.raises(OperatorNeeded):
        admit(Policy.OPERATOR, Knock(unsafe=False, cookie="c"), OURS)


def test_both_names_of_this_computer_are_allowed_with_the_same_port_only() -> None:
    both = {"http://localhost:8080", "http://127.0.0.1:8080"}
    assert allowed_origins("http://localhost:8080") == both
    assert allowed_origins("http://127.0.0.1:8080/") == both
    assert allowed_origins("https://aether.example/", ("https://b.example",)) == OURS | {"https://b.example"}
    assert allowed_origins("https://aether.example:443") == OURS


def test_the_cookie_is_bound_to_its_host_where_browsers_allow_it() -> None:
    assert cookie_name("https://aether.example") == "__Host-aether"
    assert cookie_name("http://localhost:8080") == "aether_session"


@pytest.mark.parametrize(
    "password", ["short", "a" * 2000, "Ann.Bee@Example.com", "ann.bee@example.com ", "aaaaaaaaaaaa"]
)
def test_a_weak_password_is_refused_with_its_field(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_password(password, "ann.bee@example.com")
    assert refused.value.errors[0].field == "password"


@pytest.mark.parametrize(
    "email", ["", "ann", "ann@", "@example.com", "a b@example.com", "ann@exam\nple.com", "a@b@c"]
)
def test_what_is_no_address_is_refused_with_its_field(email: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_email(email)
    assert refused.value.errors[0].field == "email"


def test_addresses_are_the_same_whatever_their_case() -> None:
    assert clean_email(" Ann@Example.COM ") == "Ann@example.com"
    assert email_key("Ann@Example.com") == email_key("ann@example.com ")


def test_a_token_says_what_it_is_and_only_its_hash_is_comparable() -> None:
    one, other = new_token(), new_token()
    assert one.text.startswith("aet_")
    assert len(one.text) > 40
    assert one.hash != other.hash


def test_rates_are_read_and_tell_how_long_to_wait() -> None:
    rate = Rate.parse("10/60")
    assert rate.wait(0) == 6
    assert rate.wait(0.99) == 1
    for wrong in ("x", "0/5", "5/0", "5"):
        with pytest.raises(ValueError, match=r".*"):
            Rate.parse(wrong)


def test_a_bucket_does_not_name_whose_it_is() -> None:
    assert "ann" not in bucket_key("email", "ann@example.com")


def test_every_refusal_says_what_it_is_in_a_sentence() -> None:
    for refusal in (OriginRefused(), SignInNeeded(), SessionNeeded(), OperatorNeeded()):
        assert isinstance(refusal, Refusal)
        assert refusal.problem().title
        assert refusal.problem().status >= 400
