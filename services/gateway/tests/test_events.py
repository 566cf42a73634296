"""Server-sent events: what a screen is told, also after it was away."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from aether.contracts.ids import AccountId, ProjectId, TerminalId, new_id
from aether.contracts.machines import ProjectChanged, ProjectDeleted
from aether.contracts.terminal import PortsChanged, TerminalSignal
from aether.gateway.store import feed
from aether.testkit.events import listening
from aether.testkit.eventually import eventually
from aether.testkit.gateway import Stand


async def changed(stand: Stand, shown: dict[str, Any], **changes: Any) -> None:
    """Tell of a change to a project, as machines does."""
    view = stand.machines.projects[ProjectId(UUID(shown["id"]))]
    view = stand.machines.change(view, **changes)
    await stand.say(ProjectChanged(account_id=view.account_id, project_id=view.id, project=view))


async def test_a_change_arrives_as_the_whole_project_and_without_its_account(stand: Stand) -> None:
    person = await stand.person()
    project = await stand.project(person)
    async with listening(person) as stream:
        await changed(stand, project, name="new name")
        heard = await stream.next()
    assert heard.name == "project.changed"
    assert heard.data == (await person.get(f"/api/projects/{project['id']}")).json()
    assert "account_id" not in heard.data


async def test_others_hear_nothing_of_it(stand: Stand) -> None:
    ann, bob = await stand.person(), await stand.person()
    anns, bobs = await stand.project(ann), await stand.project(bob)
    async with listening(bob) as stream:
        await changed(stand, anns, name="anns")
        await changed(stand, bobs, name="bobs")
        assert (await stream.next()).data["name"] == "bobs"


async def test_who_comes_back_hears_what_was_missed_in_order_and_once(stand: Stand) -> None:
    person = await stand.person()
    project = await stand.project(person)
    async with listening(person) as stream:
        await changed(stand, project, name="n0")
        last = (await stream.next()).id
    for number in range(1, 6):
        await changed(stand, project, name=f"n{number}")
    async with listening(person, last) as stream:
        names = [(await stream.next()).data["name"] for _ in range(5)]
        last = stream.last_id
    assert names == ["n1", "n2", "n3", "n4", "n5"]
    async with listening(person, last) as stream:
        await stream.until_begun()
        await changed(stand, project, name="n6")
        assert (await stream.next()).data["name"] == "n6"


async def test_who_was_away_too_long_is_told_to_fetch_everything(stand: Stand) -> None:
    person = await stand.person()
    project = await stand.project(person)
    async with listening(person) as stream:
        for number in range(3):
            await changed(stand, project, name=f"n{number}")
        ids = [(await stream.next()).id for _ in range(3)]
    async with stand.gateway.database.transaction() as writer:
        await writer.execute("DELETE FROM gateway.feed WHERE seq <= $1", int(ids[1] or 0))
    for gone in ("0", "999999", "nonsense"):
        async with listening(person, gone) as stream:
            heard = await stream.next()
            assert (heard.name, heard.id) == ("reset", ids[2])
    async with listening(person, ids[1]) as stream:
        assert (await stream.next()).data["name"] == "n2"


async def test_a_version_older_than_one_seen_is_not_told(stand: Stand) -> None:
    person = await stand.person()
    project = await stand.project(person)
    view = stand.machines.projects[ProjectId(UUID(project["id"]))]
    async with listening(person) as stream:
        for version, name in ((9, "newest"), (7, "late"), (9, "again"), (10, "next")):
            shown = view.model_copy(update={"version": version, "name": name})
            await stand.say(ProjectChanged(account_id=view.account_id, project_id=view.id, project=shown))
        assert [(await stream.next()).data["name"] for _ in range(2)] == ["newest", "next"]


async def test_after_its_deletion_nothing_more_is_told_of_a_project(stand: Stand) -> None:
    person = await stand.person()
    project, other = await stand.project(person), await stand.project(person, "other")
    view = stand.machines.projects[ProjectId(UUID(project["id"]))]
    async with listening(person) as stream:
        await stand.say(ProjectDeleted(account_id=view.account_id, project_id=view.id))
        await changed(stand, project, name="late")
        assert (await stream.next()).name == "project.deleted"
        await changed(stand, other, name="other")
        assert (await stream.next()).data["name"] == "other"


async def test_a_bell_is_passed_on(stand: Stand) -> None:
    person = await stand.person()
    account = AccountId(UUID((await person.get("/api/me")).json()["account_id"]))
    ids = {"project_id": ProjectId(new_id()), "terminal_id": TerminalId(new_id())}
    async with listening(person) as stream:
        await stand.say(TerminalSignal(account_id=account, kind="notify", text="done", **ids))
        heard = await stream.next()
    assert heard.name == "terminal.signal"
    assert heard.data == {**{n: str(i) for n, i in ids.items()}, "kind": "notify", "text": "done"}


async def test_a_replayed_event_is_told_once(stand: Stand) -> None:
    person = await stand.person()
    view = stand.machines.projects[ProjectId(UUID((await stand.project(person))["id"]))]
    event = ProjectDeleted(account_id=view.account_id, project_id=view.id)
    await stand.say(event)
    async with stand.gateway.database.reading() as reader:
        told = "SELECT count(*) FROM gateway.feed WHERE account_id = $1"

        async def was_told() -> bool:
            return bool(await reader.fetchval(told, view.account_id) == 1)

        await eventually(was_told)
        assert stand.said is not None
        # Another message id, so that JetStream itself takes it for a new message.
        data = event.model_dump_json().encode()
        await stand.said.client.jetstream().publish(event.subject, data)
        inbox = "SELECT count(*) FROM gateway.inbox WHERE event_id = $1"
        assert await reader.fetchval(inbox, event.event_id) == 1
        await stand.say(ProjectDeleted(account_id=view.account_id, project_id=view.id))

        async def second_was_told() -> bool:
            return bool(await reader.fetchval(told, view.account_id) == 2)

        await eventually(second_was_told)


async def test_a_stream_ends_within_five_seconds_of_its_sessions_end_and_others_go_on(stand: Stand) -> None:
    person = await stand.person()
    program = stand.client(Authorization=f"Bearer {await stand.token(person)}")
    project = await stand.project(person)
    async with listening(person) as stream, listening(program) as other:
        session = (await person.get("/api/sessions")).json()["items"][0]["id"]
        assert (await person.delete(f"/api/sessions/{session}")).status_code == 204
        heard = await stream.next(within=5)
        assert (heard.name, heard.data) == ("account.revoked", {})
        with contextlib.suppress(StopAsyncIteration):
            await stream.next(within=5)
        await changed(stand, project, name="still told")
        assert (await other.next()).data["name"] == "still told"


async def test_a_stream_ends_when_another_replica_revoked_its_credential(stand: Stand) -> None:
    person = await stand.person()
    await eventually(stand.gateway.keyring._may_remember)
    async with listening(person) as stream:
        async with stand.gateway.database.transaction() as writer:
            row = await writer.fetchrow("DELETE FROM gateway.session RETURNING id, person_id")
            assert row is not None
            await feed.cut(writer, row["person_id"], row["id"])
        assert (await stream.next(within=5)).name == "account.revoked"
    assert (await person.get("/api/me")).status_code == 401


async def test_a_stream_ends_when_its_token_expires(stand: Stand) -> None:
    person = await stand.person()
    soon = (stand.clock.now() + timedelta(minutes=1)).isoformat()
    made = (await person.post("/api/tokens", json={"name": "x", "expires_at": soon})).json()
    program = stand.client(Authorization=f"Bearer {made['secret']}")
    async with listening(program) as stream:
        stand.clock.advance(61)
        assert (await stream.next(within=5)).name == "account.revoked"


async def test_streams_of_one_account_are_bounded(stand: Stand) -> None:
    person = await stand.person()
    account = AccountId(UUID((await person.get("/api/me")).json()["account_id"]))
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(stand.gateway.live.waiting(account, asyncio.Event()))
        answer = await person.get("/api/events")
    assert (answer.status_code, answer.json()["type"]) == (429, "too-many-streams")


async def test_a_stream_that_its_client_left_is_gone(stand: Stand) -> None:
    person = await stand.person()
    account = AccountId(UUID((await person.get("/api/me")).json()["account_id"]))
    async with listening(person):
        assert stand.gateway.live.count(account) == 1
    await eventually(lambda: stand.gateway.live.count(account) == 0)


async def test_a_feed_is_kept_for_a_day(stand: Stand) -> None:
    person = await stand.person()
    project = await stand.project(person)
    async with listening(person) as stream:
        await changed(stand, project, name="old")
        last = (await stream.next()).id
        await changed(stand, project, name="older than a day")
        await stream.next()
    from aether.gateway.store import limits

    async with stand.gateway.database.transaction() as writer:
        await limits.forget_old(writer, datetime.now(UTC) + timedelta(hours=25))
    async with listening(person, last) as stream:
        assert (await stream.next()).name == "reset"


async def test_screens_are_told_of_ports_as_they_come_and_go(stand: Stand) -> None:
    person = await stand.person()
    project = await stand.project(person)
    view = stand.terminals.listen(ProjectId(UUID(project["id"])), 5173)
    async with listening(person) as stream:
        await stand.say(PortsChanged(account_id=view.account_id, project_id=view.project_id, ports=[view]))
        heard = await stream.next()
    assert heard.name == "ports.changed"
    assert heard.data["project_id"] == project["id"]
    shown = [(port["port"], port["url"], port["listening"]) for port in heard.data["ports"]]
    assert shown == [(5173, stand.preview(project, 5173), True)]
    assert "account_id" not in heard.data["ports"][0]
