"""The rules of previews, without anything around them."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aether.contracts.ids import AccountId
from aether.gateway.domain.admission import OUR_COOKIES, cookie_name, preview_cookie_name
from aether.gateway.domain.passage import Passage, is_ours
from aether.gateway.domain.previews import (
    SOCKET,
    Fetched,
    Label,
    PreviewDomain,
    may_open,
    may_set,
    return_path,
    stripped,
)

LOCAL = PreviewDomain.of("http://localhost:8080", None)
OWN = "http://5173--demo.localhost:8080"
PASSAGE = Passage(OWN, 5173)
PAGE = Fetched("GET", site="same-origin", mode="cors", dest="empty", origin=None, accept="*/*")


@pytest.mark.parametrize(
    ("public_url", "domain", "authority"),
    [
        ("http://localhost:8080", None, "localhost:8080"),
        ("http://127.0.0.1:8080", None, "localhost:8080"),
        ("https://aether.example", None, "preview.aether.example"),
        ("https://aether.example:8443", None, "preview.aether.example:8443"),
        ("https://aether.example", "apps.example", "apps.example"),
        ("https://aether.example", "Apps.Example.", "apps.example"),
        ("http://localhost:8080", "dev.test", "dev.test:8080"),
        ("http://localhost:8080", "dev.test:9000", "dev.test:9000"),
        ("https://aether.example", "apps.example:443", "apps.example"),
    ],
)
def test_the_domain_follows_from_the_public_address(public_url: str, domain: str | None, authority: str) -> None:
    assert PreviewDomain.of(public_url, domain).authority == authority


@pytest.mark.parametrize("domain", ["", "a b", "x/y", "u@x", "*.x", "x..y", "[::1]"])
def test_what_is_no_domain_is_told_at_the_start(domain: str) -> None:
    with pytest.raises(ValueError, match="AETHER_PREVIEW_DOMAIN"):
        PreviewDomain.of("http://localhost:8080", domain)


@given(st.integers(1, 65535), st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True))
def test_an_address_is_read_as_it_was_written(port: int, slug: str) -> None:
    label = Label(port, slug)
    assert LOCAL.label(LOCAL.host_of(label)) == label
    assert LOCAL.covers(LOCAL.host_of(label))
    assert len(str(label)) <= 63, "as long as a name in DNS may be"


@given(st.text(max_size=40))
@example("05173--demo")
@example("5173--demo ")
@example("5173--demo\n")
@example("٥١٧٣--demo")
@example("65536--demo")
@example("5173--Demo")
@example("5173-demo")
@example("5173--demo.")
@example("5173---demo")
@example("5173--demo-")
def test_nothing_else_is_one(text: str) -> None:
    label = Label.parse(text)
    assert label is None or str(label) == text
    host = f"{text}.localhost:8080"
    assert LOCAL.label(host) == label


@pytest.mark.parametrize(
    "host",
    [
        "x.localhost:8080", "X.LocalHost:8080", "x.localhost", "x.localhost.", "x.localhost.:8080",
        "x.localhost:1", "a.b.localhost:8080", "u@x.localhost:8080", "x.localhost:8080 ", " x.localhost:8080",
        ".localhost:8080",
        "x.localhost:", "x.localhost:8080, y",
    ],
)  # fmt: skip
def test_whatever_lies_below_the_domain_is_kept_from_the_app(host: str) -> None:
    assert LOCAL.covers(host)


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "localhost", "", "notlocalhost:8080", "x.y"])
def test_the_apps_own_hosts_are_its_own(host: str) -> None:
    assert not LOCAL.covers(host)


def test_the_app_may_live_below_the_domain_of_its_previews() -> None:
    domain = PreviewDomain.of("https://app.example.com", "example.com")
    assert not domain.covers("app.example.com")
    assert not domain.covers("APP.example.com:443")
    assert domain.covers("5173--app.example.com")


def test_private_and_team_are_for_the_projects_people_and_public_for_all() -> None:
    owner, other = AccountId(uuid4()), AccountId(uuid4())
    for visibility in ("private", "team"):
        assert may_open(visibility, owner, owner)
        assert not may_open(visibility, owner, other)
        assert not may_open(visibility, owner, None)
    assert may_open("public", owner, None)


@pytest.mark.parametrize(
    ("how", "counts"),
    [
        (PAGE, True),
        (replace(PAGE, site="none", mode="navigate", dest="document"), True),
        (replace(PAGE, method="POST", origin=OWN), True),
        (replace(PAGE, site="cross-site"), False),
        (replace(PAGE, site="same-site", mode="no-cors", dest="script"), False),
        (replace(PAGE, site="same-site", mode="navigate", dest="iframe"), False),
        (replace(PAGE, site="cross-site", mode="navigate", dest="document"), True),
        (replace(PAGE, site="cross-site", mode="navigate", dest="document", method="POST"), False),
        (replace(PAGE, site="new-word"), False),
        (replace(PAGE, site="", origin=OWN), False),
        (replace(PAGE, site=None, mode=None, dest=None), True),
        (replace(PAGE, site=None, mode=None, dest=None, method="POST", origin="https://evil.example"), False),
        (replace(PAGE, site=None, mode=None, dest=None, method="POST", origin="null"), False),
        (replace(PAGE, method=SOCKET, origin=OWN), True),
        (replace(PAGE, method=SOCKET, origin=None), False),
        (replace(PAGE, method=SOCKET, site=None, origin="https://evil.example", accept="text/html"), False),
    ],
)
def test_a_cookie_counts_where_the_person_or_the_preview_itself_asks(how: Fetched, counts: bool) -> None:
    assert how.cookie_counts(OWN) is counts


@given(st.text(max_size=60))
@example("//evil")
@example("/\\evil")
@example("/\t/evil")
def test_a_return_leads_to_a_path_of_the_preview(text: str) -> None:
    path = return_path(text)
    assert path.startswith("/")
    assert path[1:2] not in ("/", "\\")
    assert path.isascii()
    assert path.isprintable()


NAMES = st.sampled_from(
    [*OUR_COOKIES, "__Host-aether", "AETHER_SESSION", "app", "theme", "aether", "x_aether_session"]
)


@given(
    st.lists(st.tuples(NAMES, st.text('abc=" ', max_size=5)), max_size=6),
    st.sampled_from(["; ", ";", " ; ", ";;"]),
)
def test_no_cookie_of_ours_is_left_and_every_other_is(cookies: list[tuple[str, str]], between: str) -> None:
    left = stripped(between.join(f"{name}={value}" for name, value in cookies), OUR_COOKIES)
    names = [part.partition("=")[0].strip() for part in left.split(";") if part]
    assert names == [name for name, _ in cookies if name.casefold() not in OUR_COOKIES]


def test_our_cookies_are_all_on_the_list() -> None:
    for url in ("http://localhost", "https://aether.example"):
        assert cookie_name(url).casefold() in OUR_COOKIES
        assert preview_cookie_name(url).casefold() in OUR_COOKIES
        assert not may_set(f"{cookie_name(url)}=x", OUR_COOKIES)


def test_what_belongs_to_one_connection_is_not_passed_on() -> None:
    headers = [
        (b"host", b"x"), (b"connection", b"keep-alive, X-Hop"), (b"x-hop", b"1"), (b"te", b"trailers"),
        (b"upgrade", b"h2c"), (b"proxy-authorization", b"p"), (b"x-forwarded-for", b"6.6.6.6"),
        (b"x-real-ip", b"6.6.6.6"), (b"forwarded", b"for=6.6.6.6"), (b"accept", b"*/*"), (b"content-length", b"3"),
    ]  # fmt: skip
    assert PASSAGE.inward(headers, "9.9.9.9") == [
        (b"host", b"localhost:5173"),
        (b"accept", b"*/*"),
        (b"content-length", b"3"),
        (b"x-forwarded-for", b"9.9.9.9"),
        (b"x-forwarded-host", b"5173--demo.localhost:8080"),
        (b"x-forwarded-proto", b"http"),
    ]


def test_chunks_win_over_a_length() -> None:
    headers = [(b"content-length", b"3"), (b"transfer-encoding", b"chunked")]
    told = PASSAGE.inward(headers, "")
    assert (b"transfer-encoding", b"chunked") in told
    assert not any(name == b"content-length" for name, _ in told)


@pytest.mark.parametrize(
    ("value", "ours"),
    [
        (b"Bearer aet_x", True), (b"bearer  aet_x", True), (b"Grant x", True), (b"GRANT x", True),
        (b"Bearer x", False), (b"Basic aet_x", False), (b"", False),
    ],
)  # fmt: skip
def test_only_credentials_of_ours_are_kept_from_the_app(value: bytes, ours: bool) -> None:
    assert is_ours(value) is ours


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (b"http://localhost:5173/a?b#c", OWN.encode() + b"/a?b#c"),
        (b"http://localhost:5173", OWN.encode() + b"/"),
        (b"http://localhost:5173?x", OWN.encode() + b"/?x"),
        (b"https://127.0.0.1:5173/", OWN.encode() + b"/"),
        (b"http://localhost:51730/", b"http://localhost:51730/"),
        (b"http://localhost:5173.evil.example/", b"http://localhost:5173.evil.example/"),
        (b"http://localhost:5173@evil.example/", b"http://localhost:5173@evil.example/"),
        (b"http://localhost/", b"http://localhost/"),
        (b"//localhost:5173/", b"//localhost:5173/"),
    ],
)
def test_an_address_at_the_app_becomes_one_at_the_preview(url: bytes, shown: bytes) -> None:
    assert PASSAGE.located(url) == shown
