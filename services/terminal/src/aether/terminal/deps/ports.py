"""The ports: a shell in a machine, a command in it, a look at its listeners, a way to one of them, a socket to a
viewer, tokens of agents."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aether.contracts.agents import AgentTokenView
from aether.contracts.ids import ProjectId, TerminalId
from aether.terminal.domain.listeners import Listener


@dataclass(frozen=True, slots=True)
class ShellSpec:
    """Which session, and what to make of it if it is new."""

    terminal_id: TerminalId
    project_id: ProjectId
    command: str
    cols: int
    rows: int


class Capture(Protocol):
    """Screen and scrollback as they were after `position` bytes of output. Composing them takes a while."""

    position: int
    cols: int
    rows: int

    def compose(self) -> bytes:
        """The bytes that draw it. Pure, so it may run in a thread."""
        ...


class ShellListener(Protocol):
    """Who is told what a shell does. After `ended` or `lost` nothing more comes."""

    def output(self, data: bytes) -> None: ...
    def ended(self, exit_code: int | None) -> None: ...
    def lost(self) -> None: ...
    def pause_input(self) -> None: ...
    def resume_input(self) -> None: ...


class Shell(Protocol):
    """One live session in a machine."""

    @property
    def keeps_screen(self) -> bool:
        """Whether the machine keeps it: then it outlives this process, and has snapshots."""
        ...

    def write(self, data: bytes) -> None: ...
    def resize(self, cols: int, rows: int) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...

    async def capture(self, lines: int) -> Capture:
        """Screen and at most `lines` of scrollback. Raises ConnectionError if the shell is lost meanwhile."""
        ...

    async def screen(self, lines: int) -> list[bytes]:
        """The last lines as plain text: the screen, and what has just left it. Raises ConnectionError if the
        shell is lost meanwhile, or nobody keeps its screen."""
        ...

    async def paste(self, key: str, text: str) -> bool:
        """Put a text in as one paste, but only the first time that it is done with this key. Answers whether it
        was. Raises ConnectionError if the shell is lost meanwhile; then doing it again tells."""
        ...

    async def press(self, key: str, keys: bytes) -> bool:
        """The same for bytes as a keyboard sends them."""
        ...

    def end(self) -> None:
        """Hang up on what runs in it."""
        ...

    def detach(self) -> None:
        """Let go of it; where the machine keeps it, it lives on."""
        ...


class Shells(Protocol):
    """Where shells come from. Both raise a Refusal if the machine cannot be reached."""

    async def create(self, spec: ShellSpec, listener: ShellListener) -> Shell:
        """Make the session, or attach to it if it has been made."""
        ...

    async def attach(self, spec: ShellSpec, listener: ShellListener) -> Shell:
        """Attach to a session that was made before. Raises TerminalClosed if the machine has none such."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """A command to run once: either words or a line for the shell."""

    argv: tuple[str, ...] = ()
    command: str = ""
    cwd: str = ""
    env: Mapping[str, str] | None = None
    pty: bool = False
    cols: int = 80
    rows: int = 24


class RunListener(Protocol):
    def output(self, data: bytes, *, error: bool) -> None: ...
    def ended(self, exit_code: int | None) -> None:
        """None where the connection to the machine was lost."""
        ...

    def pause_input(self) -> None: ...
    def resume_input(self) -> None: ...


class Run(Protocol):
    """One command that runs in a machine."""

    def write(self, data: bytes) -> None: ...
    def write_eof(self) -> None: ...
    def signal(self, name: str) -> None: ...
    def resize(self, cols: int, rows: int) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def abandon(self) -> None:
        """Nobody waits for it any more: hang up."""
        ...


Runs = Callable[[ProjectId, Order, RunListener], Awaitable[Run]]


class Lookout(Protocol):
    """A place in a machine from which its listeners can be seen."""

    @property
    def generation(self) -> int:
        """Which start of the machine this is."""
        ...

    async def look(self) -> Mapping[int, Listener]:
        """Who listens at this moment, by port. Raises a Refusal if the machine does not say; then it is no
        longer of use."""
        ...

    def close(self) -> None: ...


# Raises a Refusal if the project's machine does not run or cannot be reached.
Lookouts = Callable[[ProjectId], Awaitable[Lookout]]


class Way(Protocol):
    """A connection to a program that listens in a machine. Writing to one that is gone does nothing."""

    def write(self, data: bytes) -> None: ...
    def write_eof(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None:
        """After what was written has been sent."""
        ...

    def abort(self) -> None: ...


class WayListener(Protocol):
    """Who is told what comes along a way. `opened` comes first, and nothing after `lost`."""

    def opened(self, way: Way) -> None: ...
    def received(self, data: bytes) -> None: ...
    def ended(self) -> None:
        """The program has written all it will; it may still read."""
        ...

    def lost(self, *, broken: bool) -> None:
        """`broken`: it did not end by itself, and something may be missing."""
        ...

    def pause_input(self) -> None: ...
    def resume_input(self) -> None: ...


class Ways(Protocol):
    async def __call__(self, project_id: ProjectId, to: Listener, listener: WayListener) -> None:
        """Open a way. Raises NothingListens if nobody takes it, another Refusal if the machine is out of reach."""
        ...


class Socket(Protocol):
    """The way to one viewer."""

    @property
    def writable(self) -> bool:
        """False while what was written waits; the talk's `drained` tells when to go on."""
        ...

    def send(self, data: bytes) -> None: ...
    def tell(self, message: Mapping[str, Any]) -> None: ...
    def close(self, code: int, reason: str = "") -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class AgentTokens(Protocol):
    """Whom the jump host lets in, and to which project's machine. Both raise a Refusal while nobody knows."""

    async def find(self, public_key: str, *, used: bool = False) -> AgentTokenView | None:
        """The token of a key, given in OpenSSH text; None if it opens nothing, or nothing any more.

        `used`: somebody has just entered with it."""
        ...

    async def slug(self, token: AgentTokenView) -> str:
        """The name of the token's project in addresses."""
        ...
