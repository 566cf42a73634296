"""Which changes in a machine are news."""

from aether.files.domain.journal import MOST_REMEMBERED, Quiet


def test_a_path_is_told_once_in_ten_seconds() -> None:
    quiet = Quiet()
    assert quiet.news(["/a", "/a", "/b"], 100) == ["/a", "/b"]
    assert quiet.news(["/a"], 109) == []
    assert quiet.news(["/a"], 111) == ["/a"]


def test_what_a_person_does_is_not_told_again_by_the_machine() -> None:
    quiet = Quiet()
    quiet.own("/src/a.ts", float("inf"))
    assert quiet.news(["/src/a.ts", "/src", "/src/b.ts", "/c"], 1) == ["/src/b.ts", "/c"]
    quiet.own("/src/a.ts", 5)
    assert quiet.news(["/src/a.ts"], 4) == []
    assert quiet.news(["/src/a.ts"], 6) == ["/src/a.ts"]


def test_nor_what_lies_in_a_folder_that_a_person_moves() -> None:
    quiet = Quiet()
    quiet.own("/src", 10)
    assert quiet.news(["/src/deep/a.ts", "/srcs"], 5) == ["/srcs"]


def test_what_is_remembered_does_not_grow_for_ever() -> None:
    quiet = Quiet()
    for at in range(MOST_REMEMBERED + 10):
        quiet.news([f"/{at}"], 0)
    assert len(quiet._told) <= MOST_REMEMBERED
    assert quiet.news([f"/{MOST_REMEMBERED + 9}"], 1) == []
