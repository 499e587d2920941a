from __future__ import annotations

from typing import Any

import mape
from mape.web.tap import Tap


def test_a_tap_hears_before_all_others_and_the_direct_way_comes_back() -> None:
    loop = mape.App().loop("car")
    order: list[Any] = []
    sense = loop.monitor(uid="sense")(lambda item: item)
    act = loop.execute(uid="act")(lambda item: order.append(("act", item)))
    sense.subscribe(act)
    sense.start()
    sense(1)
    assert sense.port_out.is_direct
    tap = Tap(sense.port_out, lambda item: order.append(("tap", item)))
    tap.attach()
    tap.attach()
    sense(2)
    tap.detach()
    tap.detach()
    sense(3)

    assert order == [("act", 1), ("tap", 2), ("act", 2), ("act", 3)]
    assert sense.port_out.is_direct
    assert act.stats.received == 3


def test_a_tap_may_leave_while_an_item_is_in_hand() -> None:
    loop = mape.App().loop("car")
    seen: list[Any] = []
    act = loop.execute(uid="act")(seen.append)
    tap = Tap(act.port_in, lambda _: tap.detach())
    tap.attach()
    for item in range(3):
        act(item)

    assert seen == [0, 1, 2]
    assert not tap.is_attached


def test_a_tap_of_an_element_that_was_removed_hears_nothing_and_breaks_nothing() -> None:
    loop = mape.App().loop("car")
    act = loop.execute(uid="act")(lambda _: None)
    tap = Tap(act.port_in, print)
    tap.attach()
    loop.remove(act)

    assert not tap.is_attached
    tap.detach()
