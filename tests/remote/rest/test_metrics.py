"""What an app counts, as Prometheus reads it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import REGISTRY, Counter
from prometheus_client.openmetrics import parser as open_parser
from prometheus_client.parser import text_string_to_metric_families as read_text

import mape
from mape.flow.services import Stage, figures_of
from mape.remote.outgoing import SendStats
from mape.remote.receiver import ReceiveStats
from mape.remote.redis.stream.terms import StreamStats
from mape.remote.redis.stream.window import WindowStats
from mape.remote.redis.subscription import SubStats
from mape.remote.rest import metrics as module
from mape.remote.rest.exposition import OPEN_METRICS, TEXT
from mape.remote.rest.metrics import Metrics
from mape.remote.rest.series import TRANSPORT
from mape.testing import collect

read_open: Any = open_parser.text_string_to_metric_families
ACCEPT = b"application/openmetrics-text; version=1.0.0"
Found = dict[tuple[str, str], float]


def inverse(item: float) -> float:
    return 1 / item


def read(text: str, label: str = "element") -> Found:
    """Return what a text says, by name and one of the labels; the others are summed up."""
    found: Found = {}
    for family in read_text(text):
        for sample in family.samples:
            key = sample.name, sample.labels.get(label, "")
            found[key] = found.get(key, 0) + sample.value
    return found


class Service:
    """A part of an app that counts."""

    stage = Stage.SINK

    def __init__(self, path: str, **counted: float) -> None:
        self.path, self.counted = path, counted

    def figures(self) -> dict[str, float]:
        return {name.replace("__", "."): value for name, value in self.counted.items()}

    async def open(self) -> None: ...

    async def drain(self) -> None: ...

    async def close(self) -> None: ...


# -- elements --------------------------------------------------------------------------------------------------------


def test_every_counter_of_every_element_is_there(app: mape.App) -> None:
    loop = app.loop("car")
    drive, look = loop.execute(uid="drive")(inverse), loop.monitor(uid="look")(inverse)
    for item in (1, 0, 2):
        drive(item)
    look(1)
    found = read(Metrics(app).text())

    assert found["mape_element_received_total", "drive"] == 3
    assert found["mape_element_processed_total", "drive"] == 3
    assert found["mape_element_emitted_total", "drive"] == 2
    assert found["mape_element_errors_total", "drive"] == 1
    assert found["mape_element_running", "drive"] == 1
    assert found["mape_element_running", "look"] == 0
    assert found["mape_element_dropped_total", "look"] == 1
    assert found["mape_element_queued", "look"] == 0
    assert found["mape_element_processing_seconds_count", "drive"] == 3
    assert found["mape_element_processing_seconds_count", "look"] == 0


@pytest.mark.virtual_time
async def test_processing_times_add_up(app: mape.App) -> None:
    @app.loop("car").execute
    async def park(seconds: float) -> None:
        await asyncio.sleep(seconds)

    async with app:
        for seconds in (1.0, 2.5):
            park(seconds)
        await asyncio.sleep(5)
        found = read(Metrics(app).text())

    assert found["mape_element_processing_seconds_sum", "park"] == pytest.approx(3.5)
    assert found["mape_element_processing_seconds_count", "park"] == 2


def test_what_is_dropped_says_why(app: mape.App) -> None:
    app.loop("car").monitor(uid="look")(inverse)(1)

    assert read(Metrics(app).text(), "reason")["mape_element_dropped_total", "stopped"] == 1


async def test_an_exemplar_leads_to_the_item_that_failed_last(app: mape.App) -> None:
    metrics, failures = Metrics(app), collect(app.failures)
    drive = app.loop("car").execute(uid="drive")(inverse)
    await metrics.answer(ACCEPT)
    drive(0)
    drive(0)
    answer = await metrics.answer(ACCEPT)

    samples = [sample for family in read_open(answer.body.decode()) for sample in family.samples]
    [failed] = [each for each in samples if each.name == "mape_element_errors_total"]
    assert failed.exemplar is not None
    assert failed.exemplar.labels == {"cause": failures[-1].cause}
    assert float(failed.exemplar.timestamp) == pytest.approx(failures[-1].timestamp)
    metrics.close()


def test_loops_that_come_and_go_in_a_year_do_not_grow_the_answer(
    app: mape.App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ELEMENTS", 3)
    metrics, others, lines = Metrics(app), [], set()
    for _ in range(20):
        loop = mape.Loop(app=app)
        loop.execute(inverse)(1)
        text = metrics.text()
        lines.add(len(text.splitlines()))
        others.append(read(text, "loop").get(("mape_element_received_total", "other"), 0))
        app.remove(loop)

    assert others == [0, 0, 0, *range(1, 18)]  # what is gone stays counted
    assert len(lines) <= 2
    assert len(metrics._where) <= 4  # noqa: SLF001 - its size is the point


# -- sinks, sources, connections -------------------------------------------------------------------------------------


def test_what_services_count_is_there_by_path_type_and_reason(app: mape.App) -> None:
    app.services.add(Service("redis > cars", sent=5, dropped__overflow=2, queued=3, up=1, oddity=7))
    text = Metrics(app).text()
    found = read(text, "path")

    assert found["mape_transport_sent_total", "redis > cars"] == 5
    assert found["mape_transport_queued", "redis > cars"] == 3
    assert found["mape_transport_up", "redis > cars"] == 1
    assert found["mape_transport_oddity_total", "redis > cars"] == 7
    assert found["mape_app_in_flight", ""] == 3
    assert read(text, "reason")["mape_transport_dropped_total", "overflow"] == 2
    assert read(text, "type")["mape_transport_sent_total", "Service"] == 5


def test_two_sinks_to_one_place_are_one_series_that_never_falls(app: mape.App) -> None:
    one, two = Service("cars", sent=5, queued=1), Service("cars", sent=3, queued=1)
    metrics = Metrics(app)
    app.services.add(one)
    app.services.add(two)
    assert read(metrics.text(), "path")["mape_transport_sent_total", "cars"] == 8

    app.services.remove(one)
    two.counted["sent"] = 4
    found = read(metrics.text(), "path")
    assert found["mape_transport_sent_total", "cars"] == 9
    assert found["mape_transport_queued", "cars"] == 1


def test_sinks_beyond_a_bound_are_added_up(app: mape.App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRANSPORTS", 2)
    for number in range(10):
        app.services.add(Service(f"car_{number}", sent=1))

    found = read(Metrics(app).text(), "path")
    assert {path: value for (name, path), value in found.items() if name == "mape_transport_sent_total"} == {
        "car_0": 1,
        "car_1": 1,
        "other": 8,
    }


def test_a_service_that_cannot_count_costs_nobody_else_s_numbers(app: mape.App) -> None:
    broken, failures = Service("broken", sent=1), collect(app.failures)
    broken.counted["sent"] = "many"  # type: ignore[assignment] # a person's mistake
    app.services.add(broken)
    app.services.add(Service("cars", sent=5))
    del (gone := Service("gone", sent=1)).counted
    app.services.add(gone)
    found = read(Metrics(app).text(), "path")

    assert {path for name, path in found if name == "mape_transport_sent_total"} == {"cars"}
    assert [failure.path for failure in failures] == ["gone"]


@pytest.mark.parametrize(
    "stats",
    [SendStats(0, 0, {"overflow": 1}, 0, 0, 0, True, "gone"), ReceiveStats(), SubStats(), StreamStats(), WindowStats()],
    ids=lambda stats: type(stats).__name__,
)
def test_all_that_transports_count_is_described(stats: Any) -> None:
    figures = figures_of(stats)

    assert figures
    assert {name.partition(".")[0] for name in figures} <= TRANSPORT.keys()


# -- the app, the server, the process --------------------------------------------------------------------------------


async def test_an_empty_app_has_metrics_too(app: mape.App) -> None:
    app.tell("gap", "redis", "x")
    app.report("redis", None, ValueError())
    metrics = Metrics(app, lambda: {"requests": 3})
    found = read((await metrics.answer()).body.decode())

    assert found["mape_rest_requests_total", ""] == 3
    assert found["mape_build_info", ""] == 1
    assert found["mape_app_events_total", ""] == 1
    assert found["mape_app_failures_total", ""] == 1
    assert found["mape_app_elements", ""] == 0
    assert found["mape_app_open", ""] == 0
    assert found["mape_app_uptime_seconds", ""] >= 0
    assert found["mape_app_loop_lag_seconds_count", ""] == 0
    metrics.close()


@pytest.fixture
def own_counter() -> Iterator[Counter]:
    counter = Counter("cars_seen", "Cars.")
    yield counter
    REGISTRY.unregister(counter)


@pytest.mark.parametrize("accept", [b"", ACCEPT])
async def test_what_a_person_counts_by_prometheus_client_is_there_too(
    app: mape.App, own_counter: Counter, accept: bytes
) -> None:
    own_counter.inc(5)
    metrics = Metrics(app)
    answer = await metrics.answer(accept)
    text = answer.body.decode()

    assert "\ncars_seen_total 5.0\n" in text
    assert answer.content_type == (OPEN_METRICS if accept else TEXT)
    assert list((read_open if accept else read_text)(text))
    metrics.close()


class Broken:
    def collect(self) -> Iterator[Any]:
        raise OSError("no disk")

    def describe(self) -> list[Any]:
        return []


@pytest.mark.parametrize("accept", [b"", ACCEPT])
async def test_a_collector_that_fails_costs_nobody_else_s_numbers(app: mape.App, accept: bytes) -> None:
    broken, failures, metrics = Broken(), collect(app.failures), Metrics(app)
    REGISTRY.register(broken)
    try:
        answer = await metrics.answer(accept)
    finally:
        REGISTRY.unregister(broken)
    text = answer.body.decode()

    assert "mape_build_info" in text
    assert text.endswith("# EOF\n") is bool(accept)
    assert [str(failure.error) for failure in failures] == ["no disk"]
    metrics.close()


async def test_names_follow_the_conventions(app: mape.App) -> None:
    app.loop("car").execute(uid="drive")(inverse)(1)
    app.services.add(Service("cars", sent=5, queued_bytes=3, request_seconds_sum=0.5, request_seconds_count=2))
    families = list(read_open(Metrics(app).text(is_open=True) + "# EOF\n"))

    assert all(re.fullmatch(r"mape_[a-z]+(_[a-z]+)*", family.name) for family in families)
    assert all(family.documentation.endswith(".") for family in families)
    assert len({family.name for family in families}) == len(families)
    assert {family.unit for family in families} == {"", "seconds", "bytes"}
    assert all(family.name.endswith(family.unit) for family in families)
    [times] = [family for family in families if family.name == "mape_transport_request_seconds"]
    assert {sample.name.rpartition("_")[2]: sample.value for sample in times.samples} == {"sum": 0.5, "count": 2}
