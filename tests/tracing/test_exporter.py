"""Where spans go, and what happens when they cannot."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

import mape
from mape.errors import ConfigError
from mape.runtime import equip
from mape.settings import load
from mape.testing import collect
from mape.tracing import Exporting, trace
from tests.tracing.conftest import Spans


def equipped(**settings: Any) -> mape.App:
    return equip(mape.App(load(None, settings)))


class FakeExporter(SpanExporter):
    """Answers as it is told, and raises where that is an exception."""

    def __init__(self, *answers: SpanExportResult | Exception) -> None:
        self.answers = list(answers)
        self.got: list[str] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        answer = self.answers.pop(0) if self.answers else SpanExportResult.SUCCESS
        if isinstance(answer, Exception):
            raise answer
        self.got += [span.name for span in spans]
        return answer

    def shutdown(self) -> None:
        pass


@pytest.fixture
def _no_thread_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive(), thread.name


def test_nothing_is_followed_unless_somebody_says_so() -> None:
    assert equipped().tracing is None
    assert equipped(tracing__sample=0).tracing is None
    assert equipped(tracing__service="car").tracing is None


def test_a_fraction_alone_is_for_the_provider_of_the_program() -> None:
    app = equipped(tracing__sample=0.5)
    assert app.tracing is not None
    assert not any(isinstance(service, Exporting) for service in app.services)


@pytest.mark.parametrize(
    "endpoint", ["", "here", "ftp://host", "http://", "http://user:secret@host:4318", "http://[::1", "console:"]
)
def test_what_is_no_collector_is_an_error_that_shows_no_secret(endpoint: str) -> None:
    with pytest.raises(ConfigError, match=r"tracing\.endpoint") as caught:
        equipped(tracing__endpoint=endpoint)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("sample", [-0.1, 1.1, "much"])
def test_a_fraction_is_between_nothing_and_everything(sample: object) -> None:
    with pytest.raises(ConfigError, match=r"tracing\.sample"):
        load(None, {"tracing.sample": sample})


def test_an_app_is_traced_once(spans: Spans) -> None:
    app = mape.App()
    assert trace(app, spans.provider) is trace(app)


@pytest.mark.usefixtures("_no_thread_stays")
async def test_the_terminal_gets_a_line_a_span(capsys: pytest.CaptureFixture[str]) -> None:
    app = equipped(tracing__endpoint="console")

    @app.loop("main").execute
    def act(_: int) -> None:
        raise ValueError("no\nbrakes")

    async with app:
        act(1)

    (line,) = [line for line in capsys.readouterr().err.splitlines() if " ms  " in line]
    assert line.endswith("main.act  ValueError: no\\nbrakes")
    assert f"{'-' * 16} > " in line


@pytest.mark.usefixtures("_no_thread_stays")
async def test_trouble_is_told_once_and_so_is_its_end() -> None:
    app = equipped(tracing__endpoint="http://127.0.0.1:1")
    events = collect(app.events)
    exporting = app.services.shared("tracing", object)
    failing = FakeExporter(SpanExportResult.FAILURE, RuntimeError("a bug of the exporter"))
    exporting.exporter.renew(failing)
    act = app.loop("main").execute(uid="act")(print)

    async with app:
        for number in range(3):
            act(number)
            await asyncio.to_thread(exporting.provider.force_flush)
        await asyncio.sleep(0)

    assert [(event.kind, event.path) for event in events] == [("disconnected", "tracing"), ("connected", "tracing")]
    assert (exporting.exporter.sent, exporting.exporter.lost) == (1, 2)
    assert failing.got == ["main.act", "main.act"]


@pytest.mark.usefixtures("_no_thread_stays")
async def test_what_waits_is_sent_when_the_app_closes_and_again_when_it_closes_again() -> None:
    app = equipped(tracing__endpoint="console", tracing__service="car")
    exporting = app.services.shared("tracing", object)
    act = app.loop("main").execute(uid="act")(print)
    for _ in range(2):
        async with app:
            exporting.exporter.renew(taking := FakeExporter())
            act(1)
        assert taking.got == ["main.act"]
    assert exporting.provider.resource.attributes["service.name"] == "car"


def test_a_process_is_called_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "from-outside")
    app = equipped(tracing__endpoint="console")
    assert app.services.shared("tracing", object).provider.resource.attributes["service.name"] == "from-outside"
