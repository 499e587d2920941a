"""Which trace a line belongs to: that of the item at hand, in the span of the element at work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest

import mape
from mape.logs import CauseFilter
from mape.tracing import trace
from tests.tracing.conftest import Spans

pytestmark = pytest.mark.virtual_time
log = logging.getLogger("traffic")


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.addFilter(CauseFilter())
        self.places: list[tuple[str, Any, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.places.append((record.getMessage(), vars(record)["trace_id"], vars(record)["span_id"]))


@pytest.fixture
def records() -> Iterator[Records]:
    made = Records()
    log.addHandler(made)
    yield made
    log.removeHandler(made)


async def test_a_line_is_in_the_span_of_the_element_that_writes_it(app: mape.App, records: Records) -> None:
    spans = Spans()
    trace(app, spans.provider)
    loop = app.loop("car")

    @loop.monitor
    def sense(item: int) -> int:
        log.warning("senses")
        return item

    @loop.execute
    async def drive(item: int) -> None:
        await asyncio.sleep(1)
        log.warning("drives %d", item)

    sense.subscribe(drive)
    async with app:
        sense(1)
        await asyncio.sleep(2)
        log.warning("nobody drives")

    sensed, driven = (spans[name].context for name in ("car.sense", "car.drive"))
    assert sensed.trace_id == driven.trace_id
    assert records.places == [
        ("senses", f"{sensed.trace_id:032x}", f"{sensed.span_id:016x}"),
        ("drives 1", f"{driven.trace_id:032x}", f"{driven.span_id:016x}"),
        ("nobody drives", None, None),
    ]


def test_without_tracing_a_line_belongs_to_no_trace(app: mape.App, records: Records) -> None:
    app.loop("car").execute(uid="drive")(lambda item: log.warning("drives %d", item))(1)

    assert records.places == [("drives 1", None, None)]


def test_what_a_record_has_already_stays(records: Records) -> None:
    log.warning("told", extra={"trace_id": "a", "span_id": "b"})

    assert records.places == [("told", "a", "b")]
