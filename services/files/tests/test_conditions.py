"""Ranges and ETags, as RFC 9110 has them."""

import pytest

from aether.contracts.problem import Invalid
from aether.files.domain.conditions import Span, not_modified, range_holds, span_of, tags


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (None, None),
        ("bytes=0-4", Span(0, 5)),
        ("bytes=5-", Span(5, 5)),
        ("bytes=-3", Span(7, 3)),
        ("bytes=-30", Span(0, 10)),
        ("bytes=8-30", Span(8, 2)),
        ("bytes=9-9", Span(9, 1)),
        ("bytes=10-", "unsatisfiable"),
        ("bytes=-0", "unsatisfiable"),
        ("bytes=-", None),
        ("bytes=4-2", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
        ("bytes=99999999999999999999-", None),
    ],
)
def test_a_range_of_ten_bytes(header: str | None, span: object) -> None:
    assert span_of(header, 10) == span


def test_nothing_of_an_empty_file_can_be_asked_for() -> None:
    assert span_of("bytes=0-0", 0) == "unsatisfiable"
    assert span_of("bytes=-5", 0) == "unsatisfiable"


def test_a_span_says_where_it_lies() -> None:
    assert Span(5, 5).content_range(10) == "bytes 5-9/10"


def test_etags_are_read_with_and_without_quotes() -> None:
    assert tags('"a", W/"b" ,"c"', strong=True) == {"a", "c"}
    assert tags('"a", W/"b"', strong=False) == {"a", "b"}
    assert tags("abc", strong=True) == {"abc"}
    assert tags(" * ", strong=True) is None
    for bad in ('"a', "a b", '"a" "b"', ",", "", '"a"b"'):
        with pytest.raises(Invalid):
            tags(bad, strong=True)


def test_who_has_it_already_need_not_have_it_again() -> None:
    assert not_modified('W/"a"', "a")
    assert not_modified("*", "a")
    assert not not_modified('"b"', "a")
    assert not not_modified(None, "a")


def test_a_range_goes_on_only_with_the_same_file() -> None:
    assert range_holds(None, "a")
    assert range_holds('"a"', "a")
    for other in ('"b"', 'W/"a"', "Sun, 06 Nov 1994 08:49:37 GMT"):
        assert not range_holds(other, "a")
