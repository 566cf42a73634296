"""Starts, finds and ends the machines of one AETHER_HOME. Blocking; made to be called from threads.

Everything it knows is on disk or in /proc, so any process may take over at any moment: the intent is
recorded before anything is started, the leader as soon as it is born, and what carries a machine's mark
without a record of its own is a double and is ended.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from aether.contracts.ids import MachineId, ProjectId
from aether.machines.adapters.local import cgroups, processes, volumes
from aether.machines.adapters.local.host import Host
from aether.machines.adapters.local.launch import Launch, Launcher, check
from aether.machines.adapters.local.processes import Process
from aether.machines.adapters.local.records import Record, Records, now
from aether.machines.adapters.local.uids import Uids, is_private
from aether.machines.provider import MachineSpec, MachineStatus, Observed, ProviderRefused, ProviderUnavailable

GRACE = 5.0  # seconds between TERM and KILL
REMEMBERED = 3  # generations of a project whose end is still known
FULL = (errno.ENOSPC, errno.EDQUOT)


class Keeper:
    """One AETHER_HOME. `launchers` are the ways of running a machine by whether they are sandboxed."""

    def __init__(self, home: Path, host: Host, launchers: dict[bool, Launcher], *, sandbox: bool) -> None:
        self._home = home.resolve()
        self._host = host
        self._launchers = launchers
        self._launcher = launchers[sandbox]
        self._volumes = self._home / "volumes"
        self._records = Records(self._home / "machines")
        for folder in (self._home, self._volumes, self._records.folder):
            _make_passable(folder)
        self._uids = Uids(self._records)

    def create_volume(self, project_id: ProjectId) -> str:
        with self._records.lock(project_id), refusals():
            volumes.create(self._volumes, project_id, self._uids.owner(project_id))
        return str(project_id)

    def destroy_volume(self, volume: str) -> None:
        """Ends the project's machine first, if it still runs."""
        project_id = _project_of(volume)
        with self._records.lock(project_id), refusals():
            for record in self._records.of(project_id):
                self._end(record, GRACE)
                self._records.forget(record)
            volumes.destroy(self._volumes, project_id)
            self._uids.release(project_id)
            self._records.drop_lock(project_id)

    def used_mb(self, volume: str) -> int:
        """MiB the volume takes on the disk. Walks the whole tree."""
        return volumes.used_mb(volumes.find(self._volumes, volume))

    def start(self, spec: MachineSpec) -> MachineStatus:
        check(spec)
        if not self._host.shell:
            raise ProviderRefused("This computer has neither bash nor sh in the usual places.")
        with self._records.lock(spec.project_id), refusals():
            record = self._records.read(spec.machine_id)
            if record and record.operation_id == str(spec.operation_id) and self._answers(record):
                return self._status(record, Observed.RUNNING)
            self._make_room(spec)
            return self._status(self._boot(spec), Observed.RUNNING)

    def stop(self, machine_id: MachineId, grace: float = GRACE) -> MachineStatus:
        record = self._records.read(machine_id)
        if record is None:
            return MachineStatus(machine_id, Observed.GONE)
        with self._records.lock(record.project_id), refusals():
            record = self._records.read(machine_id)
            if record is None:
                return MachineStatus(machine_id, Observed.GONE)
            if not record.stopped_at:  # once over, what runs with its uid is the project's next machine
                record = self._end(record, grace)
            return self._status(record, Observed.GONE)

    def inspect(self, machine_id: MachineId) -> MachineStatus:
        record = self._records.read(machine_id)
        return self._observe(record) if record else MachineStatus(machine_id, Observed.GONE)

    def list(self) -> list[MachineStatus]:
        """Every machine that is remembered. Ends doubles on the way."""
        self._end_doubles()
        return [self._observe(record) for record in self._records.all()]

    def end_all(self, grace: float) -> None:
        """Every machine of this home, all at once."""
        running = [MachineId(UUID(record.machine_id)) for record in self._records.all() if not record.stopped_at]
        with ThreadPoolExecutor(max(1, len(running))) as threads:
            list(threads.map(lambda machine_id: self.stop(machine_id, grace), running))
        self._end_doubles()

    def _observe(self, record: Record) -> MachineStatus:
        """A look that waits for nobody: while another works on the machine, it is what the record says."""
        if record.stopped_at:
            return self._status(record, Observed.GONE)
        if self._answers(record):
            self._records.seen_alive(record)
            return self._status(record, Observed.RUNNING)
        machine_id = MachineId(UUID(record.machine_id))
        with self._records.lock(record.project_id, wait=False) as alone:
            if not alone:
                return self._status(record, Observed.RUNNING if record.port else Observed.STARTING)
            if self._records.read(machine_id) == record:
                return self._status(self._bury(record), Observed.GONE)
        return self.inspect(machine_id)  # it was worked on between the two looks

    def _bury(self, record: Record) -> Record:
        """It ended by itself: note when it was last seen, and end what may be left of it."""
        reason, seen = _reason(record), self._records.last_seen(record)
        return self._end(replace(record, reason=reason, stopped_at=seen), grace=0)

    def _answers(self, record: Record) -> bool:
        """Its leader lives and its port listens."""
        return bool(
            record.leader
            and record.port
            and not record.stopped_at
            and record.boot_id == processes.boot_id()
            and processes.lives(record.leader)
            and record.port in processes.listening_ports()
        )

    def _make_room(self, spec: MachineSpec) -> None:
        """End every other machine of the project; refuse if one was started later."""
        records = self._records.of(spec.project_id)
        if any(record.generation > spec.generation for record in records):
            raise ProviderRefused("A newer start of this project came first.")
        for record in records:
            if not record.stopped_at:
                self._end(record, GRACE)
            if record.generation < spec.generation - REMEMBERED:
                self._records.forget(record)

    def _end_doubles(self) -> None:
        """End what carries the mark of a machine that is over. A start records its intent before any process."""
        for name in processes.arguments_under(self._records.folder):
            with contextlib.suppress(ValueError):
                record = self._records.read(MachineId(UUID(name)))
                if record is None or record.stopped_at:
                    place = str(self._records.place(name))
                    # Mypy cannot type a lambda's default.
                    processes.end(lambda place=place: processes.with_argument(place), grace=0)  # type: ignore[misc]
                    self._tidy(name)

    def _boot(self, spec: MachineSpec) -> Record:
        """Intent, launch, record. A start that fails leaves nothing behind."""
        volume = self._find_volume(spec.volume)
        owner = self._uids.owner(spec.project_id)
        place = self._records.place(str(spec.machine_id))
        address = self._launcher.address(volume)
        record = self._records.write(
            Record(
                machine_id=str(spec.machine_id),
                project_id=str(spec.project_id),
                operation_id=str(spec.operation_id),
                generation=spec.generation,
                sandboxed=self._launcher.sandboxed,
                uid=owner.uid,
                boot_id=processes.boot_id(),
                tmux=self._host.tmux,
                username=address.username,
                home_dir=address.home_dir,
                workspace_dir=f"{address.home_dir}/{volumes.WORKSPACE}",
            )
        )

        def born(leader: Process) -> None:
            nonlocal record
            record = self._records.write(replace(record, leader=leader))
            if group := _group(record.machine_id):
                cgroups.enclose(group, leader.pid, spec.limits)

        launch = Launch(spec, place, volume, self._home, owner, self._host)
        try:
            volumes.make_workspace(volume, owner)
            _make_place(launch)
            port = self._launcher.launch(launch, born)
        except BaseException:
            self._end(record, grace=0)
            self._records.forget(record)
            raise
        return self._records.write(replace(record, port=port, started_at=now()))

    def _find_volume(self, volume: str) -> Path:
        try:
            return volumes.find(self._volumes, volume)
        except (FileNotFoundError, ValueError):
            raise ProviderRefused("The project's files are not on this computer.") from None

    def _end(self, record: Record, grace: float) -> Record:
        """End all of it and remember when. What was already noted about its end stays."""
        processes.end(lambda: self._remains(record), grace)
        self._tidy(record.machine_id)
        return self._records.write(replace(record, stopped_at=record.stopped_at or now()))

    def _tidy(self, machine_id: str) -> None:
        """Remove what only a running machine needs."""
        for launcher in self._launchers.values():
            launcher.tidy(machine_id)
        volumes.remove(self._records.place(machine_id))
        if group := _group(machine_id):
            cgroups.remove(group)

    def _remains(self, record: Record) -> set[Process]:
        """All processes of a machine, by what its launcher knows, by its mark and by its uid."""
        found = processes.with_argument(str(self._records.place(record.machine_id)))
        if record.boot_id == processes.boot_id():
            found |= self._launchers[record.sandboxed].members(record)
        return found | (processes.owned_by(record.uid) if is_private(record.uid) else set())

    def _status(self, record: Record, observed: Observed) -> MachineStatus:
        started_at, stopped_at = record.times()
        return MachineStatus(
            machine_id=MachineId(UUID(record.machine_id)),
            observed=observed,
            generation=record.generation,
            host="127.0.0.1",
            port=record.port,
            username=record.username,
            home_dir=record.home_dir,
            workspace_dir=record.workspace_dir,
            tmux=record.tmux,
            started_at=started_at,
            stopped_at=stopped_at,
            reason=record.reason,
        )


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """What the operating system says, in the words of the port."""
    try:
        yield
    except processes.StillAlive as error:
        raise ProviderUnavailable(f"The machine does not end: {error}.") from error
    except OSError as error:
        if error.errno in FULL:
            raise ProviderRefused("The disk of this computer is full; free some space and try again.") from error
        raise ProviderUnavailable(f"This computer did not allow it: {error.strerror or error}.") from error


def _make_passable(folder: Path) -> None:
    """Others may go through, to what is theirs below, and see nothing on the way."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(parents=True)
        folder.chmod(0o711)


def _make_place(launch: Launch) -> None:
    """The machine's own folder, which its group may pass through, and its /tmp."""
    volumes.remove(launch.place)
    launch.place.mkdir(0o710)
    scratch = launch.place / "tmp"
    scratch.mkdir()
    scratch.chmod(0o1777)
    os.chown(launch.place, -1, launch.owner.gid)
    os.chown(scratch, launch.owner.uid, launch.owner.gid)


def _group(machine_id: str) -> Path | None:
    """Its control group, where the host lets us have one."""
    parent = cgroups.parent()
    return parent / f"aether-{machine_id}" if parent else None


def _project_of(volume: str) -> ProjectId:
    try:
        return ProjectId(UUID(volume))
    except ValueError:
        raise ProviderRefused("This is not a volume of this computer.") from None


def _reason(record: Record) -> str:
    if record.boot_id != processes.boot_id():
        return "The computer was restarted."
    if record.leader and processes.lives(record.leader):
        return "The machine's SSH server ended."
    return "The machine ended by itself." if record.started_at else "Its start was interrupted."
