"""The shell command on a terminal of its own: raw, resized, resumed, detached."""

import termios
from typing import Any

from aether.cli.remote.terminal import Chord
from aether.testkit.eventually import eventually

from .sitting import Shell, terminal


def test_the_chord_detaches_and_everything_else_passes() -> None:
    assert Chord().feed(b"ls\x1d") == (b"ls", False)
    assert Chord().feed(b"ls\x1dd never sent") == (b"ls", True)
    assert Chord().feed(b"\x1d\x1dx\x1dy") == (b"\x1dx\x1dy", False)
    chord = Chord()
    assert chord.feed(b"\x1d") == (b"", False)
    assert chord.feed(b"d") == (b"", True)


async def started(person: Any) -> Shell:
    await person.run("projects", "create", "demo", "--start")
    shell = Shell()
    person.stand.streams.behave = shell
    return shell


async def test_a_shell_shows_types_resizes_and_ends_with_the_programs_code(signed_in: Any) -> None:
    shell = await started(signed_in)
    async with terminal(signed_in, "shell", "demo") as tty:
        await tty.until(b"Ctrl-] d detaches")
        await tty.until(b"welcome")
        tty.type(b"echo \x03\x1a")
        await tty.until(b"echo \x03\x1a")
        tty.resize(100, 40)
        await eventually(lambda: {"type": "resize", "cols": 100, "rows": 40} in shell.told)
        tty.type(b"exit\r")
        assert await tty.end() == 3


async def test_a_shell_whose_connection_dies_goes_on_where_it_was(signed_in: Any) -> None:
    shell = await started(signed_in)
    async with terminal(signed_in, "shell", "demo") as tty:
        await tty.until(b"welcome")
        tty.type(b"one ")
        await tty.until(b"one ")
        assert shell.connection is not None
        shell.connection.transport.abort()
        shell.stream += b"said meanwhile "
        await tty.until(b"said meanwhile ")
        tty.type(b"two ")
        await tty.until(b"two ")
        assert shell.joins[1]["epoch"] == "5"
        assert shell.joins[1]["offset"] == str(len(b"welcome\r\none "))
        assert tty.seen.count(b"welcome") == tty.seen.count(b"said meanwhile ") == 1
        tty.type(b"\x1dd")
        assert await tty.end() == 0
        await tty.until(b"--attach")


async def test_a_shell_is_left_and_come_back_to(signed_in: Any) -> None:
    await started(signed_in)
    async with terminal(signed_in, "shell", "demo") as tty:
        await tty.until(b"welcome")
        tty.type(b"kept ")
        await tty.until(b"kept ")
        tty.type(b"\x1dd")
        await tty.until(b"--attach ")
        assert await tty.end() == 0
        attach = tty.seen.split(b"--attach ")[1].split()[0].decode()
    async with terminal(signed_in, "shell", "demo", "--attach", attach) as tty:
        await tty.until(b"welcome\r\nkept ")
        assert len(signed_in.stand.terminals.terminals) == 1


async def test_a_shell_ends_with_a_sentence_when_its_token_is_revoked(signed_in: Any) -> None:
    shell = await started(signed_in)
    async with terminal(signed_in, "shell", "demo") as tty:
        await tty.until(b"welcome")
        assert shell.connection is not None
        await shell.connection.close(4001, "signed out")
        await tty.until(b"Your sign-in has ended. Run: aether login")
        assert await tty.end() == 3


async def test_this_terminal_is_as_it_was_afterwards(signed_in: Any) -> None:
    await started(signed_in)
    async with terminal(signed_in, "shell", "demo") as tty:
        before = termios.tcgetattr(tty.side)
        await tty.until(b"welcome")
        assert termios.tcgetattr(tty.side) != before
        tty.type(b"\x1dd")
        await tty.until(b"--attach")
        assert termios.tcgetattr(tty.side) == before
