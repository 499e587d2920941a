"""The house rules of docs/design/rules.md hold, and each would notice if they did not."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import rules
from tests.house.source import INNER_FOLDERS, read_house

ROOT = Path(__file__).parents[1]

IMPORT_SECONDS = """
import sys, time
before = set(sys.modules)
start = time.perf_counter()
import mape
print(time.perf_counter() - start)
print(*sorted(set(sys.modules) - before))
"""

# rule, where the breach is planted, the breach, what the rule says of it
PLANTED: list[tuple[rules.Rule, str, str, str]] = [
    (rules.sizes, "mape/long.py", "x = 1\n" * 351, "351 lines, at most 350"),
    (rules.sizes, "mape/core.py", "x = 1\n" * 2450, "the core has 2455 lines"),
    (rules.sizes, "mape/x.py", ("def f():\n" + "    x = 1\n" * 14) * 3, "median function has 15 lines"),
    (rules.module_state, "mape/x.py", "seen = []", "seen is module state"),
    (rules.module_state, "mape/x.py", "seen: dict[str, int] = {}", "seen is module state"),
    (rules.module_state, "mape/x.py", "import collections as c\n_q = c.deque()", "_q is module state"),
    (rules.module_state, "mape/x.py", "class Store: ...\nstore = Store()", "store is module state"),
    (rules.module_state, "mape/x.py", "n = 0\ndef f():\n    global n\n    n = 1", "global n"),
    (rules.module_state, "mape/x.py", "X = {}\ndef f(): X['a'] = 1", "changes the constant X"),
    (rules.module_state, "mape/x.py", "X = {}\ndef f(): X.update(a=1)", "changes the constant X"),
    (
        rules.monkey_patches,
        "mape/x.py",
        "import reactivex\nreactivex.Observable.pipe = None",
        "reactivex.Observable.pipe",
    ),
    (
        rules.monkey_patches,
        "mape/x.py",
        "from json import JSONEncoder as J\nJ.default = str",
        "json.JSONEncoder.default",
    ),
    (rules.monkey_patches, "mape/x.py", "import json\nsetattr(json, 'dumps', str)", "sets json"),
    (rules.import_cycles, "mape/x.py", "from mape import y", "mape.x -> mape.y -> mape.x"),
    (rules.import_cycles, "mape/x.py", "def f():\n    from mape.y import g", "mape.x -> mape.y -> mape.x"),
    (rules.core_imports, "mape/x.py", "import yaml", "the core imports yaml"),
    (rules.core_imports, "mape/x.py", "try:\n    import uvloop\nexcept ImportError: pass", "the core imports uvloop"),
    (rules.core_imports, "mape/x.py", "from mape.edge.z import a", "imports the edge mape.edge.z.a"),
    (rules.core_imports, "mape/x.py", "from mape import edge", "imports the edge mape.edge"),
    (rules.core_imports, "mape/flow/x.py", "import yaml", "the core imports yaml"),
    (rules.core_imports, "mape/x.py", "from .edge import z", "imports the edge mape.edge.z"),
    (rules.ambient_calls, "mape/x.py", "import time\ndef f(): return time.time()", "reads time.time"),
    (rules.ambient_calls, "mape/x.py", "from time import monotonic as m\ndef f(clock=m): ...", "reads time.monotonic"),
    (rules.ambient_calls, "mape/x.py", "import random\ndef f(): return random.random()", "reads random.random"),
    (rules.ambient_calls, "mape/x.py", "from random import Random\nr = Random()", "makes its own random numbers"),
    (rules.ambient_calls, "mape/x.py", "import uuid\ndef f(): return uuid.uuid4()", "reads uuid.uuid4"),
    (rules.ambient_calls, "mape/x.py", "from datetime import datetime\nnow = datetime.now()", "datetime.datetime.now"),
    (rules.ambient_calls, "mape/x.py", "import socket\ns = socket.socket()", "reads socket.socket"),
    (rules.ambient_calls, "mape/x.py", "import asyncio\nf = asyncio.open_connection", "asyncio.open_connection"),
    (rules.unnamed_walls, "mape/x.py", "try: ...\nexcept Exception: ...", "catches Exception"),
    (rules.unnamed_walls, "mape/x.py", "try: ...\nexcept (ValueError, BaseException): ...", "BaseException"),
    (rules.unnamed_walls, "mape/x.py", "try: ...\nexcept: ...", "catches everything"),
    (rules.unnamed_walls, "mape/x.py", "try: ...\nexcept Exception: ...  # for safety", "catches Exception"),
    (
        rules.unnamed_walls,
        "mape/x.py",
        "from contextlib import suppress\nwith suppress(Exception): ...",
        "catches Exception",
    ),
    (rules.code_from_data, "mape/edge/x.py", "import pickle", "imports pickle"),
    (rules.code_from_data, "mape/edge/x.py", "def f():\n    from marshal import loads", "imports marshal.loads"),
    (rules.code_from_data, "mape/edge/x.py", "import yaml\nyaml.load('', yaml.Loader)", "without a safe loader"),
    (rules.code_from_data, "mape/edge/x.py", "from yaml import unsafe_load\nf = unsafe_load", "yaml.unsafe_load"),
    (rules.code_from_data, "mape/edge/x.py", "eval('1')", "uses eval"),
    (rules.code_from_data, "mape/edge/x.py", "exec('1')", "uses exec"),
    (rules.names_from_wires, "mape/edge/x.py", "def f(x, name): return getattr(x, name)", "getattr(x, name)"),
    (
        rules.names_from_wires,
        "mape/edge/x.py",
        "def f(x, name): return getattr(x, name, None)",
        "getattr(x, name, None)",
    ),
    (rules.unbound_queues, "mape/x.py", "from collections import deque\nq = deque()", "deque() has no bound"),
    (rules.unbound_queues, "mape/x.py", "from collections import deque\nq = deque([1])", "deque([1]) has no bound"),
    (rules.unbound_queues, "mape/x.py", "import asyncio\nq = asyncio.Queue()", "asyncio.Queue() has no bound"),
    (rules.unbound_queues, "mape/x.py", "import queue\nq = queue.SimpleQueue()", "SimpleQueue() has no bound"),
    (
        rules.endless_waits,
        "mape/edge/x.py",
        "async def f(s): await s.reader.readline()",
        "await s.reader.readline(...)",
    ),
    (rules.endless_waits, "mape/edge/x.py", "async def f(s): await s.unsubscribe()", "has no deadline"),
    (
        rules.endless_waits,
        "mape/edge/x.py",
        "async def f(s):\n  async with s.lock:\n    await s.drain()",
        "has no deadline",
    ),
    (rules.endless_waits, "mape/edge/x.py", "import socket\ns = socket.create_connection(1)", "has no timeout"),
    (rules.public_names, "mape/x.py", "def f(): ...", "has no __all__"),
    (rules.public_names, "mape/x.py", "__all__ = ['g', 'f']\ndef f(): ...\ndef g(): ...", "not sorted: f, g"),
    (rules.public_names, "mape/x.py", "__all__ = ['f']\ndef f(): ...\ndef g(): ...", "not in __all__: g"),
    (rules.public_names, "mape/x.py", "__all__ = ['f', 'h']\ndef f(): ...", "not there: h"),
    (rules.docstrings, "mape/x.py", "x = 1", "the module has no docstring"),
    (rules.docstrings, "mape/x.py", "'''A module.'''\ndef f(): ...", "f has no docstring"),
    (
        rules.docstrings,
        "mape/x.py",
        "'''A module.'''\nclass C:\n    'C.'\n    def m(self): ...",
        "C.m has no docstring",
    ),
    (rules.vague_names, "mape/utils.py", "x = 1", "utils says nothing"),
    (rules.vague_names, "mape/common/x.py", "x = 1", "common says nothing"),
    (rules.vague_names, "mape/x.py", "class LoopManager: ...", "manager says nothing"),
    (rules.vague_names, "mape/x.py", "def get_data(): ...", "data says nothing"),
]

# What looks like a breach and is none.
ALLOWED: list[tuple[rules.Rule, str, str]] = [
    (rules.module_state, "mape/application.py", "default = None\ndef f():\n    global default\n    default = 1"),
    (rules.module_state, "mape/x.py", "NAMES = {'a': 1}\nfrom typing import TypeVar\nT = TypeVar('T')"),
    (rules.module_state, "mape/x.py", "from contextvars import ContextVar\ncause = ContextVar('cause', default=None)"),
    (rules.module_state, "mape/x.py", "X = set()\ndef f(): X.add(1)  # state of class statements"),
    (rules.monkey_patches, "mape/x.py", "import json\nclass C:\n    def f(self): self.json = json"),
    (rules.import_cycles, "mape/x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from mape import y"),
    (rules.core_imports, "mape/x.py", "from mape.flow.y import z"),
    (rules.core_imports, "mape/x.py", "import json, reactivex\nfrom mape.y import f\ndef g():\n    import yaml"),
    (rules.core_imports, "mape/edge/x.py", "import yaml"),
    (rules.core_imports, "mape/runtime.py", "from mape.edge import z"),
    (rules.ambient_calls, "mape/clock.py", "import time\nnow = time.time"),
    (rules.ambient_calls, "mape/x.py", "from random import Random\ndef f(rng: Random) -> Random: ..."),
    (rules.ambient_calls, "mape/edge/x.py", "import time\nnow = time.time"),
    (rules.unnamed_walls, "mape/x.py", "try: ...\nexcept Exception:  # the wall around a service's task\n    ..."),
    (rules.unnamed_walls, "mape/x.py", "try: ...\nexcept ValueError: ..."),
    (rules.code_from_data, "mape/x.py", "import yaml\nyaml.load('', Loader=yaml.CSafeLoader)"),
    (rules.names_from_wires, "mape/x.py", "def f(x, n): return getattr(x, n)  # never from a wire"),
    (rules.names_from_wires, "mape/x.py", "def f(x): return getattr(x, 'clock', None)"),
    (rules.unbound_queues, "mape/x.py", "from collections import deque\nq = deque(maxlen=3)\nr = deque([], 3)"),
    (rules.unbound_queues, "mape/x.py", "from collections import deque\n# bounded by size, in put\nq = deque()"),
    (rules.endless_waits, "mape/x.py", "import asyncio as a\nasync def f():\n async with a.timeout(3): await recv()"),
    (rules.endless_waits, "mape/edge/x.py", "import asyncio\nasync def f(s): await asyncio.wait_for(s.drain(), 3)"),
    (rules.endless_waits, "mape/edge/x.py", "async def f(s): await s.read()  # its deadline is the caller's"),
    (rules.public_names, "mape/x.py", "__all__ = ['X2', 'X10', 'f']\nX2 = X10 = 1\ndef f(): ...\ndef _g(): ..."),
    (rules.public_names, "mape/x.py", "__all__ = ['late']\ndef __getattr__(name): return {'late': 1}[name]"),
    (rules.public_names, "mape/x.py", "from y import __all__ as ys\n__all__ = sorted(['f', *ys])\ndef f(): ..."),
    (rules.public_names, "mape/x.py", "def pytest_configure(config): ..."),
    (rules.docstrings, "mape/x.py", "'''A module.'''\nclass C:\n    'C.'\n    def __len__(self): ..."),
    (rules.vague_names, "mape/x.py", "class Database: ...\ndef management(): ...\ndef update(): ..."),
]  # fmt: skip


def breaches(root: Path, rule: rules.Rule, place: str, text: str) -> list[str]:
    """Ask `rule` about a small house with `text` in it."""
    (root / "mape/edge").mkdir(parents=True)
    (root / "mape/edge/z.py").write_text("'''An edge.'''\n__all__ = ['a']\na = 1\n")
    (root / "mape/y.py").write_text(
        "'''A core file.'''\nfrom mape.x import f\n__all__ = ['g']\ndef g():\n    '''G.'''\n"
    )
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).write_text(text)
    return list(rule(read_house(root)))


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: rules.Rule) -> None:
    found = list(rule(read_house(ROOT)))

    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(("rule", "place", "text", "sentence"), PLANTED)
def test_a_rule_finds_the_breach(tmp_path: Path, rule: rules.Rule, place: str, text: str, sentence: str) -> None:
    found = breaches(tmp_path, rule, place, text)

    assert any(sentence in each for each in found), found


@pytest.mark.parametrize(("rule", "place", "text"), ALLOWED)
def test_a_rule_lets_pass_what_is_no_breach(tmp_path: Path, rule: rules.Rule, place: str, text: str) -> None:
    assert breaches(tmp_path, rule, place, text) == []


def test_every_rule_was_seen_to_fail() -> None:
    assert {rule for rule, *_ in PLANTED} == set(rules.RULES)


def import_mape() -> tuple[float, list[str]]:
    """Import mape in a fresh interpreter; return how long that took [s] and which modules came."""
    lines = subprocess.run([sys.executable, "-c", IMPORT_SECONDS], capture_output=True, text=True, check=True, cwd=ROOT)
    seconds, modules = lines.stdout.splitlines()
    return float(seconds), modules.split()


def test_importing_mape_loads_reactivex_and_the_standard_library_only() -> None:
    _, modules = import_mape()

    known = {*sys.stdlib_module_names, *rules.FOUNDATION, "mape"}
    assert [name for name in modules if name.partition(".")[0] not in known] == []
    folders = {path.parent.name for path in (ROOT / "mape").glob("*/__init__.py")} - INNER_FOLDERS
    assert [name for name in modules if name.startswith("mape.") and name.split(".")[1] in folders] == []
    assert "mape.element" in modules


def test_importing_mape_takes_less_than_half_a_second() -> None:
    assert min(import_mape()[0] for _ in range(3)) < 0.5


@pytest.mark.parametrize("name", ["mape", "mape.operators"])
def test_each_public_name_is_there_in_its_place(name: str) -> None:
    module = importlib.import_module(name)

    assert [each for each in module.__all__ if not hasattr(module, each)] == []
    assert sorted(module.__all__, key=rules.place_in_all) == list(module.__all__)


def test_the_version_is_the_same_everywhere() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text()
