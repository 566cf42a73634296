"""The journal: who changed what. Nothing here waits: moments are handed in, in seconds of a steady clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from aether.contracts.ids import AccountId, PersonId, ProjectId
from aether.files.domain.paths import above

Action = Literal["written", "created", "made_folder", "moved", "deleted", "changed"]

MACHINE = "machine"
QUIET_SECONDS = 10.0  # one entry for one path, however often a program writes it
OWN_SECONDS = 3.0  # how late the machine may tell of what a person did here
MOST_REMEMBERED = 10_000


@dataclass(frozen=True)
class Change:
    """One thing that was changed. `origin` is where something moved from; `size` counts bytes of a file."""

    id: UUID
    account_id: AccountId
    project_id: ProjectId
    at: datetime
    person_id: PersonId | None
    name: str
    action: Action
    path: str
    origin: str | None = None
    size: int | None = None

    def view(self) -> dict[str, Any]:
        """As the API tells it."""
        who: dict[str, Any] = {"kind": "person" if self.person_id else "machine", "name": self.name}
        if self.person_id:
            who["person_id"] = str(self.person_id)
        told: dict[str, Any] = {
            "id": str(self.id),
            "at": self.at.isoformat(),
            "who": who,
            "action": self.action,
            "path": self.path,
        }
        if self.origin is not None:
            told["from"] = self.origin
        if self.size is not None:
            told["size"] = self.size
        return told


class Quiet:
    """Which of the changes noticed in one machine are news: none that a person made here a moment ago, and no
    path twice within ten seconds."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}
        self._own: dict[str, float] = {}
        self._above: dict[str, float] = {}  # folders that may have been made on the way

    def own(self, path: str, until: float) -> None:
        """Until then a person is changing this through the API, and the machine will tell of it as well."""
        self._own[path] = until
        for folder in above(path):
            self._above[folder] = max(until, self._above.get(folder, 0.0))

    def news(self, paths: Iterable[str], now: float) -> list[str]:
        """Those to be written down, each then quiet for a while."""
        found = [path for path in dict.fromkeys(paths) if not self._is_quiet(path, now)]
        for path in found:
            self._told[path] = now + QUIET_SECONDS
        self._forget(now)
        return found

    def _is_quiet(self, path: str, now: float) -> bool:
        if max(self._told.get(path, 0.0), self._above.get(path, 0.0)) > now:
            return True
        return any(self._own.get(owned, 0.0) > now for owned in (path, *above(path)))

    def _forget(self, now: float) -> None:
        for kept in (self._told, self._own, self._above):
            if len(kept) > MOST_REMEMBERED:
                over = [path for path, until in kept.items() if until <= now]
                for path in over or list(kept)[: MOST_REMEMBERED // 2]:
                    del kept[path]
