"""The contracts are whole: everything has words, a place, a producer, and a form that survives the wire."""

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

from aether.contracts import catalog
from aether.contracts.command import COMMANDS, Command, Done, called_by, served_by
from aether.contracts.event import EVENTS, Event, consumed_by, produced_by
from aether.contracts.gateway import AccountRevoked
from aether.contracts.ids import AccountId, CredentialId, PersonId, new_id
from aether.contracts.permissions import inbox_prefix, permissions
from aether.contracts.problem import Invalid, NotFound, RefusedElsewhere
from aether.contracts.service import Service
from aether.contracts.streams import STREAMS, consumers, stream_of

SOURCE = Path(catalog.__file__).parent

each_event = pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS.keys())
each_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())


@each_event
def test_an_event_says_when_it_is_sent(event: type[Event]) -> None:
    assert event.__doc__
    assert len(event.__doc__.split()) >= 5
    assert event.__doc__.strip()[0].isupper()


@each_event
def test_an_event_has_a_producer_and_says_who_hears_it(event: type[Event]) -> None:
    assert isinstance(event.producer, Service)
    assert isinstance(event.consumers, frozenset)
    assert all(isinstance(consumer, Service) for consumer in event.consumers)


@each_event
def test_an_events_subject_is_its_name_and_version(event: type[Event]) -> None:
    thing, fact, version = event.subject.split(".")
    assert event.__name__.lower() == thing + fact.replace("_", "")
    assert version[0] == "v"
    assert version[1:].isdigit()


@each_event
def test_an_event_is_kept_by_exactly_one_stream(event: type[Event]) -> None:
    root = event.subject.split(".")[0] + ".>"
    assert [stream.name for stream in STREAMS if root in stream.subjects] == [stream_of(event.subject).name]


@each_event
def test_events_about_one_project_are_handled_one_after_another(event: type[Event]) -> None:
    fields = event.model_fields
    assert "project_id" in fields or "account_id" in fields


@each_command
def test_a_command_says_what_it_asks(command: type[Command[Any]]) -> None:
    assert command.__doc__
    assert command.__doc__.strip().endswith((".", ")"))


@each_command
def test_a_command_has_a_service_callers_and_an_answer(command: type[Command[Any]]) -> None:
    assert isinstance(command.service, Service)
    assert command.callers
    assert command.service not in command.callers
    assert command.subject.startswith(f"rpc.{command.service}.")
    assert command.reply().model_config["extra"] == "ignore"


def test_every_event_and_command_belongs_to_a_service() -> None:
    assert set(EVENTS.values()) == {event for service in Service for event in produced_by(service)}
    assert set(COMMANDS.values()) == {command for service in Service for command in served_by(service)}
    assert all(called_by(service) for service in Service if service is not Service.MACHINES)


def test_every_consumer_of_an_event_has_a_durable_place() -> None:
    places = {(c.durable, subject) for c in consumers() for subject in c.filter_subjects}
    assert places == {(s.value, event.subject) for s in Service for event in consumed_by(s)}


def test_two_events_cannot_have_one_subject() -> None:
    with pytest.raises(TypeError, match="AccountRevoked already"):

        class Impostor(Event):
            """Says it is another."""

            subject = "account.revoked.v1"
            producer = Service.GATEWAY
            consumers = frozenset()


def test_an_event_without_words_is_refused() -> None:
    with pytest.raises(TypeError, match="must say"):

        class Mute(Event):
            subject = "account.mute.v1"
            producer = Service.GATEWAY
            consumers = frozenset()


def test_an_event_survives_the_wire_and_ignores_what_a_newer_one_adds() -> None:
    event = AccountRevoked(
        account_id=AccountId(new_id()),
        person_id=PersonId(new_id()),
        credential_id=CredentialId(new_id()),
        reason="revoked",
    )
    newer = event.model_dump_json()[:-1] + ', "since": "tomorrow"}'
    assert AccountRevoked.model_validate_json(newer) == event


def test_a_new_id_sorts_after_older_ones_and_says_its_version() -> None:
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert {(i.version, i.variant) for i in ids} == {(7, "specified in RFC 4122")}
    milliseconds = [i.int >> 80 for i in ids]
    assert milliseconds == sorted(milliseconds)


def test_a_service_hears_answers_under_its_own_prefix_only() -> None:
    for service in Service:
        inboxes = [s for s in permissions(service).subscribe if s.startswith("_INBOX")]
        assert inboxes == [f"{inbox_prefix(service)}.>"]


def test_nobody_may_hear_a_stream_past_its_consumer() -> None:
    """A subscription to the subject itself would see events without a place, a key or a retry."""
    for service in Service:
        assert not set(permissions(service).subscribe) & set(EVENTS)


def test_a_refusal_that_passes_through_stays_what_it_was() -> None:
    for refusal in (NotFound("No such project"), Invalid.field("name", "It is taken")):
        passed = RefusedElsewhere(refusal.problem())
        assert passed.problem() == refusal.problem()
        assert (passed.status, passed.type, str(passed)) == (refusal.status, refusal.type, str(refusal))


def test_contracts_import_pydantic_and_nothing_else() -> None:
    allowed = sys.stdlib_module_names | {"pydantic"}
    for file in SOURCE.rglob("*.py"):
        for name in imported(file):
            assert name.split(".")[0] in allowed or name.startswith("aether.contracts"), f"{file}: {name}"


def imported(file: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports by a relative name"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def test_done_says_nothing_more() -> None:
    assert Done().model_dump() == {}
