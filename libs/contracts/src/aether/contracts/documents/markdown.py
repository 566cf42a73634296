"""docs/events.md: who says what to whom, for people."""

import inspect
import types
from collections.abc import Sequence
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime
from pydantic.fields import FieldInfo

from aether.contracts.command import COMMANDS, Command, Reply
from aether.contracts.event import EVENTS, Event
from aether.contracts.service import Service
from aether.contracts.streams import RETENTION_SECONDS, STREAMS, stream_of

WORDS: dict[Any, str] = {
    type(None): "none",
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    AwareDatetime: "time",
}
HEAD = """\
# Events and commands

Written by `make events` from the classes in `libs/contracts`; change it there.

An **event** is a fact: it has happened, and nobody can refuse it. A service puts it into its outbox in the
transaction that made it true, the relay publishes it into a stream, and each consumer takes it in a
transaction of its own, once. A **command** is an order or a question with one answer or one refusal
([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)); it waits for its answer until its deadline and is kept
nowhere.

A class is a version: what is said under `….v1` may get new optional fields and no other change. Receivers
ignore fields they do not know. All times are UTC, all ids UUIDv7.

Every event has `event_id` and `occurred_at` beside the fields below. Its headers are `Nats-Msg-Id`,
the CloudEvents 1.0 attributes `ce-specversion`, `ce-id`, `ce-type` and `ce-source`, and the W3C trace
context. A command has the trace context and `Aether-Deadline`, in seconds since 1970; an answer has
`Aether-Status`, which is `ok` or `problem`.
"""


def render() -> str:
    parts = [HEAD, _streams(), _overview(), *map(_event, _sorted_events())]
    parts += ["## Commands\n", *(_commands(service) for service in Service)]
    parts += ["## Answers, and what events carry\n", *map(_reply, _replies())]
    return "\n".join(part for part in parts if part)


def _sorted_events() -> list[type[Event]]:
    return [EVENTS[subject] for subject in sorted(EVENTS)]


def _streams() -> str:
    days = RETENTION_SECONDS // 86400
    rows = [(stream.name, _codes(stream.subjects), f"{days} days") for stream in STREAMS]
    return "## Streams\n\n" + _table(("Stream", "Subjects", "Keeps"), rows)


def _overview() -> str:
    rows = [
        (
            f"[`{event.subject}`](#{event.__name__.lower()})",
            event.producer,
            _names(event.consumers),
            stream_of(event.subject).name,
        )
        for event in _sorted_events()
    ]
    return "## Events\n\n" + _table(("Subject", "Said by", "Heard by", "Stream"), rows)


def _event(event: type[Event]) -> str:
    own = {name: field for name, field in event.model_fields.items() if name not in Event.model_fields}
    heard = _names(event.consumers)
    head = f"### {event.__name__}\n\n`{event.subject}`, said by {event.producer}, heard by {heard}.\n"
    return "\n".join((head, f"{inspect.getdoc(event)}\n", _fields(own)))


def _commands(service: Service) -> str:
    own = [command for _, command in sorted(COMMANDS.items()) if command.service is service]
    return f"### Answered by {service}\n\n" + "\n".join(map(_command, own)) if own else ""


def _command(command: type[Command[Any]]) -> str:
    head = (
        f"#### {command.__name__}\n\n`{command.subject}`, asked by {_names(command.callers)},"
        f" answered with {command.reply().__name__}.\n"
    )
    return "\n".join((head, f"{inspect.getdoc(command)}\n", _fields(command.model_fields)))


def _replies() -> list[type[Reply]]:
    return sorted(Reply.__subclasses__(), key=lambda reply: reply.__name__)


def _reply(reply: type[Reply]) -> str:
    # A list of what has words already needs none of its own.
    words = f"{inspect.cleandoc(reply.__doc__)}\n" if reply.__doc__ else ""
    return "\n".join(part for part in (f"### {reply.__name__}\n", words, _fields(reply.model_fields)) if part)


def _fields(fields: dict[str, FieldInfo]) -> str:
    if not fields:
        return ""
    rows = [(f"`{name}`", _kind(field.annotation), _default(field)) for name, field in fields.items()]
    return _table(("Field", "Kind", "If absent"), rows)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "refused"
    return f"`{field.default!r}`".replace("|", "\\|")


def _kind(annotation: Any) -> str:
    """A type in words, with the name of an id where it has one."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if not arguments:
        return WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(map(_kind, arguments))
    if origin is list:
        return f"list of {_kind(arguments[0])}"
    if origin is dict:
        return f"{_kind(arguments[1])} by {_kind(arguments[0])}"
    raise TypeError(f"there are no words yet for {annotation}")


def _names(services: frozenset[Service]) -> str:
    return ", ".join(sorted(services)) or "nobody yet"


def _codes(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines: list[tuple[str, ...]] = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
