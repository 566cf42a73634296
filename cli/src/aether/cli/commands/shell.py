"""aether shell: a terminal of a project's machine, on this terminal."""

import asyncio
import json
import os
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from aether.cli.commands.login import AsJson
from aether.cli.commands.projects import Called, tell
from aether.cli.remote.api import Api, Json, signed_in
from aether.cli.remote.refusals import Refused, plainly
from aether.cli.remote.terminal import Ended, Session

# The screen, but not what scrolled off it: that is the person's own.
CLEAR = b"\x1b[H\x1b[2J"
RESET = b"\x1b[!p\x1b[?1049l\x1b[?1000;1002;1003;1006;2004l\x1b[?25h\x1b[0m\r\n"


@plainly
def shell(
    called: Called,
    attach: Annotated[str, typer.Option(help="Come back to an open terminal, by id or name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Open a shell in a project, starting it if need be. Ctrl-] d detaches; the shell goes on."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused("aether shell needs a terminal. For scripts use: aether exec PROJECT -- COMMAND", 2)
    with signed_in() as api:
        project = api.until_running(api.project(called), tell)
        terminal = _find(api, project, attach) if attach else _open(api, project)
        tell(f"{project['name']}: Ctrl-] d detaches, and the shell goes on.")
        code = sit_at(api, terminal["id"])
    if as_json:
        print(json.dumps({"terminal_id": terminal["id"], "exit_code": code}))
    elif code is None:
        tell(f"Detached. Come back with: aether shell {project['slug']} --attach {terminal['id'][-8:]}")
    raise typer.Exit(code or 0)


def _open(api: Api, project: Json) -> Json:
    cols, rows = shutil.get_terminal_size()
    return api.ask(
        "POST", f"/api/projects/{project['id']}/terminals", {"cols": max(cols, 2), "rows": max(rows, 2)}
    )


def _find(api: Api, project: Json, called: str) -> Json:
    found = api.ask("GET", f"/api/projects/{project['id']}/terminals")["items"]
    for terminal in found:
        if called in (terminal["id"], terminal["name"]) or terminal["id"].endswith(called):
            return dict(terminal)
    raise Refused(f"{project['name']} has no open terminal {called}.", 4)


class ThisTerminal:
    """The terminal the command was started in."""

    def show(self, data: bytes) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def clear(self) -> None:
        self.show(CLEAR)

    def say(self, sentence: str) -> None:
        self.show(f"\r\n[aether: {sentence}]\r\n".encode())

    def size(self) -> tuple[int, int]:
        cols, rows = shutil.get_terminal_size()
        return max(cols, 2), max(rows, 2)


def sit_at(api: Api, terminal_id: str) -> int | None:
    """Join this terminal with one of a machine; the program's exit code, or None for who has detached."""
    return asyncio.run(_talk(api, terminal_id)).exit_code


async def _talk(api: Api, terminal_id: str) -> Ended:
    session = Session(api, terminal_id, ThisTerminal())
    loop, keys = asyncio.get_running_loop(), sys.stdin.fileno()
    loop.add_signal_handler(signal.SIGWINCH, session.resized)
    with _raw(keys):
        loop.add_reader(keys, _read, keys, session)
        try:
            return await session.run()
        finally:
            loop.remove_reader(keys)


def _read(keys: int, session: Session) -> None:
    typed = os.read(keys, 4096)
    if typed:
        session.typed(typed)
    else:
        session.detach()  # this terminal is gone


@contextmanager
def _raw(keys: int) -> Iterator[None]:
    """Every key goes to the machine; in the end this terminal is as it was."""
    before = termios.tcgetattr(keys)
    tty.setraw(keys)
    try:
        yield
    finally:
        sys.stdout.buffer.write(RESET)
        sys.stdout.buffer.flush()
        termios.tcsetattr(keys, termios.TCSADRAIN, before)
