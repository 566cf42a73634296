"""Orders and questions, as the gateway and the terminal service put them."""

import asyncio
import time
from typing import Any

import asyncssh
import pytest

from aether.contracts.command import Command
from aether.contracts.files import FilesChanged
from aether.contracts.ids import AccountId, PersonId, new_id
from aether.contracts.machines import (
    DeleteProject,
    GetProject,
    GetProjectBySlug,
    GetSshIdentity,
    IssueSshCertificate,
    ListProjects,
    MachineStarted,
    PlaceHold,
    ProjectChanged,
    ProjectCreated,
    ReleaseHold,
    RestartMachine,
    StartMachine,
    StopMachine,
    UpdateProject,
)
from aether.contracts.problem import Refusal
from aether.contracts.terminal import ActivitySeen
from aether.kit.postgres import AlreadyHandled
from aether.machines.domain.environment import machine_env
from aether.machines.errors import Invalid, NotRunning, ProjectNotFound, TooMany
from aether.machines.handlers import notice_activity, notice_edit

from .conftest import Box

KEY = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
CANARY = "canary-7f3a9"
OF_A_PROJECT: list[tuple[type[Command[Any]], dict[str, Any]]] = [
    (GetProject, {}),
    (GetSshIdentity, {}),
    (UpdateProject, {"name": "Other"}),
    (DeleteProject, {}),
    (StartMachine, {}),
    (StopMachine, {}),
    (RestartMachine, {}),
    (PlaceHold, {"name": "a", "expires_in": 60}),
    (ReleaseHold, {"name": "a"}),
]


# Projects


async def test_a_project_is_made_stopped_and_told_of_once(box: Box) -> None:
    project = await box.create("My Project")
    assert (project.status, project.slug, project.size) == ("stopped", "my-project", "small")
    assert [e.project for e in await box.said(ProjectCreated)] == [project]
    assert await box.view(project) == project


async def test_the_same_key_makes_the_project_once(box: Box) -> None:
    made = await asyncio.gather(*(box.create("Once", idempotency_key="k1") for _ in range(6)))
    assert {project.id for project in made} == {made[0].id}
    assert len(await box.said(ProjectCreated)) == 1
    assert (await box.create("Once", idempotency_key="k2")).id != made[0].id


async def test_a_key_of_a_deleted_project_is_said_to_be_so(box: Box) -> None:
    project = await box.create("Once", idempotency_key="k1")
    await box.about(DeleteProject, project)
    with pytest.raises(ProjectNotFound, match="deleted since"):
        await box.create("Once", idempotency_key="k1")


async def test_a_taken_slug_gets_a_short_suffix_in_any_account(box: Box) -> None:
    first = await box.create("Demo")
    box.account = AccountId(new_id())
    second = await box.create("Demo")
    assert first.slug == "demo"
    assert second.slug.startswith("demo-")
    assert len(second.slug) == len("demo-") + 4


async def test_a_slug_is_free_again_after_its_project_is_deleted(box: Box) -> None:
    project = await box.create("Demo")
    await box.about(DeleteProject, project)
    assert (await box.create("Demo")).slug == "demo"


