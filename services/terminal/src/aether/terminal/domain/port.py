"""A port of a project as it is kept, and what a look at the machine changes of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from aether.contracts.ids import AccountId, ProjectId
from aether.contracts.terminal import PortsChanged, PortView, Visibility
from aether.terminal.domain.listeners import Listener


@dataclass(frozen=True, slots=True)
class Port:
    """One port. `process` is the program that listens, or did last; `listening_since` None: nothing does."""

    number: int
    process: str = ""
    label: str = ""
    visibility: Visibility = "private"
    listening_since: datetime | None = None

    @property
    def named(self) -> bool:
        """Whether a person said something of it, so that it is kept while nothing listens."""
        return bool(self.label) or self.visibility != "private"

    def said(self, label: str | None, visibility: Visibility | None) -> "Port":
        """With what a person now says of it; None leaves a part as it is."""
        return replace(
            self,
            label=self.label if label is None else label,
            visibility=self.visibility if visibility is None else visibility,
        )

    def view(self, account_id: AccountId, project_id: ProjectId) -> PortView:
        return PortView(
            project_id=project_id,
            account_id=account_id,
            port=self.number,
            process=self.process,
            label=self.label,
            visibility=self.visibility,
            listening_since=self.listening_since,
        )


Ports = dict[int, Port]


def seen(known: Ports, found: Mapping[int, Listener], since: Mapping[int, datetime]) -> Ports:
    """The ports after a look. `since` says when each of those found was seen first in this row of looks."""
    after = {}
    for number in sorted({*known, *found}):
        port = known.get(number, Port(number))
        listener = found.get(number)
        if listener is not None:
            begun = port.listening_since or since[number]
            after[number] = replace(port, process=listener.process, listening_since=begun)
        elif port.named:
            after[number] = replace(port, listening_since=None)
    return after


def spoken_of(known: Ports, number: int, label: str | None, visibility: Visibility | None) -> tuple[Ports, Port]:
    """The ports, and the one, after a person has said something of it; None leaves a part as it is."""
    port = known.get(number, Port(number)).said(label, visibility)
    after = {**known, number: port}
    if not port.named and port.listening_since is None:
        del after[number]
    return dict(sorted(after.items())), port


def changed(account_id: AccountId, project_id: ProjectId, ports: Iterable[Port]) -> PortsChanged:
    return PortsChanged(
        account_id=account_id, project_id=project_id, ports=[port.view(account_id, project_id) for port in ports]
    )
