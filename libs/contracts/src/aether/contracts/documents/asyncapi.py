"""docs/asyncapi.json: the same for programs, as AsyncAPI 3."""

import inspect
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from aether.contracts.command import COMMANDS, Command
from aether.contracts.event import EVENTS, Event
from aether.contracts.problem import Problem

VERSION = "0.1.0"
TRACE = {"traceparent": {"type": "string"}, "tracestate": {"type": "string"}}
HEADERS = {
    "EventHeaders": {
        "type": "object",
        "required": ["Nats-Msg-Id", "ce-specversion", "ce-id", "ce-type", "ce-source"],
        "properties": {
            "Nats-Msg-Id": {"type": "string", "format": "uuid"},
            "ce-specversion": {"const": "1.0"},
            "ce-id": {"type": "string", "format": "uuid"},
            "ce-type": {"type": "string"},
            "ce-source": {"type": "string", "format": "uri-reference"},
            **TRACE,
        },
    },
    "CommandHeaders": {
        "type": "object",
        "required": ["Aether-Deadline"],
        "properties": {
            "Aether-Deadline": {"type": "string", "description": "Seconds since 1970, with a fraction."},
            **TRACE,
        },
    },
    "ReplyHeaders": {
        "type": "object",
        "required": ["Aether-Status"],
        "properties": {"Aether-Status": {"enum": ["ok", "problem"]}},
    },
}


def render() -> dict[str, Any]:
    """One document for all services. An operation's id begins with the service that does it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "aether",
            "version": VERSION,
            "description": "What the services of aether say to each other over NATS.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": _channels(),
        "operations": _operations(),
        "components": {"messages": _messages(), "schemas": {**_schemas(), **HEADERS}},
    }


def _events() -> list[type[Event]]:
    return [EVENTS[subject] for subject in sorted(EVENTS)]


def _commands() -> list[type[Command[Any]]]:
    return [COMMANDS[subject] for subject in sorted(COMMANDS)]


def _replies() -> list[type[BaseModel]]:
    named = {command.reply().__name__: command.reply() for command in _commands()}
    return [*(named[name] for name in sorted(named)), Problem]


def _channels() -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for event in _events():
        channels[event.subject] = _channel(event.subject, [event])
    for command in _commands():
        channels[command.subject] = _channel(command.subject, [command])
        # The address is the asker's own inbox, which is new for each question.
        channels[f"{command.subject}.reply"] = _channel(None, [command.reply(), Problem])
    return channels


def _channel(address: str | None, messages: list[type[BaseModel]]) -> dict[str, Any]:
    refs = {message.__name__: _ref("components/messages", message.__name__) for message in messages}
    return {"address": address, "messages": refs}


def _operations() -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for event in _events():
        operations[f"{event.producer}.say.{event.subject}"] = _operation("send", event)
        for service in sorted(event.consumers):
            operations[f"{service}.hear.{event.subject}"] = _operation("receive", event)
    for command in _commands():
        for service in sorted(command.callers):
            operations[f"{service}.ask.{command.subject}"] = _asked("send", command)
        operations[f"{command.service}.answer.{command.subject}"] = _asked("receive", command)
    return operations


def _operation(action: str, message: type[Event] | type[Command[Any]]) -> dict[str, Any]:
    channel = message.subject
    messages = [_ref(f"channels/{channel}/messages", message.__name__)]
    return {"action": action, "channel": _ref("channels", channel), "messages": messages}


def _asked(action: str, command: type[Command[Any]]) -> dict[str, Any]:
    channel = f"{command.subject}.reply"
    answers = [_ref(f"channels/{channel}/messages", m.__name__) for m in (command.reply(), Problem)]
    reply = {"channel": _ref("channels", channel), "messages": answers}
    return {**_operation(action, command), "reply": reply}


def _messages() -> dict[str, Any]:
    kinds: list[tuple[str, list[Any]]] = [
        ("EventHeaders", _events()),
        ("CommandHeaders", _commands()),
        ("ReplyHeaders", _replies()),
    ]
    return {message.__name__: _message(message, headers) for headers, some in kinds for message in some}


def _message(message: type[BaseModel], headers: str) -> dict[str, Any]:
    return {
        "name": message.__name__,
        "description": inspect.getdoc(message) or "",
        "headers": _ref("components/schemas", headers),
        "payload": _ref("components/schemas", message.__name__),
    }


def _schemas() -> dict[str, Any]:
    models: list[Any] = [*_events(), *_commands(), *_replies()]
    _, schema = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    return dict(sorted(schema["$defs"].items()))


def _ref(place: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/{place}/{name}"}
