from __future__ import annotations

from typing import Any

import mape
from mape.flow.tap import listen_first


def test_who_listens_first_hears_first_and_the_others_stay_in_their_order() -> None:
    loop = mape.App().loop("car")
    order: list[str] = []
    sense = loop.monitor(uid="sense")(lambda item: item)
    for name in ("one", "two"):
        sense.subscribe(lambda _, name=name: order.append(name))
    sense.start()
    sense(1)
    link = listen_first(sense.port_out, lambda _: order.append("first"))
    sense(2)
    link.dispose()
    sense(3)

    assert order == ["one", "two", "first", "one", "two", "one", "two"]


def test_a_first_listener_of_a_direct_way_costs_no_count() -> None:
    loop = mape.App().loop("car")
    seen: list[Any] = []
    sense, act = loop.monitor(uid="sense")(lambda item: item), loop.execute(uid="act")(seen.append)
    sense.subscribe(act)
    sense.start()
    for item in range(3):
        link = listen_first(sense.port_out, lambda _: None)
        sense(item)
        link.dispose()
        sense(item)

    assert seen == [0, 0, 1, 1, 2, 2]
    assert act.stats.received == sense.stats.emitted == 6
