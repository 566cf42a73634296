"""Traces: OpenTelemetry spans, carried through NATS headers as W3C trace context."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

tracer = trace.get_tracer("aether")

FILE_LIMIT = 16 * 1024 * 1024


class JsonLines(SpanExporter):
    """Spans as JSON, one a line. Past 16 MiB the file is begun anew and one old one is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        lines = "".join(span.to_json(indent=None) + "\n" for span in spans)
        with self._lock:
            if self._path.exists() and self._path.stat().st_size > FILE_LIMIT:
                self._path.replace(self._path.with_suffix(".1.jsonl"))
            with self._path.open("a", encoding="utf-8") as file:
                file.write(lines)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing is held open."""


def configure(service: str, *, folder: Path | None, otlp_endpoint: str | None) -> TracerProvider:
    """Export to a file in `folder`, to an OTLP collector, to both or to neither."""
    provider = TracerProvider(resource=Resource.create({"service.name": f"aether-{service}"}))
    if folder is not None:
        provider.add_span_processor(
            BatchSpanProcessor(JsonLines(folder / f"{service}.jsonl"), schedule_delay_millis=500)
        )
    if otlp_endpoint:
        # Imported here because it brings protobuf and requests, which a laptop without a collector need not load.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider


def headers() -> dict[str, str]:
    """The present trace context as headers, `traceparent` and perhaps `tracestate`; empty outside a trace."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier


@contextmanager
def continued(
    name: str, carrier: Mapping[str, str] | None, kind: trace.SpanKind = trace.SpanKind.CONSUMER
) -> Iterator[trace.Span]:
    """A span whose parent came in headers. An error that leaves it is recorded on the span."""
    parent = propagate.extract(dict(carrier or {}))
    token = otel_context.attach(parent)
    try:
        with tracer.start_as_current_span(name, kind=kind) as span:
            yield span
    finally:
        otel_context.detach(token)


def trace_id() -> str | None:
    """The present trace's id in hex, for a person to quote."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None
