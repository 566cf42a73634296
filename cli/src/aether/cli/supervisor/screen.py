"""What a person sees of `aether up`: one screen while it starts, then a line for what matters."""

from contextlib import suppress
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from aether.cli.supervisor.logs import Notice
from aether.cli.supervisor.part import State

MARKS = {
    State.WAITING: Text("·", "dim"),
    State.READY: Text("✓", "green"),
    State.DOWN: Text("!", "red"),
    State.STOPPED: Text("-", "dim"),
}
COLOURS = {"warning": "yellow", "error": "red", "critical": "bold red"}


class Screen(Protocol):
    """Where the supervisor shows what happens."""

    def show(self, name: str, state: State, seconds: float) -> None:
        """A part's state; `seconds` is how long it took to become ready."""

    def say(self, sentence: str) -> None:
        """One sentence for the person."""

    def notice(self, notice: Notice) -> None:
        """A warning, an error or a mail of one part."""

    def settle(self) -> None:
        """Starting is over; the screen stands still from here."""


def notice_lines(notice: Notice) -> list[str]:
    """The lines that show a notice, without colour."""
    if notice.mail is None:
        return [f"{notice.part}: {notice.text}"]
    mail = notice.mail
    heading = f"mail to {mail.get('to', '?')}: {mail.get('subject', '')}"
    return [heading, *(f"  {line}" for line in str(mail.get("body", "")).splitlines())]


class PlainScreen:
    """Plain lines, for logs and for terminals that are none."""

    def __init__(self) -> None:
        self._starting = True

    def show(self, name: str, state: State, seconds: float) -> None:
        if state is State.READY and self._starting:
            self.say(f"{name} is ready after {seconds:.1f} s")
        elif state is State.READY:
            self.say(f"{name} is ready again after {seconds:.1f} s")

    def say(self, sentence: str) -> None:
        with suppress(OSError):  # aether goes on without whoever was reading, such as a pager that was left
            print(sentence, flush=True)

    def notice(self, notice: Notice) -> None:
        self.say("\n".join(notice_lines(notice)))

    def settle(self) -> None:
        self._starting = False


class RichScreen:
    """A table that fills while aether starts, and coloured lines afterwards."""

    def __init__(self, console: Console, names: list[str]) -> None:
        self._console = console
        self._rows: dict[str, tuple[State, float]] = dict.fromkeys(names, (State.WAITING, 0.0))
        self._spinner = Spinner("dots", style="cyan")
        self._live: Live | None = Live(get_renderable=self._table, console=console, refresh_per_second=10)
        self._live.start()

    def _table(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for name, (state, seconds) in self._rows.items():
            mark = MARKS.get(state, self._spinner)
            took = Text(f"{seconds:.1f} s", "dim") if state is State.READY else Text("")
            table.add_row(mark, Text(name), Text(state.value, "dim"), took)
        return Group(Text("aether", "bold"), table)

    def show(self, name: str, state: State, seconds: float) -> None:
        if self._live is not None:
            self._rows[name] = (state, seconds)
        elif state is State.READY:
            self._console.print(f"[green]{name}[/] is ready again after {seconds:.1f} s")

    def say(self, sentence: str) -> None:
        self._console.print(sentence, highlight=False)

    def notice(self, notice: Notice) -> None:
        colour = COLOURS.get(notice.level, "cyan")
        for line in notice_lines(notice):
            self._console.print(f"[{colour}]{escape(line)}[/]", highlight=False, soft_wrap=True)

    def settle(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def screen_for(names: list[str]) -> Screen:
    """The screen that suits where the output goes."""
    console = Console()
    return RichScreen(console, names) if console.is_terminal else PlainScreen()
