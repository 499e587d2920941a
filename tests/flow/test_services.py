"""Services: they open before the elements that need them, close after them, and never keep the app from closing."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

import mape
from mape.flow.services import Stage
from mape.testing import collect, run_virtual

DEADLINE = 10.0


class Part:
    """A service that writes down what happens to it."""

    def __init__(self, stage: Stage, log: list[str], name: str = "", **takes: float) -> None:
        self.stage, self.path, self.log, self.takes = stage, name or stage.name.lower(), log, takes
        self.error: Exception | None = None

    async def _step(self, word: str) -> None:
        self.log.append(f"{word} {self.path}")
        await asyncio.sleep(self.takes.get(word, 0.0))
        if self.error and word == "open":
            raise self.error

    async def open(self) -> None:
        await self._step("open")

    async def drain(self) -> None:
        await self._step("drain")
        self.log.append(f"drained {self.path}")

    async def close(self) -> None:
        await self._step("close")


def app_with(log: list[str], *parts: Part) -> mape.App:
    app = mape.App()

    class Noting(mape.Monitor[Any, Any]):
        def start(self, scheduler: Any = None) -> Any:
            log.append("start element")
            return super().start(scheduler)

        async def close(self) -> Any:
            log.append("close element")
            return await super().close()

    Noting(app.loop("main"), "m")
    for part in parts:
        app.services.add(part)
    return app


def test_services_open_around_the_elements_and_close_in_reverse() -> None:
    log: list[str] = []

    async def main() -> None:
        async with app_with(log, *(Part(stage, log) for stage in reversed(Stage))):
            log.append("--")

    run_virtual(main)
    assert log == [
        "open connection", "open sink", "start element", "open source", "--",
        "drain source", "drained source", "close element", "drain sink", "drained sink",
        "close source", "close sink", "close connection",
    ]  # fmt: skip


def test_a_sink_may_flush_for_as_long_as_the_deadline_leaves_and_no_longer() -> None:
    log: list[str] = []

    async def main(takes: float) -> float:
        app = app_with(log, Part(Stage.SINK, log, drain=takes))
        await app.open()
        before = app.clock.monotonic()
        await app.close()
        return app.clock.monotonic() - before

    assert run_virtual(lambda: main(6.5)) == pytest.approx(6.5)
    assert "drained sink" in log
    log.clear()
    assert run_virtual(lambda: main(3600.0)) <= DEADLINE
    assert "drained sink" not in log
    assert log[-1] == "close sink"


def test_what_hangs_while_it_closes_costs_little_more_than_a_second() -> None:
    log: list[str] = []

    async def main() -> float:
        app = app_with(log, *(Part(stage, log, close=3600.0) for stage in Stage))
        await app.open()
        before = app.clock.monotonic()
        await app.close()
        return app.clock.monotonic() - before

    assert run_virtual(main) <= 3 * 1.5
    assert [line for line in log if line.startswith("close")] == [
        "close element", "close source", "close sink", "close connection",
    ]  # fmt: skip


def test_what_will_not_be_cancelled_is_left_behind() -> None:
    log: list[str] = []

    class Stubborn(Part):
        async def drain(self) -> None:
            self.log.append("drain stubborn")
            end = asyncio.get_running_loop().time() + 3600.0
            while (left := end - asyncio.get_running_loop().time()) > 0:
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(left)

    async def main() -> float:
        app = app_with(log, Stubborn(Stage.SINK, log))
        await app.open()
        before = app.clock.monotonic()
        await app.close()
        return app.clock.monotonic() - before

    assert run_virtual(main) <= DEADLINE
    assert log[-1] == "close sink"


def test_a_service_that_cannot_open_keeps_the_app_from_opening_and_what_was_opened_is_closed() -> None:
    log: list[str] = []

    async def main() -> mape.App:
        source = Part(Stage.SOURCE, log)
        source.error = mape.ConfigError("rest.host_port is taken")
        app = app_with(log, Part(Stage.CONNECTION, log), source)
        with pytest.raises(mape.ConfigError, match="taken"):
            await app.open()
        assert not app.is_open
        source.error = None
        await app.open()
        assert [each for each in log if each == "open source"] == ["open source"] * 2
        await app.close()
        return app

    run_virtual(main)
    assert log.count("open connection") == log.count("close connection") == 2


def test_a_late_service_is_opened_and_one_that_leaves_is_closed() -> None:
    log: list[str] = []

    async def main() -> None:
        app = app_with(log)
        late = Part(Stage.SOURCE, log, "late")
        async with app:
            app.services.add(late)
            app.services.add(late)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert log.count("open late") == 1
            app.services.remove(late)
            await asyncio.sleep(0.1)
            assert log.count("close late") == 1
        assert log.count("close late") == 1

    run_virtual(main)


def test_one_that_leaves_just_before_the_app_closes_is_closed_all_the_same() -> None:
    log: list[str] = []

    async def main() -> None:
        part = Part(Stage.SINK, log, close=0.5)
        app = app_with(log, part)
        async with app:
            app.services.remove(part)
        log.append("app closed")

    run_virtual(main)
    assert log[-2:] == ["close sink", "app closed"]


def test_a_late_service_that_cannot_open_is_a_failure_of_the_app() -> None:
    async def main() -> list[Any]:
        app = mape.App()
        failures = collect(app.failures)
        async with app:
            late = Part(Stage.SINK, [], "late")
            late.error = mape.ConfigError("no token")
            app.services.add(late)
            await asyncio.sleep(0.1)
        return [(failure.path, str(failure.error)) for failure in failures]

    assert run_virtual(main) == [("late", "no token")]


def test_one_service_serves_all_who_ask_for_its_key() -> None:
    app = mape.App()
    first = app.services.shared("redis", lambda: Part(Stage.CONNECTION, []))
    assert app.services.shared("redis", lambda: Part(Stage.CONNECTION, [])) is first
    assert list(app.services) == [first]


def test_a_key_whose_service_was_removed_gets_a_new_one() -> None:
    app = mape.App()
    removed = app.services.shared("redis", lambda: Part(Stage.CONNECTION, []))
    kept = app.services.shared("rest", lambda: Part(Stage.CONNECTION, []))
    app.services.remove(removed)
    fresh = app.services.shared("redis", lambda: Part(Stage.CONNECTION, []))
    assert fresh is not removed
    assert app.services.shared("rest", lambda: Part(Stage.CONNECTION, [])) is kept
    assert set(app.services) == {kept, fresh}


def test_events_are_told_with_their_time() -> None:
    app = mape.App()
    events = collect(app.events)
    app.tell("gap", "car.detect", "3 items never came")
    assert [(event.kind, event.path, event.text) for event in events] == [("gap", "car.detect", "3 items never came")]
    assert events[0].timestamp == pytest.approx(app.clock.now(), abs=5)
