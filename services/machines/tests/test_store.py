"""What the database itself keeps true, and who may work on what."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from aether.contracts.machines import StopMachine
from aether.kit.postgres import Database
from aether.kit.vault import Vault, VaultRefused, new_keyset
from aether.machines.authority import Authority
from aether.machines.store import projects
from aether.machines.store.claims import Claims
from aether.testkit.eventually import eventually
from aether.testkit.postgres import EmbeddedPostgres, PostgresServer

from .conftest import Box


async def test_a_project_is_read_as_it_was_written(box: Box) -> None:
    view = await box.running(repo_url="https://example.com/r", branch="main", env={"A": "1"})
    written = await box.whole(view)
    async with box.machines.transaction() as db:
        assert await projects.lock(db, view.id) == written
    assert written.machine is not None
    assert written.interval is not None
    assert written.intent is None


@pytest.mark.parametrize(
    "sql",
    [
        """INSERT INTO machines.run_interval (id, account_id, project_id, machine_id, started_at, last_tick_at)
           SELECT gen_random_uuid(), account_id, project_id, machine_id, now(), now()
           FROM machines.run_interval""",
        """INSERT INTO machines.intent (operation_id, project_id, kind, state, headers, not_before, created_at)
           SELECT gen_random_uuid(), id, kind, 'open', '{}', now(), now()
           FROM machines.project, (VALUES ('start'), ('stop')) AS k (kind)""",
        """UPDATE machines.run_interval SET stopped_at = started_at - interval '1 second'""",
    ],
    ids=["a second open interval", "a second open intent", "an end before the beginning"],
)
async def test_the_schema_forbids(box: Box, sql: str) -> None:
    await box.running()
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        async with box.machines.transaction() as db:
            await db.execute(sql)


async def test_a_change_that_fails_leaves_state_and_outbox_as_they_were(box: Box) -> None:
    project = await box.running()
    before = await box.whole(project)
    said = await box.count("SELECT count(*) FROM machines.outbox")

    async def half() -> None:
        async with box.machines.transaction() as db:
            await box.machines.change_in(db, project.id, lambda p, now: p.asked_to_stop(now, {}))
            raise RuntimeError("the process died here")

    with pytest.raises(RuntimeError):
        await half()
    assert await box.whole(project) == before
    assert await box.count("SELECT count(*) FROM machines.outbox") == said


async def test_what_is_put_off_is_not_due_until_then(box: Box) -> None:
    project = await box.running()
    box.provider.rule("stop", "unavailable")
    await box.about(StopMachine, project)
    await box.settle(project)
    longest = timedelta(seconds=30)
    async with box.machines.reading() as db:
        assert await projects.due(db, box.clock.now(), longest) == []
        assert await projects.due(db, box.clock.advance(1), longest) == [project.id]


async def test_a_claim_is_held_by_one_task_of_one_process(box: Box) -> None:
    one, other = Claims(box.url), Claims(box.url)
    async with (
        one.held("x") as first,
        one.held("x") as again,
        other.held("x") as foreign,
        other.held("y") as else_,
    ):
        assert (first, again, foreign, else_) == (True, False, False, True)
    async with other.held("x") as free:
        assert free
    await one.close()
    await other.close()


async def test_the_claims_of_a_process_that_died_are_free_at_once(box: Box) -> None:
    dying, other = Claims(box.url), Claims(box.url)
    entered: Any = dying.held("x")
    assert await entered.__aenter__()
    await dying.close()

    async def free() -> bool:
        async with other.held("x") as mine:
            return mine

    await eventually(free)
    await other.close()


async def test_claims_come_back_with_postgres(server_folder: Any) -> None:
    folder = server_folder / "claims"
    folder.mkdir(mode=0o711)
    server = EmbeddedPostgres(folder)
    server.start()
    claims = Claims(server.url)
    async with claims.held("x") as before:
        assert before
    server.kill()
    async with claims.held("x") as away:
        assert not away
    server.start()
    async with claims.held("x") as after:
        assert after
    await claims.close()
    server.close()


async def test_the_authority_is_one_for_ever_and_opens_with_its_keyset_only(
    postgres_server: PostgresServer, migrated: str
) -> None:
    url = await postgres_server.create_database(template=migrated)
    vault = Vault(new_keyset())
    async with Database.connect(url, "machines") as database:
        first = await Authority.open(database, vault)
        assert (await Authority.open(database, vault)).public_key == first.public_key
        with pytest.raises(VaultRefused):
            await Authority.open(database, Vault(new_keyset()))
    await postgres_server.drop_database(url)
