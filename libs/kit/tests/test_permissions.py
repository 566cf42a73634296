"""Each service may say and hear what its contracts say, and the server refuses it everything else."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client

from aether.cli.embedded.nats import NatsUser
from aether.cli.embedded.nkeys import new_seed, public_key
from aether.contracts import catalog
from aether.contracts.command import COMMANDS, Command, Reply, served_by
from aether.contracts.event import EVENTS, consumed_by
from aether.contracts.ids import AccountId, new_id
from aether.contracts.machines import MachineStarted, StartMachine
from aether.contracts.permissions import inbox_prefix, permissions
from aether.contracts.service import Service
from aether.contracts.terminal import ListTerminals, TerminalList
from aether.kit.bus import Bus
from aether.kit.consumer import Ear
from aether.kit.migrate import migrate
from aether.kit.postgres import Database
from aether.kit.provision import provision_streams
from aether.testkit.eventually import eventually
from aether.testkit.nats import EmbeddedNats

assert catalog.EVENTS

DENIED = re.compile(r"permissions violation for (?:publish|subscription) to \"([^\"]+)\"", re.I)


class Guarded:
    """A server that lets each service in by its own key, and an administrator by another."""

    def __init__(self, folder: Path) -> None:
        self.seeds = {name: folder / f"{name}.seed" for name in (*Service, "admin")}
        users = []
        for name, file in self.seeds.items():
            seed = new_seed()
            file.write_text(seed)
            allowed = permissions(name) if isinstance(name, Service) else None
            users.append(
                NatsUser(public_key(seed), allowed.publish, allowed.subscribe)
                if allowed
                else NatsUser(public_key(seed))
            )
        self.server = EmbeddedNats(folder, users)

    @asynccontextmanager
    async def bus(self, service: Service, key_of: Service | None = None) -> AsyncIterator[Bus]:
        async with Bus.connect(self.server.url, service, seed_file=self.seeds[key_of or service]) as bus:
            yield bus


@pytest.fixture(scope="module")
def guarded(server_folder: Path) -> Iterator[Guarded]:
    folder = server_folder / "guarded"
    folder.mkdir()
    guarded = Guarded(folder)
    guarded.server.start()
    yield guarded
    guarded.server.close()


@pytest.fixture
async def provisioned(guarded: Guarded) -> Guarded:
    await provision_streams(guarded.server.url, seed_file=guarded.seeds["admin"])
    return guarded


def everything() -> list[str]:
    """Every subject that any service uses, those of JetStream's own interface, and some nobody may touch."""
    spoken = {subject for service in Service for subject in permissions(service).publish}
    heard = {subject for service in Service for subject in permissions(service).subscribe}
    nobodys = {
        "machine.started.v9",
        "rpc.machines.no_such_thing.v1",
        "$JS.API.STREAM.DELETE.PROJECTS",
        "$JS.API.STREAM.MSG.GET.PROJECTS",
        "$JS.API.CONSUMER.CREATE.PROJECTS",
        "$JS.API.CONSUMER.DELETE.PROJECTS.terminal",
        "$SYS.REQ.SERVER.PING",
        "_INBOX.somebody",
    }
    return sorted({*EVENTS, *COMMANDS, *spoken, *heard, *nobodys})


def literal(subject: str) -> str:
    """A subject that one may publish to: a wildcard's place taken by a word."""
    return subject.replace(">", "1.2.3")


def as_asked(verb: str) -> Callable[[str], str]:
    return literal if verb == "publish" else str


async def refused(guarded: Guarded, service: Service, verb: str) -> set[str]:
    """The subjects that the server does not let a service publish to, or subscribe to."""
    complaints: list[str] = []

    async def hear(error: Exception) -> None:
        complaints.append(str(error))

    seed = str(guarded.seeds[service])
    client: Client = await nats.connect(guarded.server.url, nkeys_seed=seed, error_cb=hear)
    for subject in everything():
        if verb == "publish":
            await client.publish(literal(subject), b"{}")
        else:
            await client.subscribe(subject)
    # The server complains in order, and perhaps after it has answered a ping.
    await client.publish("nobodys.last", b"")
    await eventually(lambda: any("nobodys.last" in complaint for complaint in complaints))
    await client.close()
    named = {match[1] for complaint in complaints for match in DENIED.finditer(complaint)}
    # nats-py tells the server's errors in small letters.
    return {subject for subject in map(as_asked(verb), everything()) if subject.lower() in named}


