"""All counters of an app in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["AppCollector", "metrics_text"]

LABELS = ("loop", "element", "role")
COUNTERS: tuple[tuple[str, str, Callable[[Any], float]], ...] = (
    ("received", "Items that reached the element.", lambda stats: stats.received),
    ("processed", "Items its function was called with.", lambda stats: stats.processed),
    ("emitted", "Items its function emitted.", lambda stats: stats.emitted),
    ("errors", "Failures of its function and operators.", lambda stats: stats.errors),
)


class AppCollector(Collector):
    """Reads an app's statistics when Prometheus asks; keeps nothing.

    Args:
        server: What the server itself has counted, by name.
    """

    def __init__(self, app: App, server: Callable[[], dict[str, float]] = dict) -> None:
        self._app, self._server = app, server

    def collect(self) -> Iterator[Metric]:
        """Give all series."""
        seen = [((each.loop.uid, each.uid, each.role), each, each.stats) for each in self._app.elements]
        for name, text, read in COUNTERS:
            family = CounterMetricFamily(f"mape_element_{name}", text, labels=LABELS)
            for labels, _, stats in seen:
                family.add_metric(labels, read(stats))
            yield family
        dropped = CounterMetricFamily("mape_element_dropped", "Items lost, by reason.", labels=(*LABELS, "reason"))
        queued = GaugeMetricFamily("mape_element_queued", "Items that wait or are at work.", labels=LABELS)
        running = GaugeMetricFamily("mape_element_running", "Whether the element runs.", labels=LABELS)
        mean = GaugeMetricFamily("mape_element_processing_seconds", "Mean processing time.", labels=LABELS)
        for labels, element, stats in seen:
            for reason, count in stats.dropped.items():
                dropped.add_metric((*labels, reason), count)
            queued.add_metric(labels, stats.queued)
            running.add_metric(labels, element.is_running)
            if stats.mean_time is not None:
                mean.add_metric(labels, stats.mean_time)
        yield from (dropped, queued, running, mean)
        for name, value in self._server().items():
            yield CounterMetricFamily(f"mape_rest_{name}", f"REST server: {name.replace('_', ' ')}.", value=value)


def metrics_text(collector: AppCollector) -> bytes:
    """Return what ``/metrics`` answers."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    text: bytes = generate_latest(registry)
    return text