@pytest.mark.parametrize(
    ("wishes", "field"),
    [
        ({"name": " "}, "name"),
        ({"repo_url": "ext::sh"}, "repo_url"),
        ({"repo_url": "https://example.com/r", "branch": "-x"}, "branch"),
        ({"size": "huge"}, "size"),
        ({"provider": "moon"}, "provider"),
        ({"idle_minutes": 4}, "idle_minutes"),
        ({"env": {"LD_PRELOAD": "x"}}, "env"),
        ({"idempotency_key": "\0"}, "idempotency_key"),
    ],
)
async def test_a_wrong_wish_is_refused_with_its_field_and_leaves_nothing(
    box: Box, wishes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await box.create(**wishes)
    assert refused.value.errors[0].field == field
    assert await box.count("SELECT count(*) FROM machines.project") == 0


async def test_projects_are_listed_newest_first_and_page_by_page(box: Box) -> None:
    made = [(await box.create(f"P{n}")).id for n in range(5)]
    listed, cursor = [], None
    while True:
        page = await box.ask(ListProjects(account_id=box.account, cursor=cursor, limit=2))
        listed += [project.id for project in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert listed == made[::-1]


async def test_a_cursor_that_is_none_is_refused(box: Box) -> None:
    with pytest.raises(Invalid):
        await box.ask(ListProjects(account_id=box.account, cursor="x' OR 1=1"))


async def test_what_is_not_given_stays_as_it_is(box: Box) -> None:
    project = await box.create(env={"A": "1"})
    changed = await box.about(UpdateProject, project, name="New", recording=False)
    assert (changed.name, changed.slug, changed.idle_minutes, changed.recording) == ("New", "demo", 30, False)
    assert box.machines.env_of(await box.whole(project)) == {"A": "1"}


async def test_a_change_that_changes_nothing_is_not_told(box: Box) -> None:
    project = await box.create()
    assert (await box.about(UpdateProject, project, name="Demo")).version == project.version
    assert await box.said(ProjectChanged) == []


@pytest.mark.parametrize(("command", "more"), OF_A_PROJECT)
async def test_another_accounts_project_is_as_missing_as_none(
    box: Box, command: type[Command[Any]], more: dict[str, Any]
) -> None:
    project = await box.running()
    before = await box.whole(project)
    box.account = AccountId(new_id())
    with pytest.raises(ProjectNotFound):
        await box.about(command, project, **more)
    assert await box.whole(project) == before


@pytest.mark.parametrize(("command", "more"), OF_A_PROJECT)
async def test_a_deleted_project_is_missing_at_once(
    box: Box, command: type[Command[Any]], more: dict[str, Any]
) -> None:
    project = await box.running()
    await box.about(DeleteProject, project)
    with pytest.raises(ProjectNotFound):
        await box.about(command, project, **more)


# What an account may have


async def test_an_account_runs_so_many_machines_and_not_one_more_however_fast_it_asks(box: Box) -> None:
    box.machines.settings = box.machines.settings.model_copy(update={"running_per_account": 3})
    made = [await box.create() for _ in range(8)]
    answers = await asyncio.gather(*(box.about(StartMachine, project) for project in made), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, TooMany)]
    assert len(refused) == 5
    assert "at most 3 machines" in refused[0].detail
    started = next(answer for answer in answers if not isinstance(answer, BaseException))
    await box.about(StopMachine, started)
    views = [await box.view(project) for project in made]
    assert await box.about(StartMachine, next(view for view in views if view.status == "stopped"))


async def test_an_account_makes_so_many_projects_and_not_one_more(box: Box) -> None:
    box.machines.settings = box.machines.settings.model_copy(update={"projects_per_account": 2})
    answers = await asyncio.gather(*(box.create() for _ in range(5)), return_exceptions=True)
    assert [type(answer) for answer in answers].count(TooMany) == 3


# Certificates


async def test_a_started_machine_is_told_of_and_can_be_entered(box: Box) -> None:
    project = await box.create(env={"COLOUR": "blue"})
    assert (await box.about(StartMachine, project)).status == "starting"
    await box.settle(project)
    running = await box.view(project)
    assert running.machine is not None
    [started] = await box.said(MachineStarted)
    assert started.machine_id == running.machine.id
    assert [e.project.status for e in await box.said(ProjectChanged)] == ["starting", "running"]
    way = await box.ask(IssueSshCertificate(project_id=project.id, public_key=KEY))
    assert (way.machine_id, way.username, way.port) == (running.machine.id, "dev", 40001)
    assert way.env == {"COLOUR": "blue", **machine_env(running.machine.id, "https://github.com")}
    assert box.provider.specs[-1].env == way.env


async def test_a_machine_is_known_by_the_same_key_whether_it_runs_or_not(box: Box) -> None:
    project = await box.create("My Project")
    before = await box.about(GetSshIdentity, project)
    assert (before.slug, before.username) == ("my-project", "dev")
    await box.about(StartMachine, project)
    await box.settle(project)
    way = await box.ask(IssueSshCertificate(project_id=project.id, public_key=KEY))
    assert await box.about(GetSshIdentity, project) == before
    assert before.host_key == way.host_key


async def test_a_certificate_is_for_one_machine_and_five_minutes(box: Box) -> None:
    project = await box.running()
    way = await box.ask(IssueSshCertificate(project_id=project.id, public_key=KEY))
    certificate = asyncssh.import_certificate(way.certificate)
    assert isinstance(certificate, asyncssh.SSHCertificate)
    now = int(box.clock.time())
    read: Any = certificate
    assert read.principals == [str(way.machine_id)]
    assert (read._valid_after, read._valid_before) == (now - 60, now + 300)
    assert set(read.options) == {"permit-pty", "permit-port-forwarding"}
    assert read.signing_key.export_public_key().decode().strip() == box.machines.authority.public_key


@pytest.mark.parametrize("status", ["stopped", "starting", "stopping", "deleted"])
async def test_a_certificate_is_refused_unless_the_machine_runs(box: Box, status: str) -> None:
    project = await (box.create() if status in ("stopped", "starting") else box.running())
    wanted: dict[str, type[Command[Any]]] = {
        "starting": StartMachine, "stopping": StopMachine, "deleted": DeleteProject
    }  # fmt: skip
    if status in wanted:
        await box.about(wanted[status], project)
    with pytest.raises(Refusal) as refused:
        await box.ask(IssueSshCertificate(project_id=project.id, public_key=KEY))
    assert isinstance(refused.value, ProjectNotFound if status == "deleted" else NotRunning)


def ecdsa() -> str:
    return asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        f"{KEY}\n{KEY}",
        f"cert-authority {KEY}",
        ecdsa(),
        KEY + "x" * 2000,
        KEY[:-5],
    ],
    ids=lambda key: key[:12],
)
async def test_what_is_not_one_ed25519_key_is_not_signed(box: Box, key: str) -> None:
    project = await box.running()
    with pytest.raises(Invalid):
        await box.ask(IssueSshCertificate(project_id=project.id, public_key=key))


