"""The page for users of PyMAPE names only what there is."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

import mape
import mape.codecs
import mape.element
from mape import operators as ops
from mape.remote.influxdb import InfluxObserver
from mape.remote.redis import PubObserver, SubObservable, subscribe_handler, subscribe_handler_deco
from mape.remote.rest import POSTObserver, RestServer
from mape.runtime import equip
from mape.settings import load
from tests.documents.page import ROOT

PAGE = ROOT / "docs/migrate.md"
NAME = re.compile(r"(?P<path>[\w.]+)(?:\((?P<words>[\w=, ]*)\))?")


def rows() -> list[tuple[str, str, str]]:
    """The rows of all tables: what it is in PyMAPE, what it is here, and why."""
    lines = [line.strip("|").split("|") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return [(old.strip(), new.strip(), why.strip()) for old, new, why in lines if old.strip() != "PyMAPE"]


def names() -> dict[str, Any]:
    app = equip(mape.App(load(overrides={"redis.url": "memory"}, environ={})))
    loop = app.loop("lamp", level="house")
    element = loop.monitor(lambda item: item, uid="motion")
    element.anything = 1
    public = (InfluxObserver, POSTObserver, PubObserver, RestServer, SubObservable)
    return {
        **{each.__name__: each for each in (*public, subscribe_handler, subscribe_handler_deco)},
        "app": app,
        "element": element,
        "k": loop.k,
        "level": app.level("house"),
        "loop": loop,
        "mape": mape,
        "ops": ops,
        "settings": load(environ={}),
    }


def problem_with(name: str, known: dict[str, Any]) -> str | None:
    """Say what is wrong with a name of the page, such as ``mape.init(debug=)``; nothing, if nothing is."""
    found = NAME.fullmatch(name)
    if found is None:
        return f"{name}: not a name"
    first, *rest = found["path"].split(".")
    if first not in known:
        return f"{name}: nobody knows {first}"
    thing = known[first]
    for part in rest:
        owner = type(thing) if part.startswith("__") else thing
        if not hasattr(owner, part):
            return f"{name}: no {part}"
        thing = getattr(owner, part)
    words = re.findall(r"(\w+)=", found["words"] or "")
    missing = [word for word in words if word not in inspect.signature(thing).parameters]
    return f"{name}: takes no {', '.join(missing)}" if missing else None


def test_every_name_in_the_table_is_there() -> None:
    known = names()

    said = [name for _, new, _ in rows() for name in re.findall(r"`([^`]+)`", new)]

    assert len(said) > 100
    assert [problem for name in said if (problem := problem_with(name, known))] == []


def test_every_row_says_what_changes() -> None:
    assert [old for old, _, why in rows() if not why] == []
    assert [old for old, new, why in rows() if not new and not why.startswith("gone")] == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("mape.fly", "mape.fly: no fly"),
        ("mape.init(wings=)", "mape.init(wings=): takes no wings"),
        ("wings.flap", "wings.flap: nobody knows wings"),
        ("k.create_sets", "k.create_sets: no create_sets"),
    ],
)
def test_a_name_that_is_not_there_is_found(name: str, problem: str) -> None:
    assert problem_with(name, names()) == problem


def test_what_the_page_says_is_refused_is_refused() -> None:
    with pytest.raises(mape.ConfigError, match="internal"):
        load(overrides={"redis.internal": True}, environ={})
