"""Numbers as Prometheus reads them: what its own parsers make of them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser as open_parser
from prometheus_client.parser import text_string_to_metric_families as read_text

from mape.remote.rest.exposition import Exemplar, Exposition, labels, metric_name, number, wants_open_metrics

read_open: Any = open_parser.text_string_to_metric_families
ANY = st.text(st.characters(codec="utf-8"))


@given(ANY, ANY, st.floats() | st.integers(-(2**60), 2**60))
def test_any_label_help_and_number_comes_back(label: str, text: str, value: float) -> None:
    page = Exposition()
    page.family("mape_cars", "gauge", text)
    page.samples([(labels(path=label), value)])
    [family] = read_text(page.text())
    [sample] = family.samples

    assert sample.labels == {"path": label}
    assert sample.value == value or (math.isnan(sample.value) and math.isnan(value))


@given(ANY, st.integers(0, 2**60))
def test_open_metrics_takes_any_label_and_an_exemplar(label: str, value: int) -> None:
    page, where = Exposition(is_open=True), labels(path=label)
    page.family("mape_cars", "counter", 'Cars, "all" of them.\n')
    page.samples([(where, value)], {where: Exemplar("0" * 16, 12.5)})
    [family] = read_open(page.text() + "# EOF\n")
    [sample] = family.samples

    assert (family.name, sample.name, sample.labels, sample.value) == (
        "mape_cars",
        "mape_cars_total",
        {"path": label},
        value,
    )
    assert sample.exemplar is not None
    assert (sample.exemplar.labels, float(sample.exemplar.timestamp)) == ({"cause": "0" * 16}, 12.5)


def test_a_counter_is_declared_by_the_name_that_each_format_wants() -> None:
    pages = []
    for is_open in (False, True):
        page = Exposition(is_open=is_open)
        page.family("mape_size_bytes", "gauge", "Size.", "bytes")
        page.family("mape_cars", "counter", "Cars.")
        page.samples([("", 1)], {"": Exemplar("0" * 16, 1.0)})
        pages.append(page.text())

    assert pages[0].splitlines()[2:] == [
        "# HELP mape_cars_total Cars.",
        "# TYPE mape_cars_total counter",
        "mape_cars_total 1",
    ]
    assert pages[1].splitlines()[2:5] == [
        "# UNIT mape_size_bytes bytes",
        "# HELP mape_cars Cars.",
        "# TYPE mape_cars counter",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (0.5, "0.5"), (True, "1.0"), (math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN")],
)
def test_a_number_has_the_form_that_prometheus_reads(value: float, text: str) -> None:
    assert number(value) == text


def test_a_name_has_no_sign_that_a_name_cannot_have() -> None:
    assert metric_name('dropped{x="1"} 2\n# TYPE') == "dropped_x__1___2___TYPE"


@pytest.mark.parametrize(
    ("accept", "is_open"),
    [
        (b"", False),
        (b"*/*", False),
        (b"text/plain;version=0.0.4", False),
        (b"application/openmetrics-text", True),
        (b"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3", True),
        (b"application/openmetrics-text; version=0.0.1", False),
        (b"application/openmetrics-text;version=1.0.0;q=0", False),
        (b"\xff\xfe;;=;,", False),
    ],
)
def test_open_metrics_is_for_those_who_ask_for_it(accept: bytes, *, is_open: bool) -> None:
    assert wants_open_metrics(accept) is is_open
