"""A session's screen as text: for agents by command, for a thumbnail by HTTP."""

import asyncio
import contextlib
from typing import Any

import httpx2
import pytest

from aether.contracts.gateway import AccountRevoked
from aether.contracts.ids import AccountId, ProjectId, new_id
from aether.contracts.problem import NotFound
from aether.contracts.terminal import CloseTerminal, ReadScreen, ScreenView, TerminalView
from aether.terminal.deps import screens
from aether.terminal.domain.screen import has_appeared, plain, plain_output
from aether.terminal.errors import TerminalClosed
from aether.testkit.eventually import eventually

from .conftest import Box

MANY = "for n in $(seq 1 100); do echo line-$n; done; printf '\\033[1;31mred\\033[0m\\033]0;t\\007'; cat"
FULL = "echo before; printf '\\033[?1049h\\033[3;5Hfull screen'; cat"


async def view(box: Box, terminal: TerminalView, lines: int = 50) -> ScreenView:
    answer: ScreenView = await box.ask(ReadScreen(account_id=box.account, terminal_id=terminal.id, lines=lines))
    return answer


async def until(box: Box, terminal: TerminalView, text: str) -> None:
    async def shown() -> bool:
        return text in "\n".join(await box.screen(terminal))

    await eventually(shown)


async def test_the_last_lines_are_told_as_plain_text(box: Box) -> None:
    terminal = await box.open(cols=90, rows=10, command=MANY)
    await until(box, terminal, "red")
    seen = await view(box, terminal, lines=4)
    assert seen.lines == ["line-98", "line-99", "line-100", "red"]
    assert (seen.cols, seen.rows, seen.terminal_id) == (90, 10, terminal.id)
    assert seen.changed_at is not None
    assert seen.offset > 800
    assert (await view(box, terminal, lines=60)).lines[0] == "line-42"


async def test_a_program_on_the_whole_screen_is_seen_alone(box: Box) -> None:
    terminal = await box.open(rows=10, command=FULL)
    await until(box, terminal, "full screen")
    assert (await view(box, terminal, lines=200)).lines == ["", "", "    full screen"]


async def test_without_tmux_the_last_output_is_told(box: Box) -> None:
    box.machine.tmux = False
    terminal = await box.open(command=MANY)
    await until(box, terminal, "red")
    assert (await view(box, terminal, lines=2)).lines == ["line-100", "red"]


async def test_looking_is_no_activity_and_finds_a_session_again_after_a_restart(box: Box) -> None:
    terminal = await box.open(command="echo here; cat")
    await until(box, terminal, "here")
    await box.die()
    await box.start()
    seen = await view(box, terminal)
    assert seen.lines == ["here"]
    assert (seen.offset, seen.changed_at) == (0, None)
    assert await box.said("activity.seen.v1") == []


async def test_a_screen_that_nobody_may_see_is_missing(box: Box) -> None:
    terminal = await box.open()
    with pytest.raises(NotFound):
        await box.ask(ReadScreen(account_id=AccountId(new_id()), terminal_id=terminal.id))
    await box.ask(CloseTerminal(account_id=box.account, terminal_id=terminal.id))
    with pytest.raises(TerminalClosed):
        await view(box, terminal)


# By HTTP


async def get(
    box: Box,
    terminal: TerminalView,
    query: str = "",
    tag: str = "",
    client: httpx2.AsyncClient | None = None,
    **grant: Any,
) -> httpx2.Response:
    url = f"http://127.0.0.1:{box.port}/stream/terminal/{terminal.id}/screen{query}"
    right = grant.pop("right", "watch")
    resource = grant.pop("resource", terminal.id)
    headers = {"Authorization": f"Grant {box.grant(right, resource, **grant)}"}
    async with contextlib.nullcontext(client) if client else httpx2.AsyncClient(timeout=30) as chosen:
        return await chosen.get(url, headers={**headers, **({"If-None-Match": tag} if tag else {})})


