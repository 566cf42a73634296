"""Structured logs: one JSON object a line, with the trace it belongs to and without secrets."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from opentelemetry import trace

_SECRET_NAME = re.compile(r"passw|secret|token|cookie|authori[sz]ation|private|seed|grant|api_?key", re.I)
_SECRET_VALUE = re.compile(
    r"ae[tr]_[A-Za-z0-9_-]{8,}"  # a personal token, the secret of a run
    r"|whsec_[A-Za-z0-9+/_-]{8,}=*"  # the secret of a webhook
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"  # a JWT
    r"|(?<=://)[^/@\s]+(?=@)"  # who and with what password, in an address
    r"|\bSU[A-Z2-7]{56}\b"  # the seed of a NATS user
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)",
    re.S,
)
BLANK = "…"

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
    """Blank what is named like a secret, and what looks like one of ours wherever and however deep it stands."""
    for name, value in entry.items():
        if not name.startswith("_"):  # those are structlog's own and are not written
            entry[name] = _safe(name, value)
    return entry


def _safe(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if _SECRET_NAME.search(name):
        return BLANK
    if isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _safe(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe("", inner) for inner in value]
    return _SECRET_VALUE.sub(BLANK, value if isinstance(value, str) else repr(value))


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
