"""A provider, a door and a clock that do as the test says."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from aether.contracts.ids import MachineId, OperationId, ProjectId
from aether.contracts.machines import SshCertificate
from aether.kit.ssh import MachineUnreachable
from aether.machines.deps import Clock
from aether.machines.provider import (
    Limits,
    MachineSpec,
    MachineStatus,
    Observed,
    ProviderRefused,
    ProviderUnavailable,
)
from aether.testkit.clock import START, FakeClock


class TwoClocks(FakeClock):
    """A fake clock whose wall can jump while time goes on as before."""

    def __init__(self) -> None:
        super().__init__()
        self._jumped = timedelta(0)

    def jump(self, by: timedelta) -> None:
        self._jumped += by
        self.set(self.now() + by)

    def monotonic(self) -> float:
        return (self.now() - START - self._jumped).total_seconds()


@dataclass
class FakeProvider:
    """Keeps machines in memory. A rule is taken from its list for each call, and then things go well again."""

    clock: Clock
    name: str = "local"
    machines: dict[MachineId, MachineStatus] = field(default_factory=dict)
    specs: list[MachineSpec] = field(default_factory=list)
    volumes: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    rules: dict[str, list[str]] = field(default_factory=dict)
    gate: asyncio.Event | None = None  # a start waits for it
    listed_before: "list[MachineStatus] | None" = None  # a list that is out of date by the time it is read
    at_gate: asyncio.Event = field(default_factory=asyncio.Event)

    def rule(self, call: str, *whats: str) -> None:
        """`refuse`, `unavailable`, `commit` (done, then no answer) or `crash`, for the next calls."""
        self.rules.setdefault(call, []).extend(whats)

    async def create_volume(self, project_id: ProjectId, operation_id: OperationId, limits: Limits) -> str:
        after = self._called("create_volume")
        self.volumes.add(str(project_id))
        after()
        return str(project_id)

    async def destroy_volume(self, volume: str) -> None:
        after = self._called("destroy_volume")
        self.volumes.discard(volume)
        after()

    async def start(self, spec: MachineSpec) -> MachineStatus:
        self.specs.append(spec)
        if self.gate is not None:
            self.at_gate.set()
            await self.gate.wait()
        after = self._called("start")
        present = self.machines.get(spec.machine_id)
        if present is None or present.observed is Observed.GONE:
            self.machines[spec.machine_id] = self._booted(spec)
        after()
        return self.machines[spec.machine_id]

    async def stop(self, machine_id: MachineId) -> MachineStatus:
        after = self._called("stop")
        present = self.machines.get(machine_id, MachineStatus(machine_id, Observed.GONE))
        if present.observed is not Observed.GONE:
            present = replace(present, observed=Observed.GONE, stopped_at=self.clock.now())
            self.machines[machine_id] = present
        after()
        return present

    async def inspect(self, machine_id: MachineId) -> MachineStatus:
        self._called("inspect")()
        return self.machines.get(machine_id, MachineStatus(machine_id, Observed.GONE))

    async def list(self) -> list[MachineStatus]:
        self._called("list")()
        present = [status for status in self.machines.values() if status.observed is not Observed.GONE]
        return present if self.listed_before is None else self.listed_before

    def vanish(self, machine_id: MachineId, reason: str = "", at: datetime | None = None) -> None:
        """The machine ends behind everybody's back."""
        present = self.machines[machine_id]
        self.machines[machine_id] = replace(present, observed=Observed.GONE, stopped_at=at, reason=reason)

    @property
    def running(self) -> set[MachineId]:
        return {i for i, status in self.machines.items() if status.observed is Observed.RUNNING}

    def _booted(self, spec: MachineSpec) -> MachineStatus:
        return MachineStatus(
            machine_id=spec.machine_id,
            observed=Observed.RUNNING,
            generation=spec.generation,
            host="127.0.0.1",
            port=40000 + spec.generation,
            username="dev",
            home_dir="/home/dev",
            workspace_dir="/home/dev/workspace",
            tmux=True,
            started_at=self.clock.now(),
        )

    def _called(self, call: str) -> Callable[[], None]:
        """Count the call and apply its rule; what comes back is to be called when the call is done."""
        self.calls.append(call)
        waiting = self.rules.get(call)
        what = waiting.pop(0) if waiting else ""
        if what == "refuse":
            raise ProviderRefused("This host has no room for another machine.")
        if what == "unavailable":
            raise ProviderUnavailable("503")
        if what == "crash":
            raise RuntimeError("a fault in the adapter")
        return _no_answer if what == "commit" else _nothing


@dataclass
class FakeDoor:
    """Answers at once, or not at all; a clone says what it is told to say."""

    public_key: str = ""
    knocks: int = 0
    closed: bool = False
    said: str = ""
    status: int = 0
    commands: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def knock(self, machine: SshCertificate) -> None:
        self.knocks += 1
        if self.closed:
            raise MachineUnreachable("The machine does not answer. It may be starting or has just stopped.")

    async def run(self, machine: SshCertificate, command: str, heard: Callable[[str], None]) -> int:
        self.commands.append(command)
        heard(self.said)
        if self.gate is not None:
            await self.gate.wait()
        if self.closed:
            raise MachineUnreachable("The machine stopped answering.")
        return self.status


def _nothing() -> None:
    return None


def _no_answer() -> None:
    raise ProviderUnavailable("504, though it was done")
