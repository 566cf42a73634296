"""Events: facts that have happened, one class for each and version.

    class MachineStarted(Event):
        \"\"\"Sent once per boot, never on reconnect.\"\"\"
        subject = "machine.started.v1"
        producer = Service.MACHINES
        consumers = frozenset({Service.TERMINAL})

The class is the whole registration: streams, consumers, allow-lists and documents follow from it.
"""

import inspect
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from aether.contracts.ids import EventId, new_id
from aether.contracts.service import Service

EVENTS: dict[str, type["Event"]] = {}


class Event(BaseModel):
    """The root of all events. `occurred_at` is UTC, when it happened and not when it was sent."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    subject: ClassVar[str]
    producer: ClassVar[Service]
    consumers: ClassVar[frozenset[Service]]

    event_id: EventId = Field(default_factory=lambda: EventId(new_id()))
    occurred_at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if not inspect.getdoc(cls) or cls.__doc__ is None:
            raise TypeError(f"{cls.__name__} must say in its docstring when it is sent")
        other = EVENTS.setdefault(cls.subject, cls)
        if other is not cls and other.__qualname__ != cls.__qualname__:
            raise TypeError(f"{cls.subject} is {other.__name__} already")

    def order_key(self) -> UUID:
        """Events with the same key are handled one after another; others side by side."""
        for name in ("project_id", "account_id"):
            value = getattr(self, name, None)
            if value is not None:
                return UUID(str(value))
        return self.event_id


def consumed_by(service: Service) -> set[type[Event]]:
    return {event for event in EVENTS.values() if service in event.consumers}


def produced_by(service: Service) -> set[type[Event]]:
    return {event for event in EVENTS.values() if event.producer is service}
