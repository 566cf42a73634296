"""Many who look at one project, and the machine that looks for all of them."""

from collections.abc import Callable, Collection
from typing import Any

from aether.contracts.problem import Refusal
from aether.files.adapters.hand import values
from aether.files.adapters.hand.frames import Garbled
from aether.files.deps.ports import Changed, WatchListener


class Watches:
    """The watches of one project. `look` sends the machine what any of them looks at."""

    def __init__(self, look: Callable[[dict[str, Any]], None]) -> None:
        self._look = look
        self._watches: list[OneWatch] = []
        self._number = 0

    def __bool__(self) -> bool:
        return bool(self._watches)

    def add(self, listener: WatchListener) -> "OneWatch":
        watch = OneWatch(self, listener)
        self._watches.append(watch)
        return watch

    def remove(self, watch: "OneWatch") -> None:
        if watch in self._watches:
            self._watches.remove(watch)
            self.ask()

    def ask(self) -> int:
        """Have the machine look at what is looked at now, and return the number it will name."""
        self._number += 1
        folders = set().union(*(watch.folders for watch in self._watches))
        files = set().union(*(watch.files for watch in self._watches))
        self._look({"number": self._number, "folders": sorted(folders), "files": sorted(files)})
        return self._number

    def heard(self, header: dict[str, Any]) -> None:
        """What the machine says of its own accord. Raises Garbled."""
        watches = list(self._watches)
        if "changed" in header:
            changed = values.read_as(values.changed, header["changed"])
            for watch in watches:
                watch.changed(changed)
        elif header.get("lost"):
            for watch in watches:
                watch.listener.lost()
        elif "looking" in header:
            how, number = values.read_as(values.how, header["looking"]), header.get("number")
            if not isinstance(number, int):
                raise Garbled
            for watch in watches:
                if watch.asked is not None and watch.asked <= number:
                    watch.asked = None
                    watch.listener.looking(how)

    def ended(self, refusal: Refusal) -> None:
        watches, self._watches = self._watches, []
        for watch in watches:
            watch.listener.ended(refusal)


class OneWatch:
    """See ports.Watch."""

    def __init__(self, watches: Watches, listener: WatchListener) -> None:
        self.listener = listener
        self.folders: frozenset[str] = frozenset()
        self.files: frozenset[str] = frozenset()
        self.asked: int | None = None  # the number of the last wish, until the machine looks
        self._watches = watches

    def look(self, folders: Collection[str], files: Collection[str]) -> None:
        self.folders, self.files = frozenset(folders), frozenset(files)
        self.asked = self._watches.ask()

    def close(self) -> None:
        self._watches.remove(self)

    def changed(self, changed: Changed) -> None:
        """Tell of those that this one looks at."""
        folders = tuple(folder for folder in changed.folders if folder.path in self.folders)
        files = tuple(path for path in changed.files if path in self.files)
        if folders or files:
            self.listener.changed(Changed(folders, files))
