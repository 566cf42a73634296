"""What is asked of terminal and what it says: sessions in a machine and the signs of life in them."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from aether.contracts.command import Command, Done, Reply
from aether.contracts.event import Event
from aether.contracts.ids import AccountId, PersonId, ProjectId, TerminalId
from aether.contracts.service import Service

Columns = Annotated[int, Field(ge=2, le=1000)]
Rows = Annotated[int, Field(ge=2, le=500)]


class TerminalView(Reply):
    """One session. `title` is what the program in it says of itself; it is data from the machine."""

    id: TerminalId
    account_id: AccountId
    project_id: ProjectId
    name: str
    title: str = ""
    command: str = ""
    cols: int
    rows: int
    state: Literal["open", "closed"]
    exit_code: int | None = None
    viewers: int = 0
    recorded: bool
    created_at: AwareDatetime
    closed_at: AwareDatetime | None = None


class TerminalList(Reply):
    items: list[TerminalView]
    next_cursor: str | None = None


class OpenTerminal(Command[TerminalView]):
    """Make a session: a login shell, or `command` in one. Refused unless the project's machine runs."""

    service = Service.TERMINAL
    callers = frozenset({Service.GATEWAY, Service.AGENTS})

    account_id: AccountId
    project_id: ProjectId
    person_id: PersonId
    name: Annotated[str, Field(max_length=64)] = ""
    command: Annotated[str, Field(max_length=4096)] = ""
    cols: Columns = 80
    rows: Rows = 24
    idempotency_key: str | None = None


class ListTerminals(Command[TerminalList]):
    """Sessions of one project, newest first; with `include_closed`, those with a recording too."""

    service = Service.TERMINAL
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId
    include_closed: bool = False


class GetTerminal(Command[TerminalView]):
    """One session of the account. A foreign one is as missing as none."""

    service = Service.TERMINAL
    callers = frozenset({Service.GATEWAY, Service.AGENTS})

    account_id: AccountId
    terminal_id: TerminalId


class RenameTerminal(Command[TerminalView]):
    """Give a session the name on its tab."""

    service = Service.TERMINAL
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    terminal_id: TerminalId
    name: Annotated[str, Field(min_length=1, max_length=64)]


class CloseTerminal(Command[Done]):
    """End a session and what runs in it (HUP). Its recording stays. Already closed is a success."""

    service = Service.TERMINAL
    callers = frozenset({Service.GATEWAY, Service.AGENTS})

    account_id: AccountId
    terminal_id: TerminalId


class ScreenView(Reply):
    """The last lines of a session's screen as plain text, without colours; data from the machine.

    `changed_at` is when output last came, None if none has since this process attached. `offset` counts the bytes
    of output of this attachment.
    """

    terminal_id: TerminalId
    lines: list[str]
    cols: int
    rows: int
    offset: int
    changed_at: AwareDatetime | None = None


class ReadScreen(Command[ScreenView]):
    """What stands on a session's screen, its last `lines` lines. Looking is not activity."""

    service = Service.TERMINAL
    callers = frozenset({Service.AGENTS})

    account_id: AccountId
    terminal_id: TerminalId
    lines: Annotated[int, Field(ge=1, le=500)] = 50


class Typed(Reply):
    """`appeared`: the screen has shown it (or, for keys, has changed) before the deadline."""

    appeared: bool


class TypeText(Command[Typed]):
    """Type into a session, once for each `key`: a repetition types nothing and answers as the first did.

    `text` is put in as one paste; when it appears, or has not within 5 s, Enter follows. `keys` are bytes as a
    keyboard sends them ("\\r", "\\x1b", "1"), without Enter. One of the two is given. Counts as a person's input.
    """

    service = Service.TERMINAL
    callers = frozenset({Service.AGENTS})

    account_id: AccountId
    terminal_id: TerminalId
    text: Annotated[str, Field(max_length=65_536)] = ""
    keys: Annotated[str, Field(max_length=256)] = ""
    key: Annotated[str, Field(min_length=1, max_length=200)]


class JumpHostView(Reply):
    """Where `ssh -J` goes. `host_key` is an OpenSSH line."""

    host: str
    port: int
    host_key: str


class GetJumpHost(Command[JumpHostView]):
    """For a person's ssh configuration. Refused with 503 where the jump host does not listen."""

    service = Service.TERMINAL
    callers = frozenset({Service.AGENTS})


