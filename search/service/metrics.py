"""What the service counts, in Prometheus' text format."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

#: Upper bounds of the latency histogram, in seconds.
_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)

MEDIA_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """Counters of one service."""

    def __init__(self, running: Callable[[], int], batch: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self.seconds = Histogram(
            "lookalike_request_seconds",
            "Time from a request's header to its answer, by route.",
            ["route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self.responses = Counter(
            "lookalike_responses", "Responses by route and status.", ["route", "status"], registry=self._registry
        )
        self.refusals = Counter(
            "lookalike_refusals", "Refused requests by the code of the problem.", ["code"], registry=self._registry
        )
        Gauge("lookalike_running", "Requests in a thread or waiting for one.", registry=self._registry).set_function(
            running
        )
        Gauge("lookalike_batch", "The newest batch that is searched.", registry=self._registry).set_function(batch)

    def text(self) -> bytes:
        """Return all metrics."""
        return generate_latest(self._registry)
