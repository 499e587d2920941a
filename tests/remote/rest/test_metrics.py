from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

import mape
from mape.remote.rest.metrics import AppCollector, metrics_text


def series(app: mape.App) -> dict[tuple[str, str], float]:
    text = metrics_text(AppCollector(app, lambda: {"requests": 3.0})).decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(each.name, each.labels.get("element", "")): each.value for each in samples}


def test_every_counter_of_every_element_is_there() -> None:
    app = mape.App()
    loop = app.loop("car")

    @loop.execute
    def drive(speed: int) -> float:
        return 1 / speed

    @loop.monitor
    def look(item: int) -> int:
        return item

    for item in (1, 0, 2):
        drive(item)
    look(1)
    found = series(app)

    assert found["mape_element_received_total", "drive"] == 3
    assert found["mape_element_emitted_total", "drive"] == 2
    assert found["mape_element_errors_total", "drive"] == 1
    assert found["mape_element_running", "drive"] == 1
    assert found["mape_element_running", "look"] == 0
    assert found["mape_element_dropped_total", "look"] == 1
    assert found["mape_element_queued", "look"] == 0
    assert found["mape_rest_requests_total", ""] == 3


def test_an_empty_app_has_metrics_too() -> None:
    assert series(mape.App())["mape_rest_requests_total", ""] == 3
