"""What the contracts promise is what the services register: every command, every event, by exactly its service."""

import importlib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any, get_type_hints

import pytest

from aether.contracts import catalog
from aether.contracts.command import served_by
from aether.contracts.event import consumed_by
from aether.contracts.service import Service

assert catalog.EVENTS

each_service = pytest.mark.parametrize("service", Service)


def handlers(service: Service) -> ModuleType:
    return importlib.import_module(f"aether.{service}.handlers")


def table(service: Service, name: str) -> dict[type[Any], Callable[..., Any]]:
    """COMMANDS or EVENTS of a service; one that has nothing to register has no table."""
    found: dict[type[Any], Callable[..., Any]] = getattr(handlers(service), name, {})
    return found


@each_service
def test_a_service_answers_exactly_its_own_commands(service: Service) -> None:
    assert set(table(service, "COMMANDS")) == served_by(service)


@each_service
def test_a_service_hears_exactly_the_events_that_name_it(service: Service) -> None:
    assert set(table(service, "EVENTS")) == consumed_by(service)


@each_service
@pytest.mark.parametrize("name", ["COMMANDS", "EVENTS"])
def test_a_handler_says_which_message_it_takes(service: Service, name: str) -> None:
    for message, handler in table(service, name).items():
        first = next(iter(inspect.signature(handler).parameters))
        taken = get_type_hints(handler)[first]
        assert issubclass(message, taken), f"{handler.__name__} takes {taken} and is registered for {message}"


@each_service
def test_a_command_is_answered_with_the_reply_it_names(service: Service) -> None:
    for command, handler in table(service, "COMMANDS").items():
        answered = get_type_hints(handler)["return"]
        assert issubclass(answered, command.reply()), f"{handler.__name__} answers {answered}"
