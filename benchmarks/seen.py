"""What it costs to be seen: ``/metrics`` of a thousand elements, and a flood of failures in the log."""

from __future__ import annotations

import asyncio
import io
import logging
import statistics
import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Summary, disable_created_metrics, generate_latest

import mape
from benchmarks.measure import ROUNDS, Row, medians, no_gc
from mape.logs import LogHandler
from mape.remote.rest.metrics import Metrics
from mape.remote.rest.series import ELEMENT_FAMILIES

LOOPS, EACH = 50, 20
LINES = 5_000
MOST_MS = 50
KINDS = {"counter": Counter, "gauge": Gauge, "summary": Summary}


def rows() -> Iterator[Row]:
    yield from asyncio.run(metrics())
    yield from log()


async def metrics() -> list[Row]:
    app, registry = mape.App(), library()
    for loop in range(LOOPS):
        for number in range(EACH):
            app.loop(f"loop_{loop}").execute(uid=f"element_{number}")(str)
    page = Metrics(app, dict)
    body, ours, theirs = b"", list[float](), list[float]()
    await page.answer()  # imports
    for _ in range(ROUNDS):
        for element in app.elements:
            element(1)
        with no_gc():
            start = time.thread_time()
            body = (await page.answer()).body
            ours.append((time.thread_time() - start) * 1e3)
            start = time.thread_time()
            generate_latest(registry)
            theirs.append((time.thread_time() - start) * 1e3)
    assert body.count(b"mape_element_received_total{") == LOOPS * EACH
    page.close()
    mine, other = statistics.median(ours), statistics.median(theirs)
    what = f"/metrics of {LOOPS * EACH:,} elements"
    return [
        Row(what, f"{mine:.1f} ms", "", mine, MOST_MS, lower_is_better=True),
        Row(what, f"{mine:.1f} ms", f"prometheus_client, as many series {other:.1f} ms", other / mine, 1),
    ]


def library() -> CollectorRegistry:
    """Return a registry of prometheus_client with as many families and series."""
    disable_created_metrics()  # type: ignore[no-untyped-call] # mape has none either
    registry = CollectorRegistry()
    for name, kind, text, _ in ELEMENT_FAMILIES:
        family = KINDS[kind](f"mape_element_{name}", text, ("loop", "element", "role"), registry=registry)
        for loop in range(LOOPS if name != "dropped" else 0):
            for element in range(EACH):
                family.labels(f"loop_{loop}", f"element_{element}", "execute")
    return registry


def log() -> Iterator[Row]:
    """Hand the same failure to a handler again and again; what is above the handler is the same for all."""
    ours = LogHandler(io.StringIO(), format="json", repeats=0)
    text = LogHandler(io.StringIO(), format="text", repeats=0)
    held = LogHandler(io.StringIO(), format="json")
    plain = logging.StreamHandler(io.StringIO())
    plain.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    baseline, as_json, as_text, flood = medians(*(handled(each) for each in (plain, ours, text, held)))
    against = f"StreamHandler {baseline / 1e3:.0f} k/s"
    yield Row("failures in the log a second, JSON", f"{as_json / 1e3:.0f} k/s", against, as_json / baseline, 0.2)
    yield Row("the same, text", f"{as_text / 1e3:.0f} k/s", against, as_text / baseline, 0.2)
    yield Row("the same, a flood of one kind", f"{flood / 1e3:.0f} k/s", against, flood / baseline, 5)


def handled(handler: logging.Handler) -> Callable[[], float]:
    """Return what measures lines a second."""
    try:
        1 / 0  # noqa: B018 - an error with a traceback, as a failure has
    except ZeroDivisionError as error:
        info = type(error), error, error.__traceback__

    def measured() -> float:
        with no_gc():
            start = time.thread_time()
            for number in range(LINES):
                record = logging.LogRecord("mape", logging.ERROR, "", 0, "%s failed on %r", ("car.drive", number), info)
                record.path, record.kind, record.cause = "car.drive", "failed", "0" * 16
                handler.handle(record)
            return LINES / (time.thread_time() - start)

    return measured
