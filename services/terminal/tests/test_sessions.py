"""A person at a terminal: what they type arrives, what the machine writes is seen, whole and once."""

import asyncio
import random
import re

import pytest

from aether.contracts.ids import AccountId, PersonId, new_id
from aether.contracts.problem import NotFound, Refusal
from aether.contracts.terminal import CloseTerminal, GetTerminal, ListTerminals, OpenTerminal, RenameTerminal
from aether.terminal.errors import TooManyTerminals
from aether.testkit.eventually import eventually

from .conftest import Box
from .viewer import Viewer


async def test_what_a_person_types_is_run_and_its_output_is_seen(box: Box) -> None:
    terminal = await box.open(cols=100, rows=30)
    viewer = await box.view(terminal)
    await viewer.type("echo sum-$((40+2))\r")
    await viewer.sees("sum-42")
    assert viewer.hello is not None
    assert (viewer.hello["cols"], viewer.hello["rows"], viewer.hello["right"]) == (100, 30, "input")
    await viewer.close()


async def test_many_terminals_at_once_in_a_machine_that_has_none_are_all_made(box: Box) -> None:
    opened = await asyncio.gather(*(box.open() for _ in range(12)))
    for terminal in opened:
        viewer = await box.view(terminal)
        await viewer.type("echo here-$((40+2))\r")
        await viewer.sees("here-42")
        await viewer.close()


async def test_a_shell_is_a_login_shell_in_the_workspace_with_colours_and_without_tmux(box: Box) -> None:
    box.machine.env = {"GREETING": 'it\'s "two"\nlines; $HOME'}
    viewer = await box.view(await box.open())
    await viewer.type("shopt -q login_shell && echo is-login; echo at:$PWD: term:$TERM:$COLORTERM tmux:[$TMUX]\r")
    await viewer.sees("is-login\r\n")
    await viewer.sees(f"at:{box.machine.home}/workspace: term:xterm-256color:truecolor tmux:[]\r\n")
    await viewer.type('printf "[%s]" "$GREETING"; locale charmap\r')
    await viewer.sees('[it\'s "two"\r\nlines; $HOME]UTF-8')
    await viewer.close()


async def test_every_byte_a_program_writes_arrives_as_it_is(box: Box) -> None:
    bytes_of_all_kinds = random.Random(7).randbytes(1_500_000).replace(b"\x1b[", b"\x1b?") + b"\\\\134\\015\\"
    (box.machine.home / "noise").write_bytes(bytes_of_all_kinds)
    viewer = await box.view(await box.open())
    await viewer.type("stty -opost -echo; printf 'be''gin'; cat ~/noise; printf 'e''nd'\r")
    await viewer.sees(b"begin" + bytes_of_all_kinds[:20])
    await viewer.sees(bytes_of_all_kinds[-20:] + b"end", within=30)
    start = viewer.data.index(b"begin" + bytes_of_all_kinds[:20]) + 5
    assert viewer.data[start : start + len(bytes_of_all_kinds)] == bytes_of_all_kinds
    await viewer.close()


async def test_a_paste_of_64_kb_with_invalid_utf8_arrives_whole(box: Box) -> None:
    pasted = random.Random(8).randbytes(65536)
    viewer = await box.view(await box.open())
    await viewer.type("stty raw -echo; printf rea'd'y; head -c 65536 > ~/pasted; stty sane; echo fin''ished\r")
    await viewer.sees("ready")
    await viewer.type(pasted)
    await viewer.sees("finished\r\n")
    assert (box.machine.home / "pasted").read_bytes() == pasted
    await viewer.close()


async def test_questions_that_tmux_answers_are_not_asked_of_viewers(box: Box) -> None:
    viewer = await box.view(await box.open())
    await viewer.type(
        "stty -echo; printf 'a\\033[cb\\033[6nc\\033['; sleep 0.2; printf '>cd'; sleep 0.2; echo; stty echo\r"
    )
    await viewer.sees(b"abc\x1b[\x18d")
    await viewer.close()


async def test_who_comes_back_gets_exactly_what_was_missed(box: Box) -> None:
    terminal = await box.open()
    first = await box.view(terminal)
    await first.type("stty -echo; PS1=\r")
    await first.type("echo st'art'\r")
    await first.sees("start\r\n")
    await first.close()
    other = await box.view(terminal)
    await other.type("seq 1 20000 | sed s/^/line-/; echo do'ne'\r")
    await other.sees("done\r\n")
    again = await box.view(terminal, query=f"?offset={first.offset}&epoch={first.epoch}")
    await again.sees("done\r\n")
    expected = b"".join(b"line-%d\r\n" % number for number in range(1, 20001)) + b"done\r\n"
    assert expected in again.data
    assert again.hello is not None
    assert again.hello["epoch"] == first.epoch
    assert len(again.data) - len(expected) < 40
    await other.close()
    await again.close()


