"""Percentiles, reports of the load generator, and health."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.demo.elastic.measurement import Batch, Health, Outcome, Sample, parse_batch, percentile
from mape.errors import PeerError


def sample(*latencies: float, at: float = 1.0, workers: int = 1, waiting: int = 0, oldest: float = 0.0) -> Sample:
    done = tuple(Outcome(at, latency, 0.05, ok=True) for latency in latencies)
    return Sample(Batch("elastic", at, len(done), waiting, oldest, done), workers)


def health(*samples: Sample) -> Health:
    return Health.of(samples, goal=0.2, period=0.25, capacity=2)


def test_the_95th_percentile_of_a_hundred_values_is_the_95th() -> None:
    assert percentile(range(100, 0, -1), 95) == 95


def test_the_percentile_of_one_value_is_it() -> None:
    assert percentile([7.0], 1) == percentile([7.0], 100) == 7.0


@given(st.lists(st.floats(allow_nan=False), min_size=1), st.integers(1, 100))
def test_a_percentile_is_one_of_the_values_that_enough_of_them_do_not_exceed(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


@pytest.mark.parametrize("percent", [0, -1, 100.5])
def test_a_percentile_beyond_its_range_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="percent must be"):
        percentile([1.0], percent)


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 95)


def test_a_report_is_read_with_all_that_is_in_it() -> None:
    line = b'{"target":"a","at":1.5,"sent":2,"waiting":1,"oldest":0.1,"done":[[1.2,0.05,0.04,true]],"last":true}\n'
    assert parse_batch(line) == Batch("a", 1.5, 2, 1, 0.1, (Outcome(1.2, 0.05, 0.04, ok=True),), last=True)


@pytest.mark.parametrize("line", [b"", b"Traceback", b"[]", b'{"target":"a"}', b'{"target":1}', b"\xff\xfe"])
def test_what_is_no_report_is_an_error_that_shows_it(line: bytes) -> None:
    with pytest.raises(PeerError, match="something else than a batch"):
        parse_batch(line)


def test_health_counts_the_requests_and_compares_p95_with_the_goal() -> None:
    seen = health(sample(0.1, at=1.0), sample(0.3, 0.1, at=1.25))
    assert (seen.at, seen.p95, seen.rate) == (1.25, 0.3, 3 / 0.5)
    assert seen.pressure == pytest.approx(1.5)


def test_busy_is_the_work_done_as_a_share_of_what_the_workers_could_do() -> None:
    assert health(sample(*[0.1] * 5, workers=1)).busy == pytest.approx(5 * 0.05 / (1 * 2 * 0.25))
    assert health(sample(*[0.1] * 5, workers=5)).busy == pytest.approx(5 * 0.05 / (5 * 2 * 0.25))


def test_a_service_without_workers_is_wholly_busy() -> None:
    assert health(sample(workers=0)).busy == 1.0


def test_a_service_that_answers_nothing_is_as_slow_as_its_longest_wait() -> None:
    assert health(sample(waiting=9, oldest=1.5)).p95 == 1.5


def test_a_service_that_nobody_asks_is_healthy() -> None:
    assert health(sample()).pressure == 0.0


def test_failed_requests_are_counted() -> None:
    failed = Sample(Batch("elastic", 1.0, 1, 0, 0.0, (Outcome(1.0, 2.0, 0.0, ok=False),)), 1)
    assert health(failed).errors == 1
