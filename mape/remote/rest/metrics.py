"""All that an app counts, for Prometheus: elements, sinks and sources, the app itself, and the process.

Nothing is kept for it and nothing runs for it until somebody asks. Names are bounded: `ELEMENTS` and `TRANSPORTS` have
series of their own, all others are added up as ``other``, whatever loops come and go in a year.
"""

from __future__ import annotations

import asyncio
import platform
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cached_property
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

from mape.remote.rest.answer import Answer
from mape.remote.rest.exposition import (
    OPEN_METRICS,
    TEXT,
    Exemplar,
    Exposition,
    Kind,
    labels,
    number,
    wants_open_metrics,
)
from mape.remote.rest.lag import Lag
from mape.remote.rest.pool import OTHER, Cap, Pool
from mape.remote.rest.series import ELEMENT_FAMILIES, SERVER, TRANSPORT, is_gauge, split_figure

if TYPE_CHECKING:
    from mape.application import App
    from mape.element import Element
    from mape.item import Failure

__all__ = ["Metrics"]

ELEMENTS = 2_000
"""Elements with series of their own, counted since the start."""
TRANSPORTS = 500
"""Sinks and sources with series of their own, as above."""
END = b"# EOF\n"

Labels = tuple[tuple[str, str], ...]
Figures = dict[str, float]


