"""What Prometheus gets from a real process: its format, the process itself, and a loop that was blocked."""

from __future__ import annotations

import time
import urllib.request
from typing import Any

import pytest
from prometheus_client.openmetrics import parser as open_parser
from prometheus_client.parser import text_string_to_metric_families as read_text

from tests.system.rest_program import POST, begin

pytestmark = pytest.mark.system

read_open: Any = open_parser.text_string_to_metric_families
PROGRAM = """
import time
import mape
from mape.remote.rest import POSTObserver

app = mape.init(rest_host_port="127.0.0.1:0", **{"rest.rate": 0})

@app.loop("car").execute
def drive(seconds: float) -> float:
    time.sleep(seconds)
    return seconds

@app.loop("car").execute
def echo(seconds: float): ...

async def main():
    server = next(service for service in app.services if service.path == "rest")
    drive.subscribe(POSTObserver(server.url, "car.echo"))
    print(server.url, flush=True)

mape.run(main)
"""


def scrape(url: str, accept: str = "") -> tuple[str, str]:
    request = urllib.request.Request(f"{url}/metrics", headers={"accept": accept})  # noqa: S310 - our own server
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        return answer.read().decode(), answer.headers["content-type"]


def samples(text: str, name: str) -> dict[str, float]:
    """Return the samples of a name, by all their labels."""
    return {
        ",".join(sample.labels.values()): sample.value
        for family in read_text(text)
        for sample in family.samples
        if sample.name == name
    }


def test_a_process_shows_itself_in_both_formats_and_what_blocked_it() -> None:
    process, url = begin(PROGRAM)
    try:
        first, kind = scrape(url)
        assert kind == "text/plain; version=0.0.4; charset=utf-8"
        assert sum(samples(first, "mape_app_loop_lag_seconds_count").values()) == 0

        body = urllib.request.Request(  # noqa: S310 - our own server
            url + POST, data=b"0.6", headers={"content-type": "application/json"}, method="POST"
        )
        end = time.monotonic() + 60
        text = first
        while True:  # the timer may be between two rings: block until it notices
            urllib.request.urlopen(body, timeout=30).close()  # noqa: S310 - as above
            text, _ = scrape(url)
            late = samples(text, "mape_app_loop_lag_seconds_bucket")
            if late["+Inf"] > late["0.25"] or time.monotonic() > end:
                break
        assert late["+Inf"] > late["0.25"]

        [path] = samples(text, "mape_transport_up")
        assert path.startswith("POST ") or "car.echo" in path
        assert samples(text, "mape_element_received_total")["car,drive,execute"] >= 1
        assert samples(text, "process_resident_memory_bytes")[""] > 10e6

        open_text, kind = scrape(url, "application/openmetrics-text; version=1.0.0")
        assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        assert "mape_element_received" in {family.name for family in read_open(open_text)}
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert "Traceback" not in errors
