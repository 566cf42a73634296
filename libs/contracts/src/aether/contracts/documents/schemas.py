"""JSON schemas of everything that is said, and what may change in them: an optional field may come, no more."""

from collections.abc import Iterator
from typing import Any

from aether.contracts.command import COMMANDS
from aether.contracts.event import EVENTS

Schema = dict[str, Any]

WORDS = ("description", "title")  # these are for people and may be said better at any time


def render() -> dict[str, Schema]:
    """By subject, and for an answer by the subject of its command with `.reply`."""
    said = {subject: event.model_json_schema() for subject, event in EVENTS.items()}
    for subject, command in COMMANDS.items():
        said[subject] = command.model_json_schema()
        said[f"{subject}.reply"] = command.reply().model_json_schema()
    return dict(sorted(said.items()))


def breaks(old: Schema, new: Schema | None) -> list[str]:
    """A sentence for each difference that is not a new optional field."""
    if new is None:
        return ["it is gone"]
    before, after = _models(old), _models(new)
    return [
        sentence
        for name in before
        for sentence in ([f"{name} is gone"] if name not in after else _changes(name, before[name], after[name]))
    ]


def _models(schema: Schema) -> dict[str, Schema]:
    """The schema itself and those it refers to, by name."""
    return {str(schema.get("title", "it")): schema, **schema.get("$defs", {})}


def _changes(name: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for field in before:
        if field not in after:
            yield f"{name}.{field} is gone"
        elif _bare(before[field]) != _bare(after[field]):
            yield f"{name}.{field} is of another kind"
    for field in sorted(set(old.get("required", [])) ^ set(new.get("required", []))):
        if field in before and field in after:
            yield f"{name}.{field} is {'not ' if field in old.get('required', []) else ''}required now"
        elif field in after:
            yield f"{name}.{field} is new and not optional"
    if _rest(old) != _rest(new):
        yield f"{name} is of another kind"


def _rest(model: Schema) -> Any:
    fields = ("properties", "required", "$defs")
    return _bare({name: part for name, part in model.items() if name not in fields})


def _bare(value: Any) -> Any:
    """A schema without its words. A field that is named like one of them is a schema, and stays."""
    if isinstance(value, dict):
        return {name: _bare(part) for name, part in value.items() if not (name in WORDS and isinstance(part, str))}
    return [_bare(part) for part in value] if isinstance(value, list) else value