async def test_a_new_viewer_gets_screen_and_scrollback_with_every_line_once(box: Box) -> None:
    terminal = await box.open()
    first = await box.view(terminal)
    await first.type("seq 1 5000 | sed s/^/line-/; echo do'ne'\r")
    await first.sees("done\r\n")
    second = await box.view(terminal)
    await second.sees("done\r\n")
    assert numbered(second) == list(range(1, 5001))
    await first.close()
    await second.close()


@pytest.mark.parametrize("how", ["service killed", "connection lost"])
async def test_nothing_is_lost_or_doubled_when_the_way_breaks_while_output_flows(box: Box, how: str) -> None:
    terminal = await box.open()
    viewer = await box.view(terminal)
    await viewer.type("for i in $(seq 1 12000); do echo line-$i; done; echo do'ne'\r")
    await viewer.sees("line-500\r\n")
    if how == "service killed":
        await box.die()
        await box.start()
        again = await box.view(terminal, query=f"?offset={viewer.offset}&epoch={viewer.epoch}")
    else:
        box.machine.cut()
        again = viewer
        await again.until(lambda: again.told("epoch"))
    await again.sees("done\r\n", within=30)
    assert numbered(again) == list(range(1, 12001))
    assert again.epoch != (viewer.hello or {})["epoch"]
    await again.type("echo ali''ve\r")
    await again.sees("alive\r\n")
    await again.close()


async def test_the_alternate_screen_is_drawn_again_over_the_main_one(box: Box) -> None:
    (box.machine.home / "book").write_text("".join(f"page-{number}\n" for number in range(1, 200)))
    terminal = await box.open()
    first = await box.view(terminal)
    await first.type("echo be''fore; less ~/book\r")
    await first.sees("page-20")
    second = await box.view(terminal)
    await second.sees("page-20")
    main, _, alternate = bytes(second.data).partition(b"\x1b[?1049h")
    assert b"before\r\n" in main
    assert b"page-1" not in main
    assert b"page-1\r\n" in alternate
    await second.type("q")
    await second.sees(b"\x1b[?1049l")
    await first.close()
    await second.close()


async def test_the_exit_code_is_told_after_all_output_and_kept(box: Box) -> None:
    terminal = await box.open(command="read go; seq 1 3000; echo l'as't; exit 7")
    viewer = await box.view(terminal)
    await viewer.type("\r")
    assert await viewer.ends() == 1000
    assert b"last\r\n" in viewer.data
    assert viewer.told("exit") == [{"type": "exit", "code": 7, "reason": "exited"}]
    await eventually(lambda: box.has_said("terminal.closed.v1"))
    assert (await box.said("terminal.closed.v1"))[0]["last_lines"][-2:] == ["3000", "last"]
    view = await box.ask(GetTerminal(account_id=box.account, terminal_id=terminal.id))
    assert (view.state, view.exit_code) == ("closed", 7)


async def test_an_interrupt_ends_a_command_and_not_the_terminal(box: Box) -> None:
    viewer = await box.view(await box.open(command="sleep 100"))
    await viewer.type(b"\x03")
    await viewer.ends()
    assert viewer.told("exit")[0]["code"] == 130


async def test_closing_hangs_up_and_everyone_is_told(box: Box) -> None:
    terminal = await box.open()
    viewer = await box.view(terminal)
    await box.ask(CloseTerminal(account_id=box.account, terminal_id=terminal.id))
    assert await viewer.ends() == 4004
    assert viewer.told("exit")[0]["reason"] == "closed"
    await box.ask(CloseTerminal(account_id=box.account, terminal_id=terminal.id))
    late = await box.view(terminal)
    assert late.problem is not None
    assert late.problem["type"] == "terminal-closed"
    assert await late.ends() == 4004
    assert [event["reason"] for event in await box.said("terminal.closed.v1")] == ["closed"]


async def test_the_last_input_viewers_size_counts_and_is_told_to_all(box: Box) -> None:
    terminal = await box.open()
    first, second = await box.view(terminal), await box.view(terminal, "watch")
    await second.tell(type="resize", cols=33, rows=22)
    await first.tell(type="resize", cols=9999, rows=-1)
    await first.tell(type="resize", cols=101, rows=31)
    await second.until(lambda: second.told("resize"))
    assert second.told("resize") == [{"type": "resize", "cols": 101, "rows": 31}]
    await first.type("stty size\r")
    await first.sees("31 101\r\n")
    third = await box.view(terminal, query="?cols=70&rows=20")
    assert third.hello is not None
    assert (third.hello["cols"], third.hello["rows"]) == (70, 20)
    for viewer in (first, second, third):
        await viewer.close()