async def test_a_certificate_takes_milliseconds(box: Box) -> None:
    project = await box.running()
    took = []
    for _ in range(40):
        began = time.perf_counter()
        await box.ask(IssueSshCertificate(project_id=project.id, public_key=KEY))
        took.append(time.perf_counter() - began)
    # The fastest of many, because the host has other things to do too.
    assert min(took) < 0.005


# Secrets


async def test_no_secret_lies_open_in_the_database_or_in_what_is_said(box: Box) -> None:
    project = await box.running(env={"API_KEY": CANARY})
    key = box.provider.specs[0].identity.private_key.splitlines()[2].encode()
    async with box.machines.reading() as db:
        tables = await db.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'machines'")
        for table in tables:
            rows = await db.fetch(f'SELECT * FROM machines."{table["tablename"]}"')
            for secret in (CANARY.encode(), key):
                assert all(secret not in _bytes(value) for row in rows for value in row.values())
    assert CANARY not in repr(await box.whole(project))
    assert CANARY not in repr(box.provider.specs)


async def test_the_variables_of_one_project_do_not_open_in_another(box: Box) -> None:
    one, other = await box.create("One", env={"A": "1"}), await box.create("Other")
    async with box.machines.transaction() as db:
        await db.execute(
            """UPDATE machines.project SET env_sealed =
               (SELECT env_sealed FROM machines.project WHERE id = $1) WHERE id = $2""",
            one.id,
            other.id,
        )
    with pytest.raises(Exception, match="does not open"):
        box.machines.env_of(await box.whole(other))


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


# Activity and holds


def activity(box: Box, project: Any, account: AccountId | None = None) -> ActivitySeen:
    return ActivitySeen(
        account_id=account or box.account, project_id=project.id, kind="input", seen_at=box.clock.now()
    )


async def test_input_moves_the_time_at_which_it_stops_and_the_page_is_told(box: Box) -> None:
    project = await box.running()
    assert project.stops_at is not None
    box.clock.advance(600)
    event = activity(box, project)
    await notice_activity(event, box.machines)
    view = await box.view(project)
    assert view.stops_at is not None
    assert (view.stops_at - project.stops_at).total_seconds() == 600
    assert (await box.said(ProjectChanged))[-1].project == view
    with pytest.raises(AlreadyHandled):
        await notice_activity(event, box.machines)


async def test_an_edit_in_the_files_keeps_it_awake_as_typing_does(box: Box) -> None:
    project = await box.running()
    assert project.stops_at is not None
    box.clock.advance(600)
    event = FilesChanged(
        account_id=box.account, project_id=project.id, person_id=PersonId(new_id()), changed_at=box.clock.now()
    )
    await notice_edit(event, box.machines)
    view = await box.view(project)
    assert view.stops_at is not None
    assert (view.stops_at - project.stops_at).total_seconds() == 600


async def test_an_address_names_one_project_until_that_is_deleted(box: Box) -> None:
    project = await box.create("Web")
    assert (await box.ask(GetProjectBySlug(slug=project.slug))).id == project.id
    await box.ask(DeleteProject(account_id=box.account, project_id=project.id))
    with pytest.raises(ProjectNotFound):
        await box.ask(GetProjectBySlug(slug=project.slug))


async def test_input_in_a_project_that_is_gone_or_foreign_is_of_no_consequence(box: Box) -> None:
    project = await box.running()
    before = await box.whole(project)
    box.clock.advance(600)
    await notice_activity(activity(box, project, AccountId(new_id())), box.machines)
    assert await box.whole(project) == before


async def test_a_hold_is_placed_renewed_and_released(box: Box) -> None:
    project = await box.running()
    for seconds in (60, 3600):
        held = await box.about(PlaceHold, project, name="agent", expires_in=seconds)
    assert [(reason.kind, reason.name) for reason in held.awake_because] == [("hold", "agent"), ("input", "")]
    for _ in range(2):
        released = await box.about(ReleaseHold, project, name="agent")
    assert [reason.kind for reason in released.awake_because] == ["input"]
