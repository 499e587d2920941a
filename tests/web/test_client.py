from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from mape.web.client import ITEM_BYTES, ITEMS, LOG, TRACES, Client, Figures, event
from mape.web.journal import Entry

pytestmark = pytest.mark.virtual_time


def events(body: bytes) -> list[tuple[str, Any]]:
    blocks = [block for block in body.decode().split("\n\n") if block and not block.startswith(":")]
    return [(block.split("\n")[0][7:], json.loads(block.split("data: ", 1)[1])) for block in blocks]


def entries(count: int) -> list[Entry]:
    return [Entry(number, 0.0, "", "failure", "a.b", "text") for number in range(count)]


async def written(client: Client) -> list[tuple[str, Any]]:
    client.wake()
    return events(await client.take(1))


async def test_counters_that_were_not_sent_become_the_newer_ones() -> None:
    client = Client()
    client.put_pulse(1.0, "", Figures({"a.b": [1], "a.c": [5]}, {}, {"app": {"x": 1}}), b"first")
    client.put_pulse(2.0, "", Figures({"a.b": [2]}, {"e": [1]}, {"app": {"y": 2}}), b"second")

    merged = {"e": {"a.b": [2], "a.c": [5]}, "o": {"e": [1]}, "k": {"app": {"x": 1, "y": 2}}}
    assert await written(client) == [("pulse", {"peer": "", "t": 2.0, **merged})]
    assert await written(client) == []


async def test_one_pulse_is_sent_as_it_was_encoded_for_all() -> None:
    client = Client()
    client.put_pulse(1.0, "", Figures({"a.b": [1]}), event("pulse", {"shared": True}))

    assert await written(client) == [("pulse", {"shared": True})]


async def test_counters_of_peers_stay_apart() -> None:
    client = Client()
    client.put_pulse(1.0, "", Figures({"a.b": [1]}), b"")
    client.put_pulse(1.0, "peer", Figures({"a.b": [2]}), b"")

    assert [told["peer"] for _, told in await written(client)] == ["", "peer"]


async def test_of_a_graph_only_the_newest_is_sent_and_it_comes_first() -> None:
    client = Client()
    client.put_pulse(1.0, "", Figures({"a.b": [1]}), event("pulse", 1))
    client.put_state("graph:", event("graph", 1))
    client.put_state("graph:", event("graph", 2))

    assert await written(client) == [("graph", 2), ("pulse", 1)]


async def test_a_client_that_reads_nothing_costs_a_bounded_amount_and_is_told_what_it_lost() -> None:
    client = Client()
    sample = event("items", {"text": "x" * 1_000})
    for _ in range(10_000):
        client.put_items(sample, 20)
        client.put_log(entries(3))
        client.put_trace(event("trace", {"text": "x" * 1_000}))
        client.put_known("", [("app", str(_))])
        client.put_pulse(1.0, "", Figures({"a.b": [1]}), sample)
    client.wake()
    body = await client.take(1)

    assert len(body) < ITEM_BYTES + (LOG + TRACES) * 1_200 + 100_000
    told = events(body)
    lost = dict(told)["slow"]["dropped"]
    sent = sum(name == "items" for name, _ in told)
    assert sent <= ITEMS
    assert lost["items"] == (10_000 - sent) * 20 + 10_000 - TRACES
    assert lost["log"] == 30_000 - LOG
    assert len(dict(told)["log"]["entries"]) == LOG
    assert "slow" not in dict(await written(client))


async def test_the_newest_of_the_log_is_kept() -> None:
    client = Client()
    client.put_log(entries(LOG + 10))

    assert (await written(client))[0][1]["entries"][-1]["n"] == LOG + 9


async def test_nothing_to_tell_is_a_comment_and_the_end_is_told_at_once() -> None:
    client = Client()

    assert await client.take(5.0) == b":\n\n"
    client.close()
    assert await client.take(5.0) == b""


def test_an_event_is_one_line_whatever_is_in_it() -> None:
    hostile = event("log", {"text": "a\n\nevent: x\r\ndata: y\u2028"})

    assert hostile.count(b"\n") == 3
    assert msgspec.json.decode(hostile.split(b"data: ", 1)[1])["text"].startswith("a\n\nevent")