async def test_an_onlooker_sees_everything_and_cannot_type(box: Box) -> None:
    terminal = await box.open()
    typing, looking = await box.view(terminal), await box.view(terminal, "watch", person_name="Bob")
    await looking.type("echo ro''gue\r")
    await typing.type("echo hon''est\r")
    await looking.sees("honest")
    assert b"rogue" not in looking.data
    await typing.until(lambda: len(typing.told("presence")[-1]["viewers"]) == 2)
    assert {(v["name"], v["right"]) for v in typing.told("presence")[-1]["viewers"]} == {
        ("Ada", "input"),
        ("Bob", "watch"),
    }
    await looking.close()
    await typing.until(lambda: len(typing.told("presence")[-1]["viewers"]) == 1)
    await typing.close()


async def test_a_project_has_as_many_terminals_as_it_may_and_no_more(box: Box) -> None:
    box.terminals.sessions_per_project = 3
    for _ in range(3):
        await box.open()
    with pytest.raises(TooManyTerminals, match="3 open terminals"):
        await box.open()
    names = (await box.ask(ListTerminals(account_id=box.account, project_id=box.project))).items
    assert [view.name for view in names] == ["Terminal 3", "Terminal 2", "Terminal 1"]


async def test_two_hundred_terminals_share_one_connection(box: Box) -> None:
    terminals = [await box.open() for _ in range(200)]
    viewer = await box.view(terminals[-1])
    await viewer.type("echo ali''ve\r")
    await viewer.sees("alive\r\n")
    assert len(box.terminals.connections._open) == 1
    await viewer.close()


async def test_a_name_is_kept_and_told(box: Box) -> None:
    terminal = await box.open()
    renamed = await box.ask(RenameTerminal(account_id=box.account, terminal_id=terminal.id, name="logs"))
    assert renamed.name == "logs"
    assert (await box.said("terminal.changed.v1"))[0]["terminal"]["name"] == "logs"


async def test_the_same_key_opens_one_terminal(box: Box) -> None:
    first, second = await box.open(idempotency_key="k"), await box.open(idempotency_key="k")
    assert first.id == second.id
    assert len(await box.said("terminal.opened.v1")) == 1


async def test_a_machine_that_does_not_run_refuses_in_a_sentence_and_nothing_stays_open(box: Box) -> None:
    box.machine.running = False
    with pytest.raises(Refusal, match="does not run"):
        await box.open()
    assert (await box.ask(ListTerminals(account_id=box.account, project_id=box.project))).items == []


async def test_without_tmux_a_terminal_works_as_long_as_the_connection(box: Box) -> None:
    box.machine.tmux = False
    box.machine.env = {"SECRET": "hush"}
    terminal = await box.open(cols=90, rows=20)
    viewer = await box.view(terminal)
    await viewer.type("stty size; echo [$SECRET] $TERM\r")
    await viewer.sees("20 90\r\n[hush] xterm-256color\r\n")
    assert viewer.hello is not None
    assert viewer.hello["kept"] is False
    assert b"export" not in viewer.data
    second = await box.view(terminal)
    await second.sees("20 90\r\n[hush]")
    await viewer.type("exit 5\r")
    assert await viewer.ends() == 1000
    assert viewer.told("exit")[0]["code"] == 5
    await second.close()


def numbered(viewer: Viewer) -> list[int]:
    """The numbers of the lines `line-…` in what a viewer has been sent since the last beginning."""
    plain = re.sub(rb"\x1b\[[\d;?]*[A-Za-z]|\r", b"", bytes(viewer.data))
    return [int(number) for number in re.findall(rb"^line-(\d+)$", plain, re.MULTILINE)]


async def test_nobody_opens_a_terminal_in_another_accounts_project(box: Box) -> None:
    await box.open()
    stranger = OpenTerminal(account_id=AccountId(new_id()), project_id=box.project, person_id=PersonId(new_id()))
    with pytest.raises(NotFound):
        await box.ask(stranger)


async def test_what_is_typed_before_the_hello_or_while_the_way_is_lost_arrives(box: Box) -> None:
    terminal = await box.open()
    viewer = await box.connect(f"/stream/terminal/{terminal.id}", box.grant("input", terminal.id))
    await viewer.type("echo ear''ly\r")
    await viewer.sees("early")
    session = box.terminals.live[terminal.id]
    box.machine.cut()
    await eventually(lambda: session._shell is None, every=0.001)
    await viewer.type("echo la''te\r")
    await viewer.sees("late")
    await viewer.close()


async def test_a_viewer_who_comes_while_the_session_is_made_waits_for_it(box: Box) -> None:
    opening = asyncio.create_task(box.open())
    await eventually(lambda: bool(box.terminals.live))
    [session] = box.terminals.live.values()
    viewer = await box.view(session.terminal.view(0))
    assert (await opening).state == "open"
    await viewer.type("echo here-$((40+2))\r")
    await viewer.sees("here-42")
    await viewer.close()
