"""What screens say, and what OSC 7501 does."""

import pytest

from aether.agents.domain.osc import read
from aether.agents.domain.screen import asks, last_message, options

from .test_hearing import NOW

AIDER = [
    "> mend the roof",
    "",
    "src/roof.py",
    "Allow edits to file that has not been added to the chat? (Y)es/(N)o [Yes]:",
]
MENU = [
    "╭──────────────────────────╮",
    "│ Do you want to proceed?  │",
    "│ ❯ 1. Yes                 │",
    "│   2. Yes, and don't ask  │",
    "│   3. No                  │",
    "╰──────────────────────────╯",
]


@pytest.mark.parametrize(
    "last",
    [
        "Overwrite roof.py? [y/N]",
        "Overwrite roof.py? (yes/no)",
        "Red or blue?",
        "Password:",
        "Enter passphrase for key '/home/dev/.ssh/id': ",
        "Press Enter to continue",
    ],
)
def test_what_programs_ask_with_is_a_question(last: str) -> None:
    asked = asks(["building", "", last, ""], ())
    assert asked is not None
    assert (asked.kind, asked.text.splitlines()[-1]) == ("question", last.strip())


@pytest.mark.parametrize("last", ["Done.", "$ ", "", "Compiling roof v1.0", "3 tests passed", "why not? because."])
def test_anything_else_is_none(last: str) -> None:
    assert asks(["Overwrite roof.py? [y/N] y", last], ()) is None


def test_an_agents_own_patterns_are_looked_for_in_the_last_lines() -> None:
    assert asks(MENU, ()) is None
    asked = asks(MENU, (r"Do you want to proceed\?",))
    assert asked is not None
    assert [(o.id, o.label, o.keys) for o in asked.options] == [
        ("1", "Yes", "1"),
        ("2", "Yes, and don't ask", "2"),
        ("3", "No", "3"),
    ]
    assert asks([*MENU, *["later"] * 20], (r"Do you want to proceed\?",)) is None
    assert asks(AIDER, (r"^.*\(Y\)es/\(N\)o",)) is not None


def test_a_pattern_that_is_none_matches_nothing() -> None:
    assert asks(["Done."], ("(",)) is None


def test_yes_or_no_is_one_press_and_a_list_is_no_menu() -> None:
    assert [option.keys for option in options(["Overwrite? [y/N]"])] == ["y\r", "n\r"]
    assert options(["1. Mended the roof", "3. Painted it"]) == ()
    assert options(["1. Mended the roof"]) == ()
    assert options([]) == ()


def test_the_last_words_are_the_last_lines_without_frames() -> None:
    assert last_message(["x", *MENU, "──────", "", "  "]).endswith("3. No")
    assert last_message([]) == ""
    assert "\x1b" not in last_message(["\x1b[31mred"])


def test_what_a_terminal_reports_becomes_a_report() -> None:
    working = read("state=working", NOW)
    assert working is not None
    assert working.state == "working"
    blocked = read("state=blocked;kind=permission;id=7", NOW)
    assert blocked is not None
    assert blocked.asked is not None
    assert (blocked.state, blocked.asked.kind, blocked.asked.key) == ("waiting", "permission", "7")
    failed = read("state=failed;message=out of paint", NOW)
    assert failed is not None
    assert (failed.state, failed.detail) == ("failed", "out of paint")


@pytest.mark.parametrize("text", ["", "state=", "state=dancing", "estate=working", "=", ";;;", "state"])
def test_what_says_no_state_is_no_report(text: str) -> None:
    assert read(text, NOW) is None
