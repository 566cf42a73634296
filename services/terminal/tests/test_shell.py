"""A shell that ends while its session is still being opened."""

import asyncio
from typing import Any, cast

import asyncssh
import pytest

from aether.contracts.ids import TerminalId, new_id
from aether.terminal.adapters.tmux.shell import TmuxShell


class Tmux:
    """The other end of a channel in control mode: answers until the session is ended, and then closes."""

    def __init__(self, shell: TmuxShell, *, window: str, then: list[str]) -> None:
        self._shell = shell
        self._answer = ["%begin 1 1 1", "%end 1 1 1", "%begin 1 2 1", f"%0 {window}", "%end 1 2 1", *then]
        self._there = True
        shell.connection_made(cast("asyncssh.SSHClientChannel[bytes]", self))

    def says(self, *lines: str) -> None:
        self._shell.data_received("".join(f"{line}\n" for line in lines).encode(), None)

    def write(self, data: bytes) -> None:
        if self._there and b"kill-session" in data:
            self._there = False
            asyncio.get_running_loop().call_soon(self._shell.connection_lost, None)
        elif self._there:
            asyncio.get_running_loop().call_soon(self.says, *self._answer)

    def get_exit_status(self) -> int:
        return 0


class Listener:
    """Notes how it ended."""

    def __init__(self) -> None:
        self.code = asyncio.get_running_loop().create_future()

    def ended(self, code: int) -> None:
        self.code.set_result(code)

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


ENDED = ["%window-renamed @0 exited 3"]


@pytest.mark.parametrize(
    ("first", "window", "then"), [(ENDED, "exited 3", []), ([], "exited 3", []), ([], "sh", ENDED)]
)
async def test_a_command_that_ends_at_once_was_a_terminal_and_has_its_exit_code(
    first: list[str], window: str, then: list[str]
) -> None:
    listener = Listener()
    shell = TmuxShell(TerminalId(new_id()), cast("Any", listener))
    Tmux(shell, window=window, then=then).says("%session-changed $0 name", *first)
    await shell.ready(80, 24)
    assert await asyncio.wait_for(listener.code, 5) == 3