async def test_a_thumbnail_is_sent_again_only_when_something_has_changed(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = await box.open(command="echo first; read -r _; echo second; cat")
    await until(box, terminal, "first")
    first = await get(box, terminal, "?lines=5")
    assert (first.status_code, first.json()["lines"]) == (200, ["first"])
    looks = 0
    look = screens.lines_of

    async def counted(*arguments: Any) -> list[str]:
        nonlocal looks
        looks += 1
        return await look(*arguments)

    monkeypatch.setattr(screens, "lines_of", counted)
    same = await get(box, terminal, "?lines=5", tag=first.headers["etag"])
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (await get(box, terminal, "?lines=5")).json() == first.json()
    assert looks == 0
    box.terminals.live[terminal.id].typed(b"\r")
    await until(box, terminal, "second")
    other = await get(box, terminal, "?lines=5", tag=first.headers["etag"])
    assert (other.status_code, other.json()["lines"][-1]) == (200, "second")


async def test_twenty_who_look_at_once_all_see_it(box: Box) -> None:
    terminal = await box.open(command="echo here; cat")
    await until(box, terminal, "here")
    async with httpx2.AsyncClient(timeout=30) as client:
        answers = await asyncio.gather(*(get(box, terminal, client=client) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["lines"][0] for answer in answers} == {"here"}


@pytest.mark.parametrize(
    ("grant", "status"),
    [
        ({"right": "read"}, 403),
        ({"resource": new_id()}, 403),
        ({"account_id": AccountId(new_id())}, 404),
        ({"project_id": ProjectId(new_id())}, 404),
        ({"right": "input"}, 200),
    ],
)
async def test_a_grant_for_something_else_shows_nothing(box: Box, grant: dict[str, Any], status: int) -> None:
    assert (await get(box, await box.open(), **grant)).status_code == status


async def test_nobody_and_a_revoked_one_see_nothing(box: Box) -> None:
    terminal = await box.open()
    await box.hear(
        AccountRevoked(
            account_id=box.account, person_id=box.person, credential_id=box.credential, reason="revoked"
        )
    )
    assert (await get(box, terminal)).status_code == 401
    async with httpx2.AsyncClient() as client:
        url = f"http://127.0.0.1:{box.port}/stream/terminal/{terminal.id}/screen"
        assert (await client.get(url)).status_code == 401


@pytest.mark.parametrize("lines", ["0", "501", "-1", "x", "1e3", ""])
async def test_a_number_of_lines_has_bounds(box: Box, lines: str) -> None:
    answer = await get(box, await box.open(), f"?lines={lines}")
    assert (answer.status_code, answer.json()["type"]) == (422, "invalid")


# Pure


def test_lines_are_cleaned_and_the_empty_ones_at_the_end_are_left_out() -> None:
    assert plain([b"  a\x1b \x00", "\u202eb".encode(), b"", b"\xff", b"", b" "], 10) == ["  a", "b", "", "\ufffd"]
    assert plain([b"a", b"b", b"c"], 2) == ["b", "c"]


def test_output_is_read_line_after_line() -> None:
    assert plain_output(b"\x1b[31mone\x1b[0m\r\n10%\r20%\r\n\x1b]0;title\x07\x1b(Btwo", 9) == ["one", "20%", "two"]


@pytest.mark.parametrize(
    ("text", "before", "after", "appeared"),
    [
        ("hello", ["> "], ["> hello"], True),
        ("hello", ["> hello"], ["> hello"], False),
        ("hello", ["> hello"], ["> hello", "> hello"], True),
        ("a few words that are wrapped", [], ["│ a few words │", "│ that are wr │", "│ apped       │"], True),
        ("hello", ["⠂ working"], ["⠐ working"], False),
        ("one\ntwo", ["> "], ["> [Pasted text #1 +1 lines]"], True),
        ("x" * 1000, ["> "], ["> [Pasted]"], True),
        ("?", ["> "], ["> ?"], True),
    ],
)
def test_a_text_has_appeared_when_the_screen_shows_it_anew(
    text: str, before: list[str], after: list[str], *, appeared: bool
) -> None:
    assert has_appeared(text, before, after) is appeared
