"""Habits that make trouble: each is found with its line, and what only looks like one is not."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path
from typing import Any

import pytest

import mape
from mape.cli.habit import fed_by_hand, habits
from mape.cli.source import Source


@pytest.fixture
def app() -> mape.App:
    app = mape.App()
    app.loop("l").monitor(lambda item: item, uid="m")
    app.loop("l").execute(print, uid="e")
    return app


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def source_of(text: str) -> Source:
    return Source(Path("app.py").resolve(), ast.parse(textwrap.dedent(text)))


def found(app: mape.App, text: str, *, has_router: bool = True) -> list[tuple[str, str, str]]:
    looks = habits(app, [source_of(text)], has_router=has_router)
    return [(str(each.kind), each.path, each.place) for each in looks]


@pytest.mark.parametrize(
    ("call", "head"),
    [
        ("time.sleep(1)", "import time"),
        ("sleep(1)", "from time import sleep"),
        ("requests.get(url)", "import requests"),
        ("sub.run(['ls'])", "import subprocess as sub"),
        ("urllib.request.urlopen(url)", "import urllib.request"),
        ("input()", ""),
    ],
)
@pytest.mark.parametrize("shape", ["@l.monitor\ndef f(x):", "@l.monitor\nasync def f(x):", "async def f():"])
def test_what_keeps_the_event_loop_waiting_is_found(app: mape.App, call: str, head: str, shape: str) -> None:
    lines = f"{head}\n{shape}\n    if 1:\n        {call}\n"

    assert found(app, lines) == [("blocking", "f", f"app.py:{lines.count(chr(10))}")]


@pytest.mark.parametrize(
    "text",
    [
        "import time\ndef f(x):\n    time.sleep(1)",  # nobody says that it runs in the loop
        "import time\n@l.monitor\ndef f(x):\n    def g(): time.sleep(1)\n    run_in_a_thread(g)",
        "import asyncio, time\nasync def f(x):\n    await asyncio.to_thread(time.sleep, 1)",
        "async def f(x):\n    clock.sleep(1)",
        "import subprocess\nif __name__ == '__main__':\n    subprocess.run([])",
    ],
)
def test_what_waits_elsewhere_is_no_habit(app: mape.App, text: str) -> None:
    assert found(app, text) == []


SILENT = [
    "import asyncpg\n@l.plan\nasync def f(x):\n    await asyncpg.connect()",
    "import redis.asyncio as r\nc = r.Redis()\n@l.plan\nasync def f(x):\n    await c.get('x')",
    "import asyncio\n@l.plan\nasync def f(x):\n    r, w = await asyncio.open_connection()\n    await r.read()",
]


@pytest.mark.parametrize("text", SILENT)
def test_a_wait_for_a_network_without_an_end_is_found_once(app: mape.App, text: str) -> None:
    assert [kind for kind, _, _ in found(app, text)] == ["deadline"]


@pytest.mark.parametrize("text", SILENT)
def test_a_function_that_speaks_of_a_timeout_is_left_alone(app: mape.App, text: str) -> None:
    assert found(app, f"{text}\n    asyncio.timeout(5)") == []


def test_a_wait_for_what_is_no_network_is_left_alone(app: mape.App) -> None:
    assert found(app, "import asyncio\n@l.plan\nasync def f(x):\n    await asyncio.sleep(1)\n    await own(x)") == []


def test_knowledge_that_is_read_and_never_set_is_found(app: mape.App) -> None:
    text = "loop.k.limit = 1\ndef f(x, self):\n    return self.loop.k.limt + loop.k['speed']\n"
    looks = habits(app, [source_of(text)], has_router=False)

    assert [(each.path, each.place) for each in looks] == [("k.limt", "app.py:3"), ("k.speed", "app.py:3")]
    assert looks[0].cure == "did you mean k.limit?"


@pytest.mark.parametrize(
    "text",
    [
        "loop.k.limit = 1\nloop.k.limit",
        "def f(): loop.k['limit'] = 1\nloop.k.limit",
        "loop.k.limit += 1",
        "loop.k[name] = 1\nloop.k.limit",  # nobody knows what it sets
        "k = loop.k\nk.limit = 1\nloop.k.limit",
        "setattr(loop.k, 'limit', 1)\nloop.k.limit",
        "loop.k.create_hash('x')\nloop.k.changes('x')\nloop.k.get('limit')",
    ],
)
def test_knowledge_that_somebody_sets_is_fine(app: mape.App, text: str) -> None:
    assert found(app, text) == []


def test_knowledge_that_is_there_when_the_program_is_loaded_is_fine(app: mape.App) -> None:
    app.loop("l").k.limit = 50
    app.k.other = 1

    assert found(app, "loop.k.limit\nloop.k.other") == []


@pytest.mark.parametrize(
    "text",
    [
        "Message.create(1, src='l.m', dst='l.x')",
        "ops.router(lambda item: 'l.x')",
        "ops.router(destination=lambda item: ('l.e', 'l.x') if item else 'l.m')",
        "ops.gateway(lambda item: 'l.x')",
    ],
)
def test_an_address_where_nothing_is_is_found(app: mape.App, text: str) -> None:
    assert found(app, text) == [("address", "l.x", "app.py:1")]
    assert found(app, text, has_router=False) == []


@pytest.mark.parametrize(
    "text", ["Message.create(1, dst='l.e')", "ops.router(lambda item: item.dst)", "ops.router()", "f(dst='l.x')"]
)
def test_an_address_that_is_right_or_not_known_is_fine(app: mape.App, text: str) -> None:
    assert found(app, text) == []


@pytest.mark.parametrize(
    ("text", "fed"),
    [
        ("e(1)", {"l.e"}),
        ("await e.put(1)", {"l.e"}),
        ("source.subscribe(e.on_next)", set()),
        ("e.port_in.on_next(1)", {"l.e"}),
        ("app.post('l.e', 1)", {"l.e"}),
        ("app.post(e, 1)", {"l.e"}),
        ("m(1); x(2)", {"l.m"}),
        ("print(e)", set()),
    ],
)
def test_elements_that_the_program_feeds_itself_are_known(app: mape.App, text: str, fed: set[Any]) -> None:
    assert fed_by_hand(app, [source_of(text)]) == fed
