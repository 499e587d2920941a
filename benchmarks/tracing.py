"""What following items costs: a look at each hop where an item is not chosen, else the spans."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import mape
from benchmarks.hot_path import ITEMS, ROLES, Feed, ending, ending_return, passing, returning
from benchmarks.measure import Row, millions, rate, ratio
from mape.tracing import trace

logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # spans that do not fit are part of the measurement


def traced_chain(middle: Callable[..., object], last: Callable[..., object], sample: float | None) -> Feed:
    """Monitor, analyze, plan, execute; not traced at all where `sample` is None."""
    app = mape.App()
    if sample is not None:
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
        trace(app, provider, sample)
    loop = app.loop("bench")
    elements = [getattr(loop, role)(uid=f"my_{role}")(middle) for role in ROLES[:-1]]
    elements.append(loop.execute(uid="last")(last))
    mape.connect(*elements)
    app.start()
    feed: Feed = elements[0].port_in.on_next
    for item in range(100):
        feed(item)
    assert elements[-1].stats.received == 100
    return feed


def speed(middle: Callable[..., object], last: Callable[..., object], sample: float | None, items: int) -> float:
    return rate(traced_chain(middle, last, sample), items)


def rows() -> Iterator[Row]:
    """A chain of four, against the same one that is not traced."""
    for style, middle, last in (("on_next", passing, ending), ("return", returning, ending_return)):
        off = partial(speed, middle, last, None, ITEMS)
        for sample, items, goal in ((0.0, ITEMS, 0.5), (0.01, ITEMS, 0.2), (1.0, ITEMS // 50, 0.004)):
            ours, base, against = ratio(partial(speed, middle, last, sample, items), off)
            what = f"M-A-P-E, {style} style, {sample:.0%} of the items traced"
            yield Row(what, millions(ours), f"not traced {millions(base)}", against, goal)
