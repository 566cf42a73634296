"""A terminal as it is kept: its states, and the facts that follow from a change."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from aether.contracts import terminal as said
from aether.contracts.ids import AccountId, PersonId, ProjectId, TerminalId

Reason = Literal["exited", "closed", "machine_stopped"]


@dataclass(frozen=True, slots=True)
class Terminal:
    """One session. `generation` is the start of the machine in which it was made."""

    id: TerminalId
    account_id: AccountId
    project_id: ProjectId
    person_id: PersonId
    generation: int
    name: str
    cols: int
    rows: int
    recorded: bool
    created_at: datetime
    first_cols: int  # the size at the start, which is what a recording begins with
    first_rows: int
    title: str = ""
    command: str = ""
    state: Literal["open", "closed"] = "open"
    exit_code: int | None = None
    closed_at: datetime | None = None

    def opened(self) -> said.TerminalOpened:
        return said.TerminalOpened(
            account_id=self.account_id, project_id=self.project_id, terminal_id=self.id, terminal=self.view()
        )

    def changed(self, viewers: int) -> said.TerminalChanged:
        return said.TerminalChanged(
            account_id=self.account_id,
            project_id=self.project_id,
            terminal_id=self.id,
            terminal=self.view(viewers),
        )

    def closed(
        self, reason: Reason, *, at: datetime, exit_code: int | None = None, last_lines: Sequence[str] = ()
    ) -> tuple["Terminal", said.TerminalClosed]:
        """The ended session and the fact. `exit_code` is None where nobody knows it."""
        ended = replace(self, state="closed", closed_at=at, exit_code=exit_code)
        fact = said.TerminalClosed(
            account_id=self.account_id,
            project_id=self.project_id,
            terminal_id=self.id,
            terminal=ended.view(),
            reason=reason,
            last_lines=list(last_lines),
        )
        return ended, fact

    def view(self, viewers: int = 0) -> said.TerminalView:
        return said.TerminalView(
            id=self.id,
            account_id=self.account_id,
            project_id=self.project_id,
            name=self.name,
            title=self.title,
            command=self.command,
            cols=self.cols,
            rows=self.rows,
            state=self.state,
            exit_code=self.exit_code,
            viewers=viewers,
            recorded=self.recorded,
            created_at=self.created_at,
            closed_at=self.closed_at,
        )