@pytest.mark.parametrize("service", Service)
async def test_a_service_may_publish_exactly_what_its_contracts_say(guarded: Guarded, service: Service) -> None:
    allowed = {literal(subject) for subject in permissions(service).publish}
    asked = {literal(subject) for subject in everything()}
    assert asked - await refused(guarded, service, "publish") == allowed


@pytest.mark.parametrize("service", Service)
async def test_a_service_may_hear_exactly_what_its_contracts_say(guarded: Guarded, service: Service) -> None:
    allowed = set(permissions(service).subscribe)
    assert set(everything()) - await refused(guarded, service, "subscribe") == allowed


def test_no_service_may_do_everything() -> None:
    for service in Service:
        for subject in (*permissions(service).publish, *permissions(service).subscribe):
            assert not subject.startswith(">")
            assert not subject.startswith("*")


async def test_saying_what_is_another_services_to_say_ends_the_process(
    provisioned: Guarded, said: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = said()
    async with provisioned.bus(Service.GATEWAY) as gateway:
        await gateway.client.publish(event.subject, b"{}")
        with pytest.raises(PermissionError, match=r"machine\.started"):
            await asyncio.wait_for(asyncio.shield(gateway.failed), 5)


async def test_asking_what_one_may_not_ask_ends_the_process(provisioned: Guarded) -> None:
    question = StartMachine(account_id=AccountId(new_id()), project_id=new_id())
    async with provisioned.bus(Service.TERMINAL) as terminal:
        await terminal.client.publish(question.subject, question.model_dump_json().encode())
        with pytest.raises(PermissionError, match="start_machine"):
            await asyncio.wait_for(asyncio.shield(terminal.failed), 5)


async def test_hearing_what_is_not_ones_own_ends_the_process(provisioned: Guarded) -> None:
    async with provisioned.bus(Service.TERMINAL) as terminal:
        await terminal.client.subscribe(f"{inbox_prefix(Service.GATEWAY)}.>")
        with pytest.raises(PermissionError, match="_inbox_gateway"):
            await asyncio.wait_for(asyncio.shield(terminal.failed), 5)


async def test_a_key_the_server_does_not_know_is_told_at_once(guarded: Guarded, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.seed"
    stranger.write_text(new_seed())
    with pytest.raises(PermissionError, match=r"(?i)authorization violation"):
        async with asyncio.timeout(5), Bus.connect(guarded.server.url, Service.GATEWAY, seed_file=stranger):
            raise AssertionError("it was let in")


async def empty_list(_command: Command[Any], _deps: Any) -> Reply:
    return TerminalList(items=[])


async def test_within_its_list_a_service_asks_answers_says_and_hears(
    provisioned: Guarded, database_url: str, said: Any
) -> None:
    heard: list[MachineStarted] = []
    await migrate(database_url, "terminal")

    async def hear(event: MachineStarted, _deps: Any) -> None:
        heard.append(event)

    async with (
        provisioned.bus(Service.GATEWAY) as gateway,
        provisioned.bus(Service.MACHINES) as machines,
        provisioned.bus(Service.TERMINAL) as terminal,
        Database.connect(database_url, "terminal") as database,
    ):
        await terminal.answer(dict.fromkeys(served_by(Service.TERMINAL), empty_list), None)
        ear = Ear(terminal, database, dict.fromkeys(consumed_by(Service.TERMINAL), hear), None)
        listening = asyncio.create_task(ear.run())
        question = ListTerminals(account_id=AccountId(new_id()), project_id=new_id())
        assert await gateway.request(question) == TerminalList(items=[])
        event = said()
        await machines.publish(event.subject, event.model_dump_json().encode(), event.event_id, {})
        await eventually(lambda: event in heard)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert not any(bus.failed.done() for bus in (gateway, machines, terminal))