class Metrics:
    """See the module.

    Args:
        server: What the server itself has counted, by name.
    """

    def __init__(self, app: App, server: Callable[[], Mapping[str, float]] = dict) -> None:
        self._app, self._server = app, server
        self._began = app.clock.monotonic()
        self._elements, self._transports = Cap(ELEMENTS), Cap(TRANSPORTS)
        self._others = Pool(is_gauge)
        self._pools: defaultdict[Labels, Pool] = defaultdict(lambda: Pool(is_gauge))  # bound: TRANSPORTS
        self._where: dict[Labels, str] = {}  # bound: ELEMENTS + TRANSPORTS
        self._failed: dict[str, Exemplar] = {}  # bound: ELEMENTS
        self._lag = Lag()
        self._listens: Any = None

    async def answer(self, accept: bytes = b"") -> Answer:
        """Answer a scrape.

        Args:
            accept: The request's header; OpenMetrics if it asks for that, else Prometheus' text format.
        """
        if self._listens is None:
            self._listens = self._app.failures.subscribe(self._hear)
            await asyncio.to_thread(import_module, "prometheus_client")  # which takes as long as a hundred scrapes
        self._lag.watch()
        is_open = wants_open_metrics(accept)
        own = self.text(is_open=is_open).encode("utf-8", "backslashreplace")
        return Answer(200, own + self._process(is_open=is_open), OPEN_METRICS if is_open else TEXT)

    def text(self, *, is_open: bool = False) -> str:
        """Return mape's own families."""
        page = Exposition(is_open=is_open)
        queued = self._write_elements(page) + self._write_transports(page)
        self._write_app(page, queued)
        return page.text()

    def close(self) -> None:
        """Stop what began with the first question."""
        self._lag.close()

    # -- elements --------------------------------------------------------------------------------------------------

    def _write_elements(self, page: Exposition) -> float:
        rows = self._element_rows()
        for name, kind, text, unit in ELEMENT_FAMILIES:
            page.family(f"mape_element_{name}", kind, text, unit)
            if kind == "summary":
                for where, figures in rows:
                    page.sample(figures[f"{name}_sum"], where, "_sum")
                    page.sample(figures[f"{name}_count"], where, "_count")
            elif name == "dropped":
                for where, figures in rows:
                    lost = [(figure, count) for figure, count in figures.items() if figure.startswith("dropped.")]
                    page.samples((f'{where[:-1]},reason="{figure[8:]}"}}', count) for figure, count in lost)
            else:
                page.samples([(where, figures[name]) for where, figures in rows], self._failed_at(name))
        return sum(figures["queued"] for _, figures in rows)

    def _element_rows(self) -> list[tuple[str, Figures]]:
        """Return labels and figures of all elements that have series of their own, and of all others together."""
        rows: list[tuple[str, Figures]] = []
        others: dict[object, Figures] = {}
        for element in self._app.elements:
            if self._elements.admits(names := _names(element)):
                rows.append((self._labels(names), _figures(element)))
            else:
                others[element] = _figures(element)
        if total := self._others.total(others):
            names = (("loop", OTHER), ("element", OTHER), ("role", OTHER))
            rows.append((self._labels(names), dict.fromkeys(_NOTHING, 0) | total))
        return rows

    def _failed_at(self, name: str) -> dict[str, Exemplar]:
        return self._failed if name == "errors" else {}

    def _hear(self, failure: Failure) -> None:
        """Keep the latest failure of an element as an example of what its counter counts."""
        path = failure.path
        if failure.cause is None or "." not in path or " " in path or path not in self._app:
            return
        names = _names(self._app[path])
        if self._elements.admits(names):
            self._failed[self._labels(names)] = Exemplar(failure.cause, failure.timestamp)

    # -- sinks, sources, connections -------------------------------------------------------------------------------

    def _write_transports(self, page: Exposition) -> float:
        families: dict[str, list[tuple[str, str, float]]] = {}
        queued = 0.0
        for names, figures in self._transport_rows().items():
            queued += figures.get("queued", 0)
            where = self._labels(names)
            for figure, value in figures.items():
                family, suffix, reason = split_figure(figure)
                at = f"{where[:-1]},{labels(reason=reason)[1:]}" if reason else where
                families.setdefault(family, []).append((at, suffix, value))
        for family, samples in families.items():
            kind, text, unit = TRANSPORT.get(family, ("counter", f"Transport: {family.replace('_', ' ')}.", ""))
            page.family(f"mape_transport_{family}", kind, text, unit)
            for where, suffix, value in samples:
                page.sample(value, where, suffix)
        return queued

    def _transport_rows(self) -> dict[Labels, Figures]:
        """Return what services count; those of one type and path together, as two sinks to one place are."""
        together: dict[Labels, dict[object, Figures]] = {}
        for service in self._app.services:
            if (count := getattr(service, "figures", None)) is not None:
                names: Labels = (("path", service.path), ("type", type(service).__name__))
                if not self._transports.admits(names):
                    names = (("path", OTHER), ("type", OTHER))
                together.setdefault(names, {})[service] = self._count(service.path, count)
        return {names: self._pools[names].total(figures) for names, figures in together.items()}

    def _count(self, path: str, figures: Callable[[], Mapping[str, Any]]) -> Figures:
        try:
            return {name: value for name, value in figures().items() if isinstance(value, int | float)}
        except Exception as error:  # the wall around a person's own service
            self._app.report(path, None, error)
            return {}

    # -- the app, the server, the process --------------------------------------------------------------------------

    def _write_app(self, page: Exposition, queued: float) -> None:
        app = self._app
        page.family("mape_build_info", "gauge", "Which mape this is; always 1.")
        page.sample(1, labels(version=self._version, python=platform.python_version()))
        rows: tuple[tuple[str, Kind, str, float, str], ...] = (
            (
                "uptime_seconds",
                "gauge",
                "Time since the server was made.",
                app.clock.monotonic() - self._began,
                "seconds",
            ),
            ("open", "gauge", "Whether the app is open.", int(app.is_open), ""),
            ("loops", "gauge", "Loops of the app.", len(app), ""),
            ("elements", "gauge", "Elements of the app.", sum(1 for _ in app.elements), ""),
            ("in_flight", "gauge", "Items that wait or are at work, in elements, sinks and sources.", queued, ""),
            ("failures", "counter", "Failures that the app has published.", app.failures.passed, ""),
            ("events", "counter", "News of connections and streams that the app has told.", app.events.passed, ""),
        )
        for name, kind, text, value, unit in rows:
            page.family(f"mape_app_{name}", kind, text, unit)
            page.sample(value)
        page.family(
            "mape_app_loop_lag_seconds", "histogram", "How late the event loop was, asked now and then.", "seconds"
        )
        for bound, count in self._lag.buckets():
            page.sample(count, labels(le=number(bound)), "_bucket")
        page.sample(self._lag.sum, suffix="_sum")
        page.sample(sum(self._lag.counts), suffix="_count")
        for name, value in self._server().items():
            page.family(f"mape_rest_{name}", "counter", SERVER.get(name, f"REST server: {name.replace('_', ' ')}."))
            page.sample(value)

    @cached_property
    def _version(self) -> str:
        return metadata.version("mape-toolkit")

    def _process(self, *, is_open: bool) -> bytes:
        """Return what stands in prometheus_client's own registry: the process, and what a person counts by it."""
        client = import_module("prometheus_client.openmetrics.exposition" if is_open else "prometheus_client")
        registry = import_module("prometheus_client").REGISTRY
        try:
            text: bytes = client.generate_latest(registry)
        except Exception as error:  # the wall around a person's own collectors
            self._app.report("rest", None, error)
            return END if is_open else b""
        return text

    def _labels(self, names: Labels) -> str:
        if names not in self._where:
            self._where[names] = labels(**dict(names))
        return self._where[names]


_NOTHING = ("received", "processed", "emitted", "withheld", "errors", "queued", "running",
            "processing_seconds_sum", "processing_seconds_count")  # fmt: skip


def _names(element: Element[Any, Any]) -> Labels:
    return (("loop", element.loop.uid), ("element", element.uid), ("role", element.role))


def _figures(element: Element[Any, Any]) -> Figures:
    stats = element.stats
    figures: Figures = {
        "received": stats.received,
        "processed": stats.processed,
        "emitted": stats.emitted,
        "withheld": stats.withheld,
        "errors": stats.errors,
        "queued": stats.queued,
        "running": int(element.is_running),
        "processing_seconds_sum": (stats.mean_time or 0.0) * stats.timed,
        "processing_seconds_count": stats.timed,
    }
    for reason, count in stats.dropped.items():
        figures[f"dropped.{reason}"] = count
    return figures