PortNumber = Annotated[int, Field(ge=1, le=65535)]
Visibility = Literal["private", "team", "public"]


class PortView(Reply):
    """A port of a machine: on which a program of that machine listens, or which was given a label or a visibility.

    `process` is the program's name, data from the machine. `listening_since` is None while nothing listens.
    """

    project_id: ProjectId
    account_id: AccountId
    port: int
    process: str = ""
    label: Annotated[str, Field(max_length=64)] = ""
    visibility: Visibility = "private"
    listening_since: AwareDatetime | None = None


class PortList(Reply):
    items: list[PortView]


class ListPorts(Command[PortList]):
    """The ports of one project. Asking counts as looking: for a minute the machine's listeners are followed."""

    service = Service.TERMINAL
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId


class UpdatePort(Command[PortView]):
    """Label a port, or say who may open it; None leaves a field as it is. It need not listen now."""

    service = Service.TERMINAL
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId
    port: PortNumber
    visibility: Visibility | None = None
    label: Annotated[str | None, Field(max_length=64)] = None


class FindPort(Command[PortView]):
    """One port for a preview.

    `listening_since` is at most 2 s old, or of the last look where the machine does not answer in time. None where
    none of the machine's own programs listens, and where the machine does not run.
    """

    service = Service.TERMINAL
    callers = frozenset({Service.GATEWAY})

    project_id: ProjectId
    port: PortNumber


class PortsChanged(Event):
    """Programs began or ceased to listen, or a port was labelled or given another visibility.

    Carries all of the project's ports. Sent while someone looks or opens a preview; nobody looks, nothing is sent.
    """

    subject = "ports.changed.v1"
    producer = Service.TERMINAL
    consumers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId
    ports: list[PortView]


class TerminalOpened(Event):
    """A session was made. Does not mean that anyone looks at it."""

    subject = "terminal.opened.v1"
    producer = Service.TERMINAL
    consumers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId
    terminal_id: TerminalId
    terminal: TerminalView


class TerminalChanged(Event):
    """Name, title, size or number of viewers changed. Sent at most once a second for one session."""

    subject = "terminal.changed.v1"
    producer = Service.TERMINAL
    consumers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId
    terminal_id: TerminalId
    terminal: TerminalView


class TerminalClosed(Event):
    """A session has ended: its program exited, it was closed, or its machine stopped.

    `last_lines` is what it printed last, as plain text, where its output was still at hand; machine data.
    """

    subject = "terminal.closed.v1"
    producer = Service.TERMINAL
    consumers = frozenset({Service.GATEWAY, Service.AGENTS})

    account_id: AccountId
    project_id: ProjectId
    terminal_id: TerminalId
    terminal: TerminalView
    reason: Literal["exited", "closed", "machine_stopped"]
    last_lines: list[str] = []


class TerminalSignal(Event):
    """A program in a session rang or asked to be noticed (BEL, OSC 9, OSC 777). At most one a second."""

    subject = "terminal.signal.v1"
    producer = Service.TERMINAL
    consumers = frozenset({Service.GATEWAY, Service.AGENTS})

    account_id: AccountId
    project_id: ProjectId
    terminal_id: TerminalId
    kind: Literal["bell", "notify"]
    text: Annotated[str, Field(max_length=1024)] = ""


class TerminalReported(Event):
    """A program in a session said how far it is (OSC 7501). `text` is what follows the number: machine data.

    Each of them, at most 20 a second for one session.
    """

    subject = "terminal.reported.v1"
    producer = Service.TERMINAL
    consumers = frozenset({Service.AGENTS})

    account_id: AccountId
    project_id: ProjectId
    terminal_id: TerminalId
    text: Annotated[str, Field(max_length=1024)]


class ActivitySeen(Event):
    """Someone typed, or something was written, in a session. Sent at most every 30 s for one project.

    `input` is what a person typed or sent; `output` is anything the machine wrote. Opening, polling,
    resizing and reconnecting are neither.
    """

    subject = "activity.seen.v1"
    producer = Service.TERMINAL
    consumers = frozenset({Service.MACHINES})

    account_id: AccountId
    project_id: ProjectId
    kind: Literal["input", "output"]
    seen_at: AwareDatetime
