"""Paths, types by name, and what a download is called."""

import base64

import pytest

from aether.contracts.problem import Invalid
from aether.files.domain.content import content_type, disposition
from aether.files.domain.paths import above, base64_of, name_of, path_of


def encoded(path: bytes) -> str:
    return base64.urlsafe_b64encode(path).decode().rstrip("=")


@pytest.mark.parametrize(
    ("given", "path"),
    [("/", "/"), ("//", "/"), ("/a", "/a"), ("/a//b/", "/a/b"), ("/…/ü", "/…/ü"), ("/..a/.b", "/..a/.b")],
)
def test_a_path_has_single_slashes_and_none_at_its_end(given: str, path: str) -> None:
    assert path_of(given, None) == path
    assert path_of(None, encoded(given.encode())) == path


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "a",
        "./a",
        "../a",
        "/..",
        "/a/../b",
        "/a/.",
        "/./a",
        "/a\0b",
        "/" + "a" * 256,
        "/a" * 2049,
        "\ud800",
        "/\udc80",
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_field(bad: str) -> None:
    with pytest.raises(Invalid) as refused:
        path_of(bad, None, "to")
    assert refused.value.errors[0].field == "to"


def test_a_path_comes_in_one_way_only() -> None:
    for text, base in ((None, None), ("/a", encoded(b"/a"))):
        with pytest.raises(Invalid):
            path_of(text, base)


@pytest.mark.parametrize("bad", ["!!!", "ä", "a", "YQ", "L2EAYg"])
def test_what_is_no_base64_of_a_path_is_refused(bad: str) -> None:
    with pytest.raises(Invalid):
        path_of(None, bad)


def test_bytes_that_are_no_utf8_come_through_and_back() -> None:
    path = path_of(None, encoded(b"/caf\xe9"))
    assert path == "/caf\udce9"
    assert base64_of(path) == encoded(b"/caf\xe9")
    assert base64_of("/café") is None


def test_the_folders_above_are_told_from_the_nearest() -> None:
    assert above("/a/b/c") == ["/a/b", "/a", "/"]
    assert above("/a") == ["/"]
    assert above("/") == []
    assert name_of("/a/b") == "b"
    assert name_of("/") == ""


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.ts", "text/plain; charset=utf-8"),
        ("Makefile", "text/plain; charset=utf-8"),
        (".png", "text/plain; charset=utf-8"),
        ("a.PNG", "image/png"),
        ("a.svg", "image/svg+xml"),
        ("a.html", "text/html; charset=utf-8"),
        ("a.pyc", "application/octet-stream"),
        ("a.tar.gz", "application/gzip"),
    ],
)
def test_the_type_follows_from_the_name(name: str, kind: str) -> None:
    assert content_type(name) == kind


def test_a_download_has_its_own_name_and_a_plain_one_for_old_programs() -> None:
    told = disposition('wö"r\\l\r\nd.txt', download=True)
    assert told == "attachment; filename=\"w__r_l__d.txt\"; filename*=UTF-8''w%C3%B6%22r%5Cl%0D%0Ad.txt"
    assert disposition("a.txt", download=False).startswith("inline; ")
