"""The loop of the ambulance."""

from __future__ import annotations

from mape import App
from mape.demo.ambulance.ambulance import add_ambulance
from mape.demo.ambulance.road import Vehicle
from mape.testing import collect


def test_an_emergency_becomes_speed_and_siren_and_its_end_takes_both_back() -> None:
    app, vehicle = App(), Vehicle("ambulance", 0.0, 80.0, 80.0)
    part = add_ambulance(app, vehicle)
    app.start()

    part.detect(True)
    assert (vehicle.wish_kmh, vehicle.lights) == (180.0, "siren")

    part.detect(False)
    assert (vehicle.wish_kmh, vehicle.lights) == (80.0, "normal")


def test_saying_the_same_twice_commands_once() -> None:
    app, vehicle = App(), Vehicle("ambulance", 0.0, 80.0, 80.0)
    part = add_ambulance(app, vehicle)
    commands = collect(part.loop["policy"])
    app.start()

    part.detect(True)
    part.detect(True)

    assert len(commands) == 2


def test_what_can_be_heard_says_where_and_is_numbered() -> None:
    app, vehicle = App(), Vehicle("ambulance", 120.0, 80.0, 80.0)
    part = add_ambulance(app, vehicle)
    heard = collect(part.siren)
    app.start()

    part.siren(0)
    part.detect(True)
    part.siren(1)

    assert [(each.value.is_on, each.value.at_m, each.value.number) for each in heard] == [
        (False, 120.0, 1),
        (True, 120.0, 2),
    ]
    assert heard[0].src == "ambulance.siren"
