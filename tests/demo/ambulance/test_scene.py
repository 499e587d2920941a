"""What the parent makes of what the vehicles say."""

from __future__ import annotations

from typing import Any

from mape.demo.ambulance.scene import AMBULANCE, Scene
from mape.demo.ambulance.story import story


def told(by: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {"by": by, "number": number, "is_on": True, "own": False, "after": 0.001} | more


def test_what_several_cars_hear_from_one_is_one_telling() -> None:
    scene = Scene("redis", 20.0)
    scene.hear("ada", told("ada", own=True))
    scene.hear("ben", told("ada"))
    scene.hear("cleo", told("ada", after=0.002))

    assert [str(each) for each in scene.tellings] == ["  0.0 s  ada  hears the siren  → ben 1.0 ms, cleo 2.0 ms"]


def test_the_lead_is_the_time_from_being_told_to_hearing_it_oneself() -> None:
    scene = Scene("redis", 20.0)
    scene.now = 1.0
    scene.hear("ben", told("ada"))
    scene.now = 4.5
    scene.hear("ben", told("ben", own=True))

    assert scene.lead == {"ben": 3.5}


def test_what_was_told_in_an_emergency_that_is_over_is_no_lead() -> None:
    scene = Scene("redis", 20.0)
    scene.see(AMBULANCE, {"lights": "siren"})
    scene.hear("ben", told("ada"))
    scene.see(AMBULANCE, {"lights": "normal"})
    scene.now = 9.0
    scene.hear("ben", told("ben", own=True))

    assert scene.lead == {}


def test_the_story_has_two_emergencies_within_its_time() -> None:
    events = list(story(20.0))

    assert [is_on for _, is_on in events] == [True, False, True, False]
    assert [at for at, _ in events] == sorted(at for at, _ in events)
    assert events[0][0] == 0.5
    assert events[-1][0] < 20.0
