"""Structured logs: one JSON object a line, with the trace it belongs to and without secrets."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry import trace

_SECRET_NAME = re.compile(r"passw|secret|token|cookie|authori[sz]ation|private|seed|grant|api_?key", re.I)
_SECRET_VALUE = re.compile(r"aet_[A-Za-z0-9_-]{8,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

Entry = MutableMapping[str, Any]


def configure(service: str, *, level: str = "INFO", form: str = "json") -> None:
    """Send structlog and the standard library's logging through one set of processors to stderr."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(service),
        add_trace,
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # Each of these tells at INFO what our own entries say better.
    for chatty in ("asyncssh", "httpx2", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def redact(_logger: Any, _method: str, entry: Entry) -> Entry:
    """Blank what is named like a secret, and what looks like one of ours wherever it stands."""
    for name, value in entry.items():
        if isinstance(value, str):
            entry[name] = "…" if _SECRET_NAME.search(name) else _SECRET_VALUE.sub("…", value)
        elif _SECRET_NAME.search(name) and isinstance(value, bytes | dict | list):
            entry[name] = "…"
    return entry


def add_trace(_logger: Any, _method: str, entry: Entry) -> Entry:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        entry["trace_id"] = trace.format_trace_id(context.trace_id)
    return entry


def _named(service: str) -> Any:
    def add(_logger: Any, _method: str, entry: Entry) -> Entry:
        entry["service"] = service
        return entry

    return add
