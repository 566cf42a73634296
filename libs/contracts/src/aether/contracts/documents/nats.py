"""What NATS is told: the streams with their consumers, and what each service's user may say and hear."""

from typing import Any

from aether.contracts.permissions import permissions
from aether.contracts.service import Service
from aether.contracts.streams import (
    DUPLICATE_WINDOW_SECONDS,
    RETENTION_SECONDS,
    STREAMS,
    consumers,
)


def streams() -> dict[str, Any]:
    """By name: subjects, retention and durable consumers, as the provisioning job makes them."""
    return {
        stream.name: {
            "subjects": list(stream.subjects),
            "retention": "limits",
            "storage": "file",
            "max_age_seconds": RETENTION_SECONDS,
            "duplicate_window_seconds": DUPLICATE_WINDOW_SECONDS,
            "consumers": {
                consumer.durable: list(consumer.filter_subjects)
                for consumer in consumers()
                if consumer.stream == stream.name
            },
        }
        for stream in STREAMS
    }


def allow_lists() -> dict[str, Any]:
    """By service: the subjects it may publish to and subscribe to. The server refuses all others."""
    return {service.value: permissions(service).model_dump(mode="json") for service in Service}
