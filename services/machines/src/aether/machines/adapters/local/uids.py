"""Run as root, every project has an unprivileged uid of its own; run as a person, it has theirs.

`<home>/machines/uids.json` remembers who has which. A uid is given out again only after the volume it
owned is gone and the whole range was used once.
"""

import json
import os
import pwd
import secrets
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from aether.contracts.ids import ProjectId
from aether.machines.adapters.local.processes import running_uids
from aether.machines.adapters.local.records import Records

# People's subordinate ids begin at 100000 and a ustar archive cannot name an id above 2097151.
WIDE = range(1_000_000, 2_000_000)
NARROW = range(20_000, 60_000)  # inside a container whose user namespace maps 65536 ids


@dataclass(frozen=True)
class Owner:
    """Whom the files and processes of a project belong to."""

    uid: int
    gid: int

    @property
    def private(self) -> bool:
        """Whether this uid is one project's alone, so that whatever runs with it is the machine's."""
        return os.geteuid() == 0


class Uids:
    """Who owns what."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._path = records.folder / "uids.json"

    def owner(self, project_id: ProjectId) -> Owner:
        """The project's owner, chosen now if it has none."""
        if os.geteuid() != 0:
            return Owner(os.geteuid(), os.getegid())
        with self._records.lock("uids"):
            taken = _load(self._path)
            uid = taken["projects"].get(str(project_id)) or self._choose(taken, str(project_id))
        return Owner(uid, uid)

    def release(self, project_id: ProjectId) -> None:
        """The volume is gone: nothing carries this uid any more."""
        if os.geteuid() != 0:
            return
        with self._records.lock("uids"):
            taken = _load(self._path)
            if taken["projects"].pop(str(project_id), None):
                _save(self._path, taken)

    def _choose(self, taken: dict[str, dict[str, int]], project: str) -> int:
        """The next of the range that nobody has; written down before it is used."""
        ids = _range()
        used = set(taken["projects"].values()) | {entry.pw_uid for entry in pwd.getpwall()} | running_uids()
        # Two homes on one host know nothing of each other, so each begins somewhere else in the range.
        first = taken["next"].get("uid") or ids.start + secrets.randbelow(len(ids))
        order = chain(range(max(first, ids.start), ids.stop), ids)
        uid = next(candidate for candidate in order if candidate not in used)
        taken["projects"][project] = uid
        taken["next"]["uid"] = uid + 1
        _save(self._path, taken)
        return uid


def is_private(uid: int) -> bool:
    """Whether it is one we gave out, so that ending everything that runs with it harms no one else."""
    return os.geteuid() == 0 and uid in _range()


def _range() -> range:
    rows = [[int(word) for word in line.split()] for line in Path("/proc/self/uid_map").read_text().splitlines()]
    wide = any(inside <= WIDE.start and WIDE.stop <= inside + count for inside, _, count in rows)
    return WIDE if wide else NARROW


def _load(path: Path) -> dict[str, dict[str, int]]:
    if not path.exists():
        return {"next": {}, "projects": {}}
    loaded: dict[str, dict[str, int]] = json.loads(path.read_text())  # unreadable: stop, never hand out twice
    return loaded


def _save(path: Path, taken: dict[str, dict[str, int]]) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("w") as file:
        json.dump(taken, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
