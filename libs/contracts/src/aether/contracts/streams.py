"""The JetStream streams and durable consumers, as they follow from the event classes."""

from pydantic import BaseModel

from aether.contracts.event import EVENTS, consumed_by
from aether.contracts.service import Service

RETENTION_SECONDS = 7 * 24 * 3600
DUPLICATE_WINDOW_SECONDS = 120


class Stream(BaseModel, frozen=True):
    """One stream: limits retention, 7 days, on file. `subjects` are roots with a wildcard."""

    name: str
    subjects: tuple[str, ...]


class Consumer(BaseModel, frozen=True):
    """One durable pull consumer: a service's place in a stream."""

    stream: str
    durable: str
    filter_subjects: tuple[str, ...]


STREAMS = (
    Stream(name="ACCOUNTS", subjects=("account.>",)),
    Stream(name="PROJECTS", subjects=("project.>", "machine.>")),
    Stream(name="USAGE", subjects=("usage.>",)),
    Stream(name="TERMINALS", subjects=("terminal.>", "activity.>", "ports.>")),
    Stream(name="FILES", subjects=("files.>",)),
    Stream(name="AGENTS", subjects=("run.>", "notice.>", "token.>")),
)


def stream_of(subject: str) -> Stream:
    """The stream that keeps a subject. Raises KeyError for a subject that none keeps."""
    root = subject.split(".", 1)[0]
    for stream in STREAMS:
        if f"{root}.>" in stream.subjects:
            return stream
    raise KeyError(f"no stream keeps {subject}")


def consumers() -> tuple[Consumer, ...]:
    """Every durable consumer there must be, one for a service and a stream it hears."""
    return tuple(consumer for service in Service for consumer in consumers_of(service))


def consumers_of(service: Service) -> tuple[Consumer, ...]:
    heard = sorted(event.subject for event in consumed_by(service))
    named = {stream.name: tuple(s for s in heard if stream_of(s) is stream) for stream in STREAMS}
    return tuple(
        Consumer(stream=name, durable=service.value, filter_subjects=subjects)
        for name, subjects in named.items()
        if subjects
    )


def check() -> None:
    """Raises KeyError if an event has no stream."""
    for subject in EVENTS:
        stream_of(subject)
