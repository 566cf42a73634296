"""The connection to a machine: what it brings, what answers on it, and that it comes back by itself."""

import asyncio
import json
import os
import stat
from collections.abc import Mapping

import asyncssh
import pytest

from aether.agents.adapters.machine import links as links_module
from aether.agents.domain.launch import File
from aether.agents.settings import AgentsSettings
from aether.contracts.ids import AccountId, ProjectId
from aether.contracts.machines import PlaceHold
from aether.kit.postgres import Database, DatabaseAway
from aether.kit.ssh import MachineUnreachable
from aether.testkit.eventually import eventually

from .conftest import Box, Service, in_machine


async def test_a_machine_is_answered_on_its_own_socket(box: Box, service: Service) -> None:
    await service.begin(box)
    answer = await box.ask("PUT", "/v1/holds/build", json={"expires_in": 60})
    assert answer.status_code == 204, answer.text
    (hold,) = service.bus.asked
    assert isinstance(hold, PlaceHold)
    assert (hold.account_id, hold.project_id, hold.name) == (box.account, box.project, "build")


async def test_each_socket_speaks_for_its_own_machine(box: Box, other_box: Box, service: Service) -> None:
    await service.begin(box)
    await service.begin(other_box)
    _, secret = box.secret_for(service)
    for each in (box, other_box):
        claims = {"project_id": str(box.project), "X-Aether-Project": str(box.project)}
        await each.ask("PUT", "/v1/holds/build", json={"expires_in": 60, **claims}, headers=claims)
        assert isinstance(service.bus.asked[-1], PlaceHold)
        assert service.bus.asked[-1].project_id == each.project
    mine = {"Authorization": f"Bearer {secret}"}
    assert (await box.ask("POST", "/v1/agent/hooks/stop", headers=mine, json={})).status_code == 204
    assert (await other_box.ask("POST", "/v1/agent/hooks/stop", headers=mine, json={})).status_code == 401
    assert len(service.runs.hooks) == 1


async def test_the_socket_is_open_to_its_machines_user_alone(box: Box, service: Service) -> None:
    link = await service.begin(box)
    for folder in (box.socket.parent, box.place):
        status = folder.stat()
        assert stat.S_IMODE(status.st_mode) == 0o700
        assert status.st_uid == box.machine.home.stat().st_uid
    assert link.socket == str(box.socket)
    assert link.place == str(box.place)


async def test_a_folder_that_somebody_else_made_is_not_used(box: Box, service: Service) -> None:
    trap = box.machine.folder / "trap"
    trap.mkdir(mode=0o777)
    box.socket.parent.symlink_to(trap)
    service.issuers[box.project] = box.machine
    await service.started(box.known)
    keeper, _ = service.links._keepers[box.project]
    await eventually(lambda: "not this machine's own folder" in keeper.refusal.detail)
    assert not list(trap.iterdir())
    box.socket.parent.unlink()
    await service.links.get(box.project)
    await eventually(box.answers)


async def test_the_machine_gets_its_program_its_keys_and_who_may_enter(box: Box, service: Service) -> None:
    service.keys.plain = {"NPM_TOKEN": "it's a\nsecret", "NOT A NAME": "x"}
    service.tokens.given = ["ssh-ed25519 AAAA ada"]
    link = await service.begin(box)
    said = await in_machine(link, f'. {box.place}/env; printf %s "$NPM_TOKEN"; command -v aether >/dev/null')
    assert said.stdout == "it's a\nsecret"
    authorized = box.machine.home / ".aether" / "authorized_keys"
    assert authorized.read_text() == "ssh-ed25519 AAAA ada\n"
    assert stat.S_IMODE(authorized.stat().st_mode) == 0o600
    assert stat.S_IMODE((box.place / "env").stat().st_mode) == 0o600
    assert os.access(link.program, os.X_OK)


async def test_a_changed_key_is_in_the_machine_soon(box: Box, service: Service) -> None:
    service.keys.plain = {"NPM_TOKEN": "one"}
    await service.begin(box)
    service.keys.plain = {"NPM_TOKEN": "two"}
    service.tokens.given = ["ssh-ed25519 BBBB eve"]
    service.links.refit(box.account)
    await eventually(lambda: "two" in (box.place / "env").read_text(), within=5)
    assert "eve" in (box.machine.home / ".aether" / "authorized_keys").read_text()
    assert await box.answers(), "the socket stays where it is"
    service.keys.plain = {}
    service.links.refit(box.account, box.project)
    await eventually(lambda: "NPM_TOKEN" not in (box.place / "env").read_text(), within=5)


