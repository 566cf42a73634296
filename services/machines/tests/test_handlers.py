"""Orders and questions, as the gateway and the terminal service put them."""

import asyncssh
import pytest

from aether.contracts.ids import AccountId, new_id
from aether.contracts.machines import (
    GetProject,
    IssueSshCertificate,
    MachineStarted,
    ProjectChanged,
    ProjectCreated,
    StartMachine,
)
from aether.machines.errors import NotRunning, ProjectNotFound

from .conftest import Box

KEY = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()


async def test_a_project_is_made_stopped_and_told_of_once(box: Box) -> None:
    project = await box.create("My Project")
    assert (project.status, project.slug, project.size) == ("stopped", "my-project", "small")
    assert [e.project for e in await box.said(ProjectCreated)] == [project]
    assert await box.view(project) == project


async def test_a_started_machine_is_told_of_and_can_be_entered(box: Box) -> None:
    project = await box.create()
    starting = await box.about(StartMachine, project)
    assert starting.status == "starting"
    await box.settle(project)
    running = await box.view(project)
    assert running.status == "running"
    assert running.machine is not None
    [started] = await box.said(MachineStarted)
    assert started.machine_id == running.machine.id
    assert [e.project.status for e in await box.said(ProjectChanged)] == ["starting", "running"]
    way = await box.ask(IssueSshCertificate(project_id=project.id, public_key=KEY))
    assert (way.machine_id, way.username, way.port) == (running.machine.id, "dev", 40001)


async def test_another_accounts_project_is_as_missing_as_none(box: Box) -> None:
    project = await box.create()
    with pytest.raises(ProjectNotFound):
        await box.ask(GetProject(account_id=AccountId(new_id()), project_id=project.id))


async def test_a_certificate_is_refused_unless_the_machine_runs(box: Box) -> None:
    project = await box.create()
    with pytest.raises(NotRunning, match="stopped"):
        await box.ask(IssueSshCertificate(project_id=project.id, public_key=KEY))
