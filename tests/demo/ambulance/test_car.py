"""The loop of a car: what it hears, what others tell, and what it does about it."""

from __future__ import annotations

import asyncio

import pytest

from mape import App, Message
from mape.codecs import JSON, Header
from mape.demo.ambulance.car import SILENCE, Car, add_car
from mape.demo.ambulance.notice import Emergency, Siren
from mape.demo.ambulance.road import Vehicle
from mape.testing import collect

HERE = 1000.0
OTHER = "car_ben_safety.emergency_detect"


@pytest.fixture
def car() -> Car:
    """A car at 1,000 m."""
    app = App()
    part = add_car(app, Vehicle("ada", HERE, 90.0, 90.0))
    app.start()
    return part


def hear(car: Car, *, is_on: bool, at_m: float, number: int = 1) -> None:
    car.detect(Message(Siren(is_on, at_m, number), src="ambulance.siren", hops=("ambulance.siren",)))


def tell(car: Car, *, is_on: bool, at_m: float, timestamp: float = 1.0, src: str = OTHER) -> None:
    car.policy(Message(Emergency(is_on, at_m, 1), src=src, timestamp=timestamp))


def does(car: Car) -> tuple[str, float, bool]:
    vehicle = car.detect.vehicle
    return vehicle.lights, vehicle.wish_kmh, vehicle.is_aside


def test_a_siren_in_earshot_is_made_way_for_and_told_to_others(car: Car) -> None:
    told = collect(car.detect)

    hear(car, is_on=True, at_m=HERE - 200)

    assert does(car) == ("hazard", 30.0, True)
    assert [each.value for each in told] == [Emergency(is_on=True, at_m=HERE - 200, number=1)]


def test_a_siren_out_of_earshot_is_nothing(car: Car) -> None:
    told = collect(car.detect)

    hear(car, is_on=True, at_m=HERE - 300)

    assert does(car) == ("normal", 90.0, False)
    assert told == []


def test_only_changes_are_told_and_they_are_numbered(car: Car) -> None:
    told = collect(car.detect)

    for at_m in (HERE - 200, HERE - 100, HERE + 100, HERE + 300, HERE + 400):
        hear(car, is_on=True, at_m=at_m)

    assert [(each.value.is_on, each.value.number) for each in told] == [(True, 1), (False, 2)]


def test_who_is_told_slows_down_before_anything_is_to_be_heard(car: Car) -> None:
    tell(car, is_on=True, at_m=HERE - 700)

    assert does(car) == ("hazard", 60.0, False)


def test_an_ambulance_that_has_gone_past_is_no_reason(car: Car) -> None:
    tell(car, is_on=True, at_m=HERE + 300)

    assert does(car) == ("normal", 90.0, False)


def test_the_own_ears_count_more_than_what_others_tell(car: Car) -> None:
    tell(car, is_on=True, at_m=HERE - 700)
    hear(car, is_on=True, at_m=HERE - 200)

    assert does(car) == ("hazard", 30.0, True)


def test_all_clear_holds_only_when_nobody_hears_it_any_more(car: Car) -> None:
    tell(car, is_on=True, at_m=HERE - 500)
    tell(car, is_on=True, at_m=HERE - 400, src="car_cleo_safety.emergency_detect")

    tell(car, is_on=False, at_m=HERE - 400)
    assert does(car) == ("hazard", 60.0, False)

    tell(car, is_on=False, at_m=HERE - 400, src="car_cleo_safety.emergency_detect")
    assert does(car) == ("normal", 90.0, False)


def test_of_several_reports_the_first_is_the_reason(car: Car) -> None:
    tell(car, is_on=True, at_m=HERE - 400, src="car_cleo_safety.emergency_detect", timestamp=2.0)
    tell(car, is_on=True, at_m=HERE - 500, timestamp=1.0)

    assert car.policy.reason
    assert car.policy.reason.src == OTHER


def test_the_hops_of_a_report_show_the_way_it_has_taken(car: Car) -> None:
    told = collect(car.detect)

    hear(car, is_on=True, at_m=HERE - 200)

    assert told[0].src == "car_ada_safety.emergency_detect"
    assert told[0].hops == ("ambulance.siren", "car_ada_safety.emergency_detect")


@pytest.mark.virtual_time
async def test_an_ambulance_that_falls_silent_is_heard_no_more() -> None:
    app = App()
    car = add_car(app, Vehicle("ada", HERE, 90.0, 90.0))
    async with app:
        hear(car, is_on=True, at_m=HERE - 200)
        await asyncio.sleep(SILENCE / 2)
        car.detect.notice_silence()
        assert does(car) == ("hazard", 30.0, True)
        await asyncio.sleep(SILENCE)
        car.detect.notice_silence()

    assert does(car) == ("normal", 90.0, False)


def test_notices_come_back_as_what_they_were() -> None:
    notices = [Message(Siren(is_on=True, at_m=1.5, number=2)), Message(Emergency(is_on=False, at_m=2.5, number=3))]
    payload = JSON.frame(Header("0" * 16, 1, 0, None), [JSON.encode(each) for each in notices])

    assert [each.value for each in JSON.decode(payload).values] == [each.value for each in notices]
