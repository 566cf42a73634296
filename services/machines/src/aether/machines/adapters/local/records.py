"""What is remembered of each machine, on disk, so that another process finds it again.

`<home>/machines/<machine id>.json` holds the record, its modification time is when the machine was last
seen alive. `<home>/machines/<machine id>/` holds what a running machine needs and goes with it.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from aether.contracts.ids import MachineId, ProjectId
from aether.machines.adapters.local.processes import Process


@dataclass(frozen=True)
class Record:
    """One machine. `leader` is its first process: pid 1 of a sandbox, or the SSH server itself."""

    machine_id: str
    project_id: str
    operation_id: str
    generation: int
    sandboxed: bool
    uid: int
    boot_id: str
    tmux: bool
    home_dir: str
    workspace_dir: str
    username: str
    leader: Process | None = None  # None: it was about to be started
    port: int = 0  # 0: it did not listen yet
    started_at: str = ""
    stopped_at: str = ""
    reason: str = ""

    def times(self) -> tuple[datetime | None, datetime | None]:
        """When it started and when it stopped."""
        return _time(self.started_at), _time(self.stopped_at)


def now() -> str:
    """The present as it is written into a record: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat()


class Records:
    """The folder of records. Writing is atomic: a reader sees the old or the new, never a half."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, machine_id: MachineId) -> Record | None:
        """None if there is none, or none that can be read."""
        return _parse(self._path(str(machine_id)))

    def all(self) -> list[Record]:
        """Every record, oldest id first."""
        return [record for path in sorted(self.folder.glob("*.json")) if (record := _parse(path))]

    def of(self, project_id: ProjectId) -> list[Record]:
        """The machines this project has or had."""
        return [record for record in self.all() if record.project_id == str(project_id)]

    def write(self, record: Record) -> Record:
        """Replace what was remembered of this machine."""
        path = self._path(record.machine_id)
        fresh = path.with_suffix(".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(dataclasses.asdict(record), file)
        fresh.replace(path)
        return record

    def forget(self, record: Record) -> None:
        """As if it had never been."""
        self._path(record.machine_id).unlink(missing_ok=True)

    def seen_alive(self, record: Record) -> None:
        """Note that it lives at this moment."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(self._path(record.machine_id))

    def last_seen(self, record: Record) -> str:
        """The last moment it was known to live, as in a record."""
        try:
            seconds = self._path(record.machine_id).stat().st_mtime
        except FileNotFoundError:
            return now()
        return datetime.fromtimestamp(seconds, UTC).isoformat()

    def place(self, machine_id: str) -> Path:
        """The machine's own folder. Its path is an argument of the first process and so its mark."""
        return self.folder / str(UUID(machine_id))

    @contextlib.contextmanager
    def lock(self, name: object, *, wait: bool = True) -> Iterator[bool]:
        """Alone with this name, over threads and processes. Yields False if busy and not to wait."""
        handle = _lock_file(self.folder / f"{name}.lock", wait=wait)
        try:
            yield handle is not None
        finally:
            if handle is not None:
                os.close(handle)

    def drop_lock(self, name: object) -> None:
        """Remove the lock's file, while holding it."""
        (self.folder / f"{name}.lock").unlink(missing_ok=True)

    def _path(self, machine_id: str) -> Path:
        return self.folder / f"{UUID(machine_id)}.json"


def _lock_file(path: Path, *, wait: bool) -> int | None:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(handle)
            return None
        if _is_still(path, handle):
            return handle
        os.close(handle)  # its holder removed the file while we waited: queue up at the new one


def _is_still(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _parse(path: Path) -> Record | None:
    try:
        values = json.loads(path.read_text())
        leader = values.pop("leader")
        return Record(**values, leader=Process(**leader) if leader else None)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
