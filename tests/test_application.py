"""Apps: what is in them and how it is found, who listens to whom, what went wrong, and the app of the process."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from reactivex.subject import Subject

import mape
from mape import operators as ops
from mape.application import default_app, set_default_app
from mape.flow.graph import Edge
from mape.testing import EPOCH, collect

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def loop(app: mape.App) -> mape.Loop:
    return app.loop("main")


@pytest.fixture
def no_default_app() -> Iterator[None]:
    set_default_app(None)
    yield
    set_default_app(None)


def same(item: Any) -> Any:
    return item


def inverse(item: Any) -> Any:
    return 1 / item


# -- what is in an app -----------------------------------------------------------------------------------------------


def test_a_new_app_is_empty_and_true(app: mape.App) -> None:
    assert (len(app), list(app), list(app.elements), app.levels, app.edges(), bool(app)) == (0, [], [], (), [], True)
    assert (str(app), repr(app)) == ("the app", "<App, 0 loops, closed>")


def test_loops_and_elements_are_iterated_in_the_order_they_were_made(app: mape.App) -> None:
    loops = [app.loop(uid) for uid in ("b", "a")]
    elements = [loop.execute(uid=uid)(same) for loop in loops for uid in ("y", "x")]
    assert (list(app), len(app)) == (loops, 2)
    assert list(app.elements) == elements


def test_a_loop_is_made_once(app: mape.App) -> None:
    assert app.loop("main") is app.loop("main") is app["main"] is app.main
    assert isinstance(app.loop("main"), mape.Loop)
    assert app.loop("main").app is app


def test_levels_are_made_once_in_order(app: mape.App) -> None:
    town, loop = app.level("town"), app.loop("main", "road")
    assert app.levels == (town, loop.level)
    assert app.level("town") is town


# -- paths -----------------------------------------------------------------------------------------------------------


def test_every_loop_and_element_is_found_at_its_path(app: mape.App) -> None:
    for level in ("", "road"):
        for uid in ("one", "two"):
            loop = mape.Loop(f"{level}{uid}", level, app)
            element = loop.execute(uid="element")(same)
            assert app[loop.uid] is app[loop.path] is loop
            assert app[element.path] is app[f"{loop.path}.element"] is element
            assert all(path in app for path in (loop.uid, loop.path, element.path, f"{loop.path}.element"))


def test_a_loop_may_have_the_name_of_its_level_and_of_its_element(app: mape.App) -> None:
    car, other = mape.Loop("car", "car", app), mape.Loop("other", "car", app)
    inner, detect = car.execute(uid="car")(same), car.execute(uid="detect")(same)
    elsewhere = other.execute(uid="detect")(same)
    assert app["car"] is car
    assert app["car.car"] is inner  # an element of a loop before a loop of a level
    assert app["car.detect"] is app["car.car.detect"] is detect
    assert app["car.other"] is other
    assert app["other.detect"] is app["car.other.detect"] is elsewhere


UNKNOWN = {
    "nothing": "there is main, main.detect",
    "main.detekt": "did you mean 'detect'",
    "main.detect.more": "did you mean 'main.detect'",
    "road.main": "nothing is at 'road.main' in the app",
    "town.main.detect": "nothing is at 'town.main.detect' in the app",
    "mian": "did you mean 'main'",
    "": "nothing is at ''",
    ".": "nothing is at '.'",
    ".main": "nothing is at '.main'",
    ".main.detect": "nothing is at '.main.detect'",
    "main.": "no element '' in main",
    "road": "nothing is at 'road'",
    "a.b.c.d": "nothing is at 'a.b.c.d'",
}


@pytest.mark.parametrize(("path", "message"), UNKNOWN.items())
def test_an_unknown_path_is_an_error_that_says_what_there_is(app: mape.App, path: str, message: str) -> None:
    app.loop("main").execute(uid="detect")(same)
    app.level("road")
    with pytest.raises(mape.UnknownPathError) as caught:
        app[path]
    assert message in str(caught.value)
    assert isinstance(caught.value, LookupError)
    assert path not in app


@pytest.mark.parametrize("path", [None, 5, ("main",), ["main"], b"main"])
def test_what_is_no_path_is_unknown(app: mape.App, loop: mape.Loop, path: Any) -> None:
    with pytest.raises(mape.UnknownPathError):
        app[path]
    assert path not in app
    assert loop in app


def test_in_takes_loops_and_paths(app: mape.App, loop: mape.Loop) -> None:
    element = loop.execute(uid="detect")(same)
    mape.Loop("cruise", "road", app)
    assert "main" in app
    assert "main.detect" in app
    assert "road.cruise" in app
    assert "detect" not in app
    assert "road" not in app
    assert element in loop
    assert mape.App().loop("main") not in app


def test_an_unknown_attribute_says_what_there_is(app: mape.App, loop: mape.Loop) -> None:
    assert app.main is loop
    with pytest.raises(AttributeError, match="App has no attribute and no loop 'mian': did you mean 'main'"):
        app.mian  # noqa: B018


# -- taking out ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_uid", [False, True])
def test_a_loop_that_is_removed_is_gone_with_its_elements_and_edges(app: mape.App, by_uid: bool) -> None:
    loop, other = mape.Loop("main", "road", app), app.loop("other")
    source, inner, sink = (
        other.execute(uid="source")(same),
        loop.execute(uid="inner")(same),
        other.execute(uid="sink")(same),
    )
    mape.connect(source, inner, sink)
    seen = collect(sink)
    app.remove("main" if by_uid else loop)
    source(1)
    inner(2)
    assert seen == []
    assert (list(app), list(app.elements), len(loop), len(loop.level)) == ([other], [source, sink], 0, 0)
    assert "main" not in app
    assert not inner.is_running
    assert app.loop("main") is not loop


def test_only_a_loop_of_this_app_can_be_removed(app: mape.App, loop: mape.Loop) -> None:
    element = loop.execute(uid="element")(same)
    for stranger in (mape.App().loop("main"), "nobody", "main.element", element, None, 5):
        with pytest.raises(mape.UnknownPathError, match=r"no loop .* in the app"):
            app.remove(stranger)  # type: ignore[arg-type]
    app.remove(loop)
    with pytest.raises(mape.UnknownPathError, match="was it removed"):
        app.remove(loop)
    assert len(app) == 0


# -- edges -----------------------------------------------------------------------------------------------------------


def test_edges_tell_who_listens_to_whom_and_behind_which_operators(app: mape.App, loop: mape.Loop) -> None:
    source, sink = loop.monitor(uid="source")(same), app.loop("other").execute(uid="sink")(same)
    source.subscribe(sink)
    source.pipe(ops.map(same), ops.router(lambda _: [])).subscribe(sink)
    source.subscribe(app.failures)
    source.subscribe(print)
    source.subscribe(Subject())
    link = source.subscribe()
    assert app.edges() == [
        Edge("main.source", "other.sink"),
        Edge("main.source", "other.sink", ("map", "router")),
        Edge("main.source", "failures", (), is_element=False),
        Edge("main.source", "print", (), is_element=False),
        Edge("main.source", "Subject", (), is_element=False),
        Edge("main.source", "(counted only)", (), is_element=False),
    ]
    link.dispose()
    assert len(app.edges()) == 5


# -- life ------------------------------------------------------------------------------------------------------------


def test_an_app_starts_and_stops_elements_of_any_role(app: mape.App) -> None:
    order: list[str] = []

    class Filter(mape.Element[Any, Any]):
        role = "filter"  # a person's own

        def open_ways(self) -> None:
            order.append(self.uid)
            super().open_ways()

        def close_ways(self) -> None:
            order.append(self.uid)
            super().close_ways()

    class Sensor(Filter):
        role = "monitor"

    class Actuator(Filter):
        role = "execute"

    for kind in (Sensor, Filter, Actuator):
        app.loop("main").register(kind)
    app.start()
    assert order == ["Actuator", "Filter", "Sensor"]
    assert all(element.is_running for element in app.elements)
    app.start()
    app.stop()
    assert order[3:] == ["Sensor", "Filter", "Actuator"]
    assert not any(element.is_running for element in app.elements)


async def test_an_app_says_whether_it_is_open(app: mape.App, loop: mape.Loop) -> None:
    assert loop.app is app
    async with app as opened:
        assert opened is app
        assert repr(app) == "<App, 1 loops, open>"
    assert repr(app) == "<App, 1 loops, closed>"
    await app.close()


def test_elements_from_chance_and_clock_are_the_apps_own() -> None:
    class Stopped:
        now = staticmethod(lambda: 1_000.0)
        monotonic = staticmethod(lambda: 5.0)

    rng = random.Random(1)
    app = mape.App(clock=Stopped(), rng=rng)
    element = app.loop("main").execute(uid="element")(inverse)
    failures = collect(app.failures)
    element(0)
    assert (app.rng, app.clock.now(), failures[0].timestamp) == (rng, 1_000.0, 1_000.0)


async def test_an_app_takes_its_clock_from_a_loop_that_has_one() -> None:
    app = mape.App()
    async with app:
        await asyncio.sleep(5)
        assert app.clock.now() - EPOCH == app.clock.monotonic() == asyncio.get_running_loop().time()


# -- failures --------------------------------------------------------------------------------------------------------


async def test_failures_of_all_elements_are_published_and_logged_once(
    app: mape.App, caplog: pytest.LogCaptureFixture
) -> None:
    failures = collect(app.failures)
    for uid in ("one", "two"):
        app.loop(uid).execute(uid="element")(inverse)
    async with app:
        app["one.element"](0)
        app["two.element"]("x")
    assert [(failure.path, failure.item, type(failure.error)) for failure in failures] == [
        ("one.element", 0, ZeroDivisionError), ("two.element", "x", TypeError),
    ]  # fmt: skip
    records = [record for record in caplog.records if record.name == "mape"]
    assert [record.levelname for record in records] == ["ERROR", "ERROR"]
    assert records[0].getMessage() == f"one.element failed on 0 (cause {failures[0].cause})"
    assert records[0].exc_info is not None
    assert records[0].exc_info[1] is failures[0].error


def test_a_huge_item_does_not_make_a_huge_line_in_the_log(loop: mape.Loop, caplog: pytest.LogCaptureFixture) -> None:
    loop.execute(uid="element")(inverse)("x" * 1_000_000)
    assert len(caplog.records[0].getMessage()) < 500


def test_an_item_that_cannot_be_shown_is_reported_all_the_same(loop: mape.Loop) -> None:
    class Shy:
        def __repr__(self) -> str:
            raise OSError

    element, failures = loop.execute(uid="element")(inverse), collect(loop.app.failures)
    shy, seen = Shy(), collect(element)
    logging.raiseExceptions, before = False, logging.raiseExceptions
    try:
        element(shy)
        element(2)
    finally:
        logging.raiseExceptions = before
    assert [failure.item for failure in failures] == [shy]
    assert seen == [0.5]


def test_a_failure_while_failures_are_told_is_logged_only(
    app: mape.App, loop: mape.Loop, caplog: pytest.LogCaptureFixture
) -> None:
    app.failures.subscribe(lambda failure: failure.nonsense)
    seen = collect(app.failures)
    element = loop.execute(uid="element")(inverse)
    element(0)
    element(0)
    assert len(seen) == 2
    assert len(caplog.records) == 4


# -- the app of the process ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_default_app")
def test_an_app_with_defaults_appears_when_somebody_asks_for_it() -> None:
    loop = mape.Loop("main")
    assert loop.app is mape.app is default_app()
    assert mape.app["main"] is loop
    assert mape.config is mape.app.settings
    assert mape.rx_scheduler is mape.app.scheduler
    assert (mape.config.debug, mape.config["debug"], mape.config.mailbox.size) == (False, False, 1024)


@pytest.mark.usefixtures("no_default_app")
def test_a_loop_is_made_where_it_is_told(app: mape.App) -> None:
    assert mape.Loop("main", app=app).app is app
    assert mape.Loop("main").app is not app
    assert [loop.uid for loop in mape.app] == ["main"]


@pytest.mark.usefixtures("no_default_app")
def test_another_app_may_become_that_of_the_process(app: mape.App) -> None:
    first = mape.app
    set_default_app(app)
    assert mape.app is app is not first
    set_default_app(None)
    assert mape.app is not first


def test_what_the_package_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'mape' has no attribute 'nothing'"):
        mape.nothing  # noqa: B018


def test_every_public_name_is_there() -> None:
    for name in mape.__all__:
        assert getattr(mape, name) is not None


def test_there_is_no_cause_in_a_thread_of_which_no_app_knows() -> None:
    causes: list[Any] = []
    thread = threading.Thread(target=lambda: causes.append(mape.current_cause()))
    thread.start()
    thread.join()
    assert causes == [None]
