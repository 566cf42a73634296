"""Projects in the states that tests of the domain begin with."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from aether.contracts.event import Event
from aether.contracts.ids import AccountId, ProjectId, new_id
from aether.machines.domain.parts import Intent, Machine
from aether.machines.domain.project import Project
from aether.machines.provider import MachineStatus, Observed
from aether.testkit.clock import START

NOW = START
TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


def later(**span: float) -> datetime:
    return NOW + timedelta(**span)


def stopped(**wishes: Any) -> Project:
    plain = {"name": "Demo", "slug": "demo", "provider": "local", "size": "small", "idle_minutes": 30}
    return Project(ProjectId(new_id()), AccountId(new_id()), created_at=NOW, updated_at=NOW, **{**plain, **wishes})


def starting(**wishes: Any) -> Project:
    return stopped(**wishes).asked_to_start(NOW, TRACE)


def intent(project: Project) -> Intent:
    assert project.intent is not None
    return project.intent


def machine(project: Project) -> Machine:
    assert project.machine is not None
    return project.machine


def seen(project: Project, **more: Any) -> MachineStatus:
    status = MachineStatus(machine(project).id, Observed.RUNNING, host="127.0.0.1", port=2200, started_at=NOW)
    return replace(status, **more)


def booted(project: Project) -> tuple[Project, tuple[Event, ...]]:
    return project.booted(intent(project).operation_id, seen(project), NOW)


def running(**wishes: Any) -> Project:
    return booted(starting(**wishes))[0]


def ended(project: Project, at: datetime, now: datetime | None = None) -> tuple[Project, tuple[Event, ...]]:
    return project.ended(intent(project).operation_id, at, now or at)
