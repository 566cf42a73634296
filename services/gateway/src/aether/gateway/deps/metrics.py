"""What is counted, for Prometheus to fetch."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """One process's figures, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "aether_http_requests", "Requests answered", ("route", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "aether_http_request_seconds",
            "Time until the head of an answer",
            ("route",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.sockets = Gauge("aether_sockets_open", "Spliced sockets", ("service",), registry=self.registry)
        self.bytes = Counter(
            "aether_socket_bytes", "Bytes carried by spliced sockets", ("direction",), registry=self.registry
        )
        self.event_streams = Gauge("aether_event_streams_open", "Event streams", registry=self.registry)

    def text(self) -> bytes:
        """The exposition format, version 0.0.4."""
        return generate_latest(self.registry)
