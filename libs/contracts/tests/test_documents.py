"""The documents say what the contracts say, and a contract changes only as its readers can bear."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from aether.contracts import documents
from aether.contracts.command import COMMANDS
from aether.contracts.documents import __main__ as command_line
from aether.contracts.documents import asyncapi, markdown, nats, schemas
from aether.contracts.event import EVENTS
from aether.contracts.service import Service


def test_the_documents_are_up_to_date() -> None:
    """`make events` writes them."""
    assert documents.stale() == []


def test_no_contract_has_broken_its_snapshot() -> None:
    assert documents.breaks() == []


def test_every_event_and_command_is_described() -> None:
    text = markdown.render()
    for subject, message in (*EVENTS.items(), *COMMANDS.items()):
        assert f"`{subject}`" in text
        assert f"# {message.__name__}\n" in text


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi.render()
    references = re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))
    assert len(references) > 100
    for reference in references:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_the_asyncapi_document_names_who_says_hears_asks_and_answers() -> None:
    operations = asyncapi.render()["operations"]
    assert operations["machines.say.machine.started.v1"]["action"] == "send"
    assert operations["terminal.hear.machine.started.v1"]["action"] == "receive"
    assert "reply" in operations["gateway.ask.rpc.machines.start_machine.v1"]
    assert operations["machines.answer.rpc.machines.start_machine.v1"]["action"] == "receive"


def test_every_service_has_an_allow_list_and_every_stream_its_consumers() -> None:
    assert set(nats.allow_lists()) == set(Service)
    assert nats.streams()["PROJECTS"]["consumers"]["terminal"]


BEFORE = {
    "title": "Thing",
    "description": "A thing.",
    "type": "object",
    "properties": {
        "name": {"type": "string", "title": "Name"},
        "title": {"type": "string"},
        "part": {"$ref": "#/$defs/Part"},
        "kind": {"enum": ["a", "b"]},
    },
    "required": ["name"],
    "$defs": {"Part": {"title": "Part", "type": "object", "properties": {"size": {"type": "integer"}}}},
}


def changed(*path: str, to: Any) -> dict[str, Any]:
    """The schema with one place in it changed; None takes it out."""
    schema = copy.deepcopy(BEFORE)
    place: Any = schema
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return schema


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        changed("properties", "note", to={"type": "string", "default": ""}),
        changed("$defs", "Part", "properties", "weight", to={"type": "integer", "default": 0}),
        changed("description", to="Better words."),
        changed("properties", "name", "description", to="Words where there were none."),
        changed("$defs", "Other", to={"title": "Other", "type": "object"}),
    ],
)
def test_an_optional_field_or_better_words_may_come(after: dict[str, Any]) -> None:
    assert schemas.breaks(BEFORE, after) == []


BREAKS = {
    "it is gone": None,
    "Thing.name is gone": changed("properties", "name", to=None),
    "Thing.title is gone": changed("properties", "title", to=None),
    "Thing.name is of another kind": changed("properties", "name", "type", to="integer"),
    "Thing.kind is of another kind": changed("properties", "kind", "enum", to=["a"]),
    "Thing.name is not required now": changed("required", to=[]),
    "Thing.kind is required now": changed("required", to=["name", "kind"]),
    "Part.size is gone": changed("$defs", "Part", "properties", "size", to=None),
    "Part is gone": changed("$defs", "Part", to=None),
    "Thing is of another kind": changed("additionalProperties", to=False),
}


@pytest.mark.parametrize(("sentence", "after"), BREAKS.items(), ids=BREAKS.keys())
def test_every_other_change_is_told(sentence: str, after: dict[str, Any] | None) -> None:
    assert schemas.breaks(BEFORE, after) == [sentence]


def test_a_new_field_that_is_not_optional_is_told() -> None:
    after = changed("properties", "note", to={"type": "string"})
    after["required"] = ["name", "note"]
    assert schemas.breaks(BEFORE, after) == ["Thing.note is new and not optional"]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Another root with all documents written."""
    documents.write(tmp_path)
    return tmp_path


def test_the_check_is_content_with_what_was_written(copied: Path) -> None:
    assert command_line.main(["--check"], copied) == 0


def test_the_check_names_what_is_stale_and_writing_mends_it(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copied / "docs/events.md").write_text("lies")
    (copied / "docs/streams.json").unlink()
    assert command_line.main(["--check"], copied) == 1
    complaint = capsys.readouterr().err
    assert "docs/events.md" in complaint
    assert "docs/streams.json" in complaint
    assert command_line.main([], copied) == 0
    assert command_line.main(["--check"], copied) == 0


def test_a_break_is_written_only_when_it_is_meant(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snapshot = copied / "docs/schemas/machine.started.v1.json"
    schema = json.loads(snapshot.read_text())
    schema["properties"]["colour"] = {"type": "string"}
    snapshot.write_text(json.dumps(schema))
    assert command_line.main([], copied) == 1
    assert "machine.started.v1: MachineStarted.colour is gone" in capsys.readouterr().err
    assert command_line.main(["--break"], copied) == 0
    assert command_line.main(["--check"], copied) == 0


def test_an_unknown_word_on_the_command_line_is_answered_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["--what"]) == 2
    assert "--check" in capsys.readouterr().err
