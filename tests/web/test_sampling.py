from __future__ import annotations

from typing import Any

import mape
from mape.web.sampling import A_TICK, IN_A_FLOOD, Sampler
from tests.web.test_tree import Hostile


def app_and_sampler() -> tuple[mape.App, Any, Any, Sampler]:
    app = mape.App()
    loop = app.loop("car")
    sense = loop.monitor(uid="sense")(lambda item: item)
    act = loop.execute(uid="act")(lambda _: None)
    sense.subscribe(act)
    app.start()
    return app, sense, act, Sampler(app)


def test_the_items_at_both_ports_are_seen_with_their_cause() -> None:
    _, sense, _, sampler = app_and_sampler()
    sampler.watch(["car.sense"])
    sense(3)
    found = sampler.collect()

    assert {place: (passed, [seen.text for seen in items]) for place, (passed, items) in found.items()} == {
        ("car.sense", "in"): (1, ["3"]),
        ("car.sense", "out"): (1, ["3"]),
    }
    (into,), (out,) = found["car.sense", "in"][1], found["car.sense", "out"][1]
    assert into.cause == out.cause


def test_of_a_flood_a_few_are_seen_and_the_rest_goes_its_direct_way() -> None:
    _, sense, act, sampler = app_and_sampler()
    sampler.watch(["car.sense"])
    for tick in range(3):
        for item in range(1_000):
            sense(item)
        assert sense.port_out.is_direct
        assert not sense.port_in.links
        found = sampler.collect()
        passed, items = found["car.sense", "out"]
        assert 1 <= len(items) <= (IN_A_FLOOD if tick else A_TICK)
        assert passed == (tick + 1) * 1_000
    assert act.stats.received == 3_000


def test_nobody_watches_no_tap_is_left() -> None:
    _, sense, _, sampler = app_and_sampler()
    sampler.watch(["car.sense", "car.act"])
    sampler.watch([])

    assert sampler.collect() == {}
    assert not sense.port_in.links
    assert sense.port_out.is_direct


def test_what_is_not_there_yet_is_looked_for_and_what_is_gone_let_go() -> None:
    app, sense, _, sampler = app_and_sampler()
    sampler.watch(["car.late", "car.sense", "car", "no path"])
    sampler.collect()
    late = app.loop("car").execute(uid="late")(lambda _: None)
    sampler.collect()
    late(1)
    assert ("car.late", "in") in sampler.collect()
    app.loop("car").remove(late)
    sense(1)
    assert set(sampler.collect()) == {("car.sense", "in"), ("car.sense", "out")}
    again = app.loop("car").execute(uid="late")(lambda _: None)
    sampler.collect()
    again(1)
    assert ("car.late", "in") in sampler.collect()


def test_the_latest_items_are_kept_while_somebody_watches() -> None:
    _, sense, act, sampler = app_and_sampler()
    sampler.watch(["car.sense"])
    for item in range(50):
        sense(item)
        sampler.collect()

    assert [seen.text for seen in sampler.recent(sense)["in"]] == [str(number) for number in range(30, 50)]
    assert sampler.recent(act) == {"in": [], "out": []}


def test_an_item_that_nobody_can_read_hurts_neither_the_page_nor_the_loop() -> None:
    app, sense, act, sampler = app_and_sampler()
    failures: list[Any] = []
    app.failures.subscribe(failures.append)
    sampler.watch(["car.sense"])
    sense(Hostile)
    sense.port_in.on_next(object.__new__(Hostile))
    found = sampler.collect()

    assert found["car.sense", "out"][1][1].text == "<ValueError>"
    assert failures == []
    assert act.stats.received == 2


def test_after_a_flood_every_item_is_seen_again() -> None:
    _, sense, _, sampler = app_and_sampler()
    sampler.watch(["car.sense"])
    for count, _seen in ((1_000, A_TICK), (1_000, IN_A_FLOOD), (3, 3), (10, 10)):
        for item in range(count):
            sense(item)
        passed = len(sampler.collect()["car.sense", "in"][1])
        assert passed <= _seen
        assert count > A_TICK or passed == _seen
