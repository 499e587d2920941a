from __future__ import annotations

import asyncio

import mape


def test_reading_the_counts_changes_nothing_and_stats_times_one_more() -> None:
    act = mape.App().loop("car").execute(uid="act")(lambda _: None)
    for item in range(20):
        act(item)
    before = act.read_counts()
    assert act.read_counts() == before
    act(1)
    assert act.read_counts().timed == before.timed
    act.time_one_more()
    act(1)

    assert act.read_counts().timed == before.timed + 1
    assert act.read_counts().received == 22


async def test_an_element_tells_how_it_works() -> None:
    app = mape.App()

    @app.loop("car").plan(concurrency=3, mailbox=7, overflow="latest", on_error="retry")
    async def think(item: int) -> int:
        await asyncio.sleep(0)
        return item

    act = app.loop("car").execute(uid="act", on_error="stop")(lambda _: None)

    assert think.read_terms() == {"concurrency": 3, "mailbox": 7, "overflow": "latest", "on_error": "retry"}
    assert act.read_terms() == {"concurrency": 1, "mailbox": 1024, "overflow": "drop_oldest", "on_error": "stop"}
