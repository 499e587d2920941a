from __future__ import annotations

from mape.remote.rest import rate
from mape.remote.rest.rate import Rate


class FakeTime:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_second_of_requests_may_come_at_once_and_then_at_the_rate() -> None:
    time = FakeTime()
    limited = Rate(10, time)

    assert [limited.wait("a") for _ in range(10)] == [0.0] * 10
    assert 0.0 < limited.wait("a") <= 0.1
    time.now += 0.1
    assert limited.wait("a") == 0.0
    assert limited.wait("a") > 0.0


def test_over_a_long_time_the_rate_holds() -> None:
    time = FakeTime()
    limited = Rate(10, time)
    passed = 0
    for _ in range(10_000):
        time.now += 0.01
        passed += limited.wait("a") == 0.0

    assert 1_000 <= passed <= 1_011


def test_clients_do_not_take_from_each_other() -> None:
    limited = Rate(1, FakeTime())

    assert (limited.wait("a"), limited.wait("b")) == (0.0, 0.0)
    assert limited.wait("a") > 0


def test_zero_is_no_limit() -> None:
    limited = Rate(0, FakeTime())
    limited.fine("a")

    assert not any(limited.wait("a") for _ in range(100_000))


def test_who_does_wrong_pays_more_and_also_what_is_not_there() -> None:
    time = FakeTime()
    limited = Rate(100, time)
    for _ in range(15):
        limited.fine("a")

    assert limited.wait("a") > 0.5
    time.now += 0.6
    assert limited.wait("a") == 0.0


def test_debt_has_an_end() -> None:
    time = FakeTime()
    limited = Rate(100, time)
    for _ in range(1_000):
        limited.fine("a")
    time.now += 1.1

    assert limited.wait("a") == 0.0


def test_not_more_clients_are_remembered_than_the_bound() -> None:
    limited = Rate(1, FakeTime())
    for number in range(rate.CLIENTS + 10):
        limited.wait(str(number))

    assert len(limited) == rate.CLIENTS
    assert limited.wait("0") == 0.0  # forgotten
    assert limited.wait(str(rate.CLIENTS + 9)) > 0  # remembered
