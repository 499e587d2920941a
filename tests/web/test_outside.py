from __future__ import annotations

from typing import Any

import mape
from mape.remote.memory import MemorySession
from mape.remote.redis import PubObserver, SubObservable
from mape.remote.rest import POSTObserver
from mape.web.graph import Shape, draw
from mape.web.outside import counts
from tests.web.page import serve


async def test_what_a_sink_has_sent_lost_and_repeated_is_counted() -> None:
    there = mape.App()
    there.loop("bus").execute(uid="act")(lambda _: None)
    there.start()
    session = MemorySession(serve(there).asgi)
    here = mape.App()
    one = here.loop("car").monitor(uid="one")(lambda item: item)
    sink = POSTObserver("http://127.0.0.1:8000", "bus.act", session=session, size=3)
    one.subscribe(sink)
    shape = Shape(here)
    (edge,) = draw(here, shape, 1).edges
    async with here:
        for item in range(5):
            one(item)
        assert dict(shape.counts()) == {edge.id: (0, 2, 0, 3)}
        await sink.flush()
        assert dict(shape.counts()) == {edge.id: (3, 2, 0, 0)}
        assert there["bus.act"].stats.received == 3


async def test_what_a_source_has_received_is_counted() -> None:
    app = mape.App()
    act = app.loop("car").execute(uid="act")(lambda _: None)
    source = SubObservable("web.outside", redis="memory://web_outside")
    source.subscribe(act)
    one = app.loop("car").monitor(uid="one")(lambda item: item)
    sink = PubObserver("web.outside", redis="memory://web_outside")
    one.subscribe(sink)
    shape = Shape(app)
    found = {each.end.kind: each.id for each in draw(app, shape, 1).edges if each.end is not None}
    async with app:
        await source.wait_up(2)
        one(1)
        await sink.flush()
    told = dict(shape.counts())

    assert set(told) == set(found.values())
    assert told[found["publish"]][0] == 1


def test_a_sink_of_somebodys_own_that_breaks_is_left_out() -> None:
    class Broken:
        @property
        def stats(self) -> Any:
            raise ValueError

        def on_next(self, item: Any) -> None: ...

    app = mape.App()
    one = app.loop("car").monitor(uid="one")(lambda item: item)
    one.subscribe(Broken())
    shape = Shape(app)
    draw(app, shape, 1)

    assert dict(shape.counts()) == {}


def test_what_counts_nothing_has_no_counts() -> None:
    assert counts(print) is None
    assert counts(None) is None
