"""The documented programs of the API that mape took over: every name and call as its users write it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mape
from mape import Element
from mape import operators as ops
from mape.application import set_default_app
from mape.testing import collect


@pytest.fixture(autouse=True)
def _app_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    set_default_app(None)
    yield
    set_default_app(None)


def ambulance(said: list[Any]) -> mape.Loop:
    mape.init()
    loop = mape.Loop(uid="ambulance")

    @loop.monitor
    def detect(emergency: Any, on_next: Any) -> None:
        on_next(emergency)

    @loop.plan(uid="custom_policy")
    def policy(emergency: Any, on_next: Any, self: Any) -> None:
        if emergency is True:
            on_next({"speed": self.emergency_speed})
            on_next({"siren": True})
        else:
            on_next({"speed": 80})
            on_next({"siren": False})

    policy.emergency_speed = 180

    @loop.execute
    def exec(item: Any, on_next: Any) -> None:  # noqa: A001, ARG001 - so it is documented
        said.extend(item.items())

    return loop


@pytest.mark.parametrize("way", ["subscribe", "pipe", "sitm"])
def test_first_loop(way: str) -> None:
    said: list[Any] = []
    loop = ambulance(said)
    detect, policy = loop.detect, loop.custom_policy
    if way == "subscribe":
        detect.subscribe(policy)
        policy.subscribe(loop.exec)
    else:
        through = getattr(ops, {"pipe": "through"}.get(way, way))
        detect.pipe(ops.distinct_until_changed(), through(policy), through(loop["exec"])).subscribe()
    detect(True)
    assert said == []
    detect.start()
    for emergency in (True, False):
        detect(emergency)
    assert said == [("speed", 180), ("siren", True), ("speed", 80), ("siren", False)]


def test_access_to_loops_and_elements() -> None:
    ambulance([])
    assert [(loop.uid, [element.uid for element in loop]) for loop in mape.app] == [
        ("ambulance", ["detect", "custom_policy", "exec"])
    ]
    assert [element.uid for element in mape.app.ambulance if isinstance(element, mape.Execute)] == ["exec"]
    detect = mape.app.ambulance.detect
    assert detect is mape.app["ambulance.detect"] is mape.app["ambulance"]["detect"]
    assert "ambulance.detect" in mape.app
    assert f"car_*.{detect}" == f"car_*.{detect.uid}" == "car_*.detect"
    assert detect.path == "ambulance.detect"
    assert (detect.p_in, detect.p_out) == (detect.source, detect.sink) == (detect.port_in, detect.port_out)
    assert detect.loop.app is mape.app
    assert not detect.is_running


def test_debug_and_log_observer(caplog: pytest.LogCaptureFixture) -> None:
    loop = ambulance([])
    caplog.set_level("INFO", "mape")
    loop.detect.subscribe(mape.LogObserver("stream out detect"))
    loop.detect.debug(Element.Debug.IN | Element.Debug.OUT)
    loop.detect.start()
    loop.detect(True)
    loop.detect.debug()
    loop.detect(False)
    lines = [record.getMessage() for record in caplog.records if record.name == "mape.tap"]
    assert sorted(lines) == sorted(
        [
            "on next: True | in > [ambulance.detect]",
            "on next: True | [ambulance.detect] > out",
            "on next: True | stream out detect",
            "on next: False | stream out detect",
        ]
    )


@mape.to_monitor_cls(default_uid="emergency_detect")
def emergency_detect_cls(item: Any, on_next: Any, self: Any) -> None:
    if "speed" in item:
        self.loop.k.current_speed = item["speed"]
    elif "emergency_detect" in item:
        on_next(item["emergency_detect"])


def test_one_class_of_elements_in_several_loops() -> None:
    mape.init()
    cars = [mape.Loop(uid=f"car_{name}_safety") for name in ("Panda", "Veyron")]
    detects = [emergency_detect_cls(loop=car) for car in cars]
    seen = [collect(detect) for detect in detects]
    for detect in detects:
        detect.start()
    detects[0]({"emergency_detect": True})
    detects[1]({"speed": 90})
    assert seen == [[True], []]
    assert cars[1].k.current_speed == 90
    assert cars[0].emergency_detect is detects[0]
    assert isinstance(detects[0], mape.Monitor)


def test_hierarchical_control_by_call_method() -> None:
    mape.init()
    loop = mape.Loop(uid="cruise_control_Panda", level="vehicle")

    @loop.register(uid="pid")
    class Pid(mape.Plan[Any, Any]):
        def __init__(self, loop: mape.Loop, speed_target: float = 100, uid: Any = None) -> None:
            self.speed_target = speed_target
            super().__init__(loop, uid=uid)

        def cruise_control(self, speed_target: float) -> None:
            self.speed_target = speed_target

        def _on_next(self, current_speed: float, on_next: Any = None, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
            on_next(self.speed_target - current_speed)

    assert loop.pid.uid == Pid.uid
    hold = mape.Loop(uid="hold_distance_Panda")
    speed = hold.execute(uid="speed")(lambda target, on_next: on_next(mape.CallMethod.create("cruise_control", target)))
    speed.subscribe(mape.app["cruise_control_Panda.pid"])
    power = collect(mape.app["vehicle.cruise_control_Panda.pid"])
    speed(130)
    loop.pid(120)
    assert power == [10]


def test_master_and_slaves_by_messages() -> None:
    mape.init()
    master = mape.Loop(uid="speed_enforcement")

    class Average(mape.Analyze[Any, Any]):
        def __init__(self, loop: mape.Loop, uid: str = "avg") -> None:
            super().__init__(loop, uid, ops_out=(ops.window_with_count(count=2), ops.flat_map(self.mean)))
            self.port_out.operators = [ops.group_and_pipe(self.port_out.operators)]

        @staticmethod
        def mean(window: Any) -> Any:
            def average(messages: list[mape.Message]) -> mape.Message:
                messages[0].value = sum(each.value for each in messages) / len(messages)
                return messages[0]

            return window.pipe(ops.to_list(), ops.filter(bool), ops.map(average))

    average = Average(master)

    @master.plan(ops_out=ops.router())
    def penalty(item: mape.Message, on_next: Any, self: Any) -> None:
        if item.value > self.speed_threshold:
            on_next(item)

    penalty.speed_threshold = 150
    average.subscribe(penalty)
    penalty.subscribe()
    fined: dict[str, list[float]] = {}
    for name in ("Veyron", "Panda"):
        car = mape.Loop(uid=f"car_{name}")
        fined[name] = []

        @car.monitor
        def mon(item: Any, on_next: Any, self: Any) -> None:
            on_next(mape.Message.create(value=item["speed"], src=self, dst=self.loop.exec))

        car.execute(uid="exec")(lambda message, name=name: fined[name].append(message.value))
        mon.subscribe(mape.app.speed_enforcement.avg)
        mon.start()
    for fast, slow in ((300, 90), (200, 80)):
        mape.app["car_Veyron.mon"]({"speed": fast})
        mape.app["car_Panda.mon"]({"speed": slow})
    assert fined == {"Veyron": [250.0], "Panda": []}
