"""What each service may say and hear on NATS, as it follows from the events and commands."""

from pydantic import BaseModel

from aether.contracts.command import called_by, served_by
from aether.contracts.event import produced_by
from aether.contracts.service import Service
from aether.contracts.streams import Consumer, consumers_of


class Permissions(BaseModel, frozen=True):
    """Allow-lists of subjects for one NATS user. What is not listed is refused by the server."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def inbox_prefix(service: Service) -> str:
    """Answers come back under a prefix of the service's own, so that no service hears another's."""
    return f"_INBOX_{service.value}"


def permissions(service: Service) -> Permissions:
    said = sorted(event.subject for event in produced_by(service))
    asked = sorted(command.subject for command in called_by(service))
    heard = [subject for consumer in consumers_of(service) for subject in _pulling(consumer)]
    return Permissions(
        publish=(*said, *asked, *heard, *_answering(service)),
        subscribe=(*sorted(c.subject for c in served_by(service)), f"{inbox_prefix(service)}.>"),
    )


def _pulling(consumer: Consumer) -> list[str]:
    return [
        f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.durable}",
        f"$JS.API.CONSUMER.INFO.{consumer.stream}.{consumer.durable}",
        f"$JS.ACK.{consumer.stream}.{consumer.durable}.>",
    ]


def _answering(service: Service) -> list[str]:
    """Inboxes of those who may call this service."""
    callers = {caller for command in served_by(service) for caller in command.callers}
    return [f"{inbox_prefix(caller)}.>" for caller in sorted(callers)]
