"""Who goes in circles, and who only looks like it."""

from datetime import datetime, timedelta

from aether.agents.domain.stuck import Trail, goes_in_circles, looked, sentence, with_changed_files
from aether.testkit.clock import START

MINUTES = 10


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def follow(screens: list[list[str]], *, every: float = 15, flows: bool = True, until: float = 700) -> Trail:
    """Look again and again; the screens come in turn."""
    trail, seconds, turn = None, 0.0, 0
    while seconds <= until:
        offset = turn if flows else 0
        trail = looked(trail, screens[turn % len(screens)], "", offset, at(seconds))
        seconds, turn = seconds + every, turn + 1
    assert trail is not None
    return trail


def test_the_same_screen_while_output_flows_is_a_circle() -> None:
    assert goes_in_circles(follow([["$ make", "error: no rule"]]), at(700), MINUTES)


def test_commands_that_repeat_are_a_circle_whatever_their_clocks_say() -> None:
    screens = [[f"12:00:0{n} try {n}", "connection refused"] for n in range(5)] + [["waiting ⠋"], ["waiting ⠙"]]
    assert goes_in_circles(follow(screens), at(700), MINUTES)


def test_something_new_is_none() -> None:
    trail = follow([["try again"]])
    trail = looked(trail, ["try again", "linked roof.o"], "", 900, at(701))
    assert not goes_in_circles(trail, at(702), MINUTES)


def test_doing_something_new_is_none() -> None:
    trail = looked(follow([["busy"]]), ["busy"], "Edits the roof", 900, at(701))
    assert not goes_in_circles(trail, at(702), MINUTES)


def test_silence_is_no_circle() -> None:
    assert not goes_in_circles(follow([["thinking"]], flows=False), at(700), MINUTES)


def test_it_takes_its_time() -> None:
    trail = follow([["same"]], until=590)
    assert not goes_in_circles(trail, at(590), MINUTES)
    assert goes_in_circles(trail, at(601), MINUTES)


def test_a_file_that_changes_is_progress() -> None:
    trail = with_changed_files(follow([["same"]]), at(700))
    assert not goes_in_circles(trail, at(700), MINUTES)
    assert sentence(trail, at(700 + 660)) == "It has repeated itself for 11 minutes, and no file has changed."


def test_what_is_remembered_is_bounded() -> None:
    trail = None
    for n in range(300):
        letters = "".join(chr(97 + int(digit)) for digit in f"{n:03}")
        trail = looked(trail, [f"{letters} one", f"{letters} two"], "", n, at(n))
    assert trail is not None
    assert len(trail.seen) == 400