async def test_a_database_that_is_away_ends_no_connection(
    box: Box, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.begin(box)
    connected = await service.links._connections.get(box.project)
    before, tries = service.keys.injected, []

    async def away_at_first(account_id: AccountId, project_id: ProjectId) -> Mapping[str, str]:
        tries.append(project_id)
        if len(tries) < 3:
            raise DatabaseAway("It is away.")
        return {**await before(account_id, project_id), "LATE": "but there"}

    monkeypatch.setattr(service.keys, "injected", away_at_first)
    service.links.refit(box.account)
    await eventually(lambda: "but there" in (box.place / "env").read_text())
    assert not connected.connection.is_closed()


async def test_a_connection_that_breaks_comes_back_with_the_same_port(box: Box, service: Service) -> None:
    before = await service.begin(box)
    for _ in range(3):
        box.machine.cut()
        await eventually(box.answers)
        after = await service.links.get(box.project)
        assert after.broker == before.broker
        assert (await in_machine(after, "echo here")).stdout == "here\n"


async def test_a_link_outlives_the_connection_it_was_made_on(box: Box, service: Service) -> None:
    link = await service.begin(box)
    box.machine.cut()
    assert (await in_machine(link, "pwd")).stdout.strip() == link.workspace


async def test_another_connection_takes_the_place_of_one_that_hangs(
    box: Box, service: Service, database: Database
) -> None:
    before = await service.begin(box)
    _, task = service.links._keepers.pop(box.project)
    successor = Service(database)
    try:
        # The first process is frozen: its connection stands and holds the port, and it renews nothing.
        service.links._closing = True
        async with database.transaction() as db:
            await db.execute("UPDATE agents.machine SET owned_until = now() - interval '1 second'")
        successor.issuers[box.project] = box.machine
        successor.start()
        await eventually(lambda: box.project in successor.links._keepers)
        after = await successor.links.get(box.project)
        assert after.broker == before.broker
        await box.ask("PUT", "/v1/holds/build", json={"expires_in": 60})
        assert (len(service.bus.asked), len(successor.bus.asked)) == (0, 1)
    finally:
        task.cancel()
        await successor.stop()


async def test_what_an_orderly_stop_leaves_is_taken_at_once(
    box: Box, service: Service, database: Database
) -> None:
    before = await service.begin(box)
    await service.links.close()
    successor = Service(database)
    successor.issuers[box.project] = box.machine
    successor.start()
    try:
        await eventually(box.answers, within=5)
        assert (await successor.links.get(box.project)).broker == before.broker
    finally:
        await successor.stop()


async def test_a_process_that_is_killed_and_started_again_has_its_machines_at_once(
    box: Box, service: Service, database: Database
) -> None:
    before = await service.begin(box)
    await service.end()
    again = Service(database)
    again.links._me = service.links._me
    again.issuers[box.project] = box.machine
    again.start()
    try:
        assert (await again.links.get(box.project)).broker == before.broker
        assert again.links._keepers
    finally:
        await again.stop()


def test_a_process_is_known_by_where_it_listens() -> None:
    one, other = AgentsSettings(port=1), AgentsSettings(port=2)
    assert links_module.identity(one) == links_module.identity(AgentsSettings(port=1))
    assert links_module.identity(one) != links_module.identity(other)


async def test_a_replica_works_in_a_machine_that_another_keeps(
    box: Box, service: Service, database: Database
) -> None:
    kept = await service.begin(box)
    replica = Service(database)
    replica.issuers[box.project] = box.machine
    replica.start()
    try:
        link = await replica.links.get(box.project)
        assert link.broker == kept.broker
        assert (await in_machine(link, "echo here")).stdout == "here\n"
        assert not replica.links._keepers
        await box.ask("GET", "/v1/keys/NONE")
        service.keys.plain = {"NPM_TOKEN": "told by the replica"}
        replica.links.refit(box.account)
        await eventually(lambda: "told by the replica" in (box.place / "env").read_text(), within=5)
    finally:
        await replica.stop()


async def test_another_host_key_is_not_spoken_to(box: Box, service: Service) -> None:
    await service.begin(box)
    swapped = asyncssh.generate_private_key("ssh-ed25519")
    (box.machine.folder / "host_key").write_bytes(swapped.export_private_key())
    service.keys.plain = {"NPM_TOKEN": "not for strangers"}
    box.machine.cut()
    keeper, _ = service.links._keepers[box.project]
    await eventually(lambda: "may be starting" in keeper.refusal.detail)
    with pytest.raises(MachineUnreachable):
        await keeper._stand()
    assert not await box.answers()
    assert "strangers" not in (box.place / "env").read_text()


async def test_a_stopped_machine_is_let_go_of(box: Box, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    await service.begin(box)
    monkeypatch.setattr(links_module, "READY_SECONDS", 0.2)
    await service.stopped(box.project)
    with pytest.raises(MachineUnreachable, match="does not run"):
        await service.links.get(box.project)
    assert not await box.answers()


async def test_the_next_generation_begins_with_nothing_of_the_one_before(box: Box, service: Service) -> None:
    first = await service.begin(box)
    await first.write([File(f"{first.place}/runs/1/secret", "of a run that is over")])
    box.machine.generation = 2
    second = await service.begin(box)
    assert second.machine.generation == 2
    await eventually(lambda: not (box.place / "runs").exists())
    await eventually(box.answers)


async def test_a_late_word_of_an_earlier_stop_ends_nothing(box: Box, service: Service) -> None:
    box.machine.generation = 2
    await service.begin(box)
    await service.stopped(box.project, 1)
    assert await box.answers()
    await service.stopped(box.project, 2)
    await eventually(lambda: box.project not in service.links._keepers)
    assert not await box.answers()


async def test_nothing_is_asked_of_a_machine_that_was_replaced_unsaid(box: Box, service: Service) -> None:
    box.machine.generation = 2
    service.issuers[box.project] = box.machine
    old = type(box.known)(box.project, box.account, box.machine.id, 1)
    await service.started(old)
    keeper, _ = service.links._keepers[box.project]
    await eventually(lambda: "replaced" in keeper.refusal.detail)
    assert not box.socket.exists()


async def test_files_are_written_whole_and_merged_into_what_is_there(box: Box, service: Service) -> None:
    link = await service.begin(box)
    text = "it's \\ 100 %\n\tno newline at the end €"
    await link.write(
        [
            File("~/new folder/a'b", text, 0o640),
            File("~/.claude.json", '{"projects": {"/w": {"trusted": true}}, "approved": ["b"]}', merge=True),
        ]
    )
    written = box.machine.home / "new folder" / "a'b"
    assert written.read_text() == text
    assert stat.S_IMODE(written.stat().st_mode) == 0o640
    settings = box.machine.home / ".claude.json"
    settings.write_text('{"theme": "dark", "projects": {"/v": {}}, "approved": ["a"]}')
    merge = File("~/.claude.json", '{"projects": {"/w": {"trusted": true}}, "approved": ["b"]}', merge=True)
    await link.write([merge])
    assert json.loads(settings.read_text()) == {
        "theme": "dark",
        "projects": {"/v": {}, "/w": {"trusted": True}},
        "approved": ["a", "b"],
    }
    settings.write_text("not JSON")
    await link.write([merge])
    assert settings.read_text() == "not JSON"
    assert not list(box.machine.home.rglob("*.aether-*"))


async def test_what_cannot_be_written_is_refused(box: Box, service: Service) -> None:
    link = await service.begin(box)
    with pytest.raises(MachineUnreachable):
        await link.write([File("/proc/nothing/here", "x")])


async def test_a_command_has_its_input_its_status_and_an_end(box: Box, service: Service) -> None:
    box.machine.env = {"GREETING": "it's\nyou"}
    link = await service.begin(box)
    output = await link.execute('cat; printf "%s" "$GREETING" >&2; exit 7', b"in\0put")
    assert (output.status, output.stdout, output.stderr) == (7, "in\0put", "it's\nyou")
    assert (await link.execute("kill -9 $$")).status != 0
    late = await link.execute("echo before; sleep 1000", timeout=0.5)
    assert (late.status, late.stdout) == (None, "before\n")
    long = await link.execute("head -c 3000000 /dev/zero | tr '\\0' x")
    assert (long.status, len(long.stdout)) == (0, 1024 * 1024)


async def test_many_commands_take_turns(box: Box, service: Service) -> None:
    sshd = box.machine.folder / "sshd_config"
    sshd.write_text(sshd.read_text().replace("MaxSessions 1000", "MaxSessions 10"))
    link = await service.begin(box)
    box.machine.cut()
    outputs = await asyncio.gather(*(link.execute(f"sleep 0.05; echo {n}") for n in range(30)))
    assert [output.stdout for output in outputs] == [f"{n}\n" for n in range(30)]


async def test_no_secret_is_in_any_argument_or_log(
    box: Box, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    service.keys.plain = {"NPM_TOKEN": "canary-4711"}
    link = await service.begin(box)
    watching = await link.execute(
        "for file in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$file; done; printf %s \"$SECRET\"", timeout=5
    )
    assert "canary" not in watching.stdout
    assert "canary-4711" not in caplog.text
