"""Floods: the first few lines, then one line a period that says how many more."""

from __future__ import annotations

import logging

from hypothesis import given
from hypothesis import strategies as st

from mape.logs.repetition import MOST, Repetition


def record(path: str = "car.drive", kind: str = "failed", error: Exception | None = None) -> logging.LogRecord:
    info = None if error is None else (type(error), error, None)
    made = logging.LogRecord("mape", logging.ERROR, "", 0, "%s failed", (path,), info)
    made.path, made.kind, made.cause = path, kind, "0" * 16
    made.trace_id = "1" * 32
    return made


class Log:
    """What a handler would write, and when."""

    def __init__(self, most: int = 3, period: float = 10.0) -> None:
        self.now = 0.0
        self.lines: list[str] = []
        self.repetition = Repetition(most, period, lambda: self.now)

    def take(self, each: logging.LogRecord, now: float) -> None:
        self.now = now
        self.lines += [due.getMessage() for due in self.repetition.due()]
        if self.repetition.admits(each):
            self.lines.append(each.getMessage())


def test_the_first_are_written_and_the_rest_is_counted_once_a_period() -> None:
    log = Log()
    for number in range(3 * 80):
        log.take(record(), number / 8)
    log.now = 30
    log.lines += [due.getMessage() for due in log.repetition.due()]

    told = [f"car.drive: …and {count} more in 10 s" for count in (77, 80, 80)]
    assert log.lines == ["car.drive failed"] * 3 + told


def test_after_a_quiet_period_a_line_is_news_again() -> None:
    log = Log()
    for now in (0, 1, 2, 3, 30, 31):
        log.take(record(), now)

    assert log.lines == [*["car.drive failed"] * 3, "car.drive: …and 1 more in 30 s", *["car.drive failed"] * 2]


def test_what_comes_now_and_then_is_written_each_time() -> None:
    log = Log(most=3, period=10)
    for now in range(0, 400, 4):
        log.take(record(), now)

    assert log.lines == ["car.drive failed"] * 100


def test_other_paths_kinds_and_errors_are_other_lines() -> None:
    log = Log(most=1)
    for each in (
        record(),
        record(path="car.look"),
        record(kind="gap"),
        record(error=KeyError()),
        record(error=OSError()),
        record(error=OSError()),
    ):
        log.take(each, 0)

    assert len(log.lines) == 5


def test_a_person_s_own_lines_are_all_written() -> None:
    log = Log(most=1)
    for _ in range(10):
        log.take(logging.LogRecord("traffic", logging.INFO, "", 0, "a car", None, None), 0)

    assert len(log.lines) == 10


def test_zero_is_no_limit() -> None:
    log = Log(most=0)
    for _ in range(100):
        log.take(record(), 0)

    assert len(log.lines) == 100


def test_the_line_that_counts_has_the_fields_of_those_it_stands_for() -> None:
    repetition = Repetition(1, 10, lambda: 0)
    for _ in range(5):
        repetition.admits(record(error=KeyError("x")))
    [told] = repetition.due(at_once=True)

    fields = {name: vars(told)[name] for name in ("path", "kind", "cause", "trace_id", "error", "count")}
    assert fields == {
        "path": "car.drive",
        "kind": "failed",
        "cause": "0" * 16,
        "trace_id": "1" * 32,
        "error": "KeyError",
        "count": 4,
    }
    assert told.levelno == logging.ERROR
    assert not repetition.holds


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 30)), max_size=200))
def test_every_line_is_written_or_counted(steps: list[tuple[int, float]]) -> None:
    now, written, counted = 0.0, 0, 0
    repetition = Repetition(2, 10, lambda: now)
    for path, pause in steps:
        now += pause
        counted += sum(vars(due)["count"] for due in repetition.due())
        written += repetition.admits(record(path=str(path)))
    counted += sum(vars(due)["count"] for due in repetition.due(at_once=True))

    assert written + counted == len(steps)


def test_a_clock_that_goes_back_loses_nothing_and_locks_nothing() -> None:
    log = Log(most=1)
    for now in (1_000_000.0, 1_000_000.0, 5.0, 16.0):
        log.take(record(), now)

    assert log.lines == ["car.drive failed", "car.drive: …and 1 more in 0 s", *["car.drive failed"] * 2]


def test_many_kinds_of_lines_do_not_pile_up() -> None:
    log = Log(most=1)
    for number in range(5 * MOST):
        log.take(record(path=f"loop_{number}.el"), 0)
        log.take(record(path=f"loop_{number}.el"), 0)

    assert len(log.repetition._windows) <= MOST  # noqa: SLF001 - its size is the point
    assert len(log.lines) > 5 * MOST
