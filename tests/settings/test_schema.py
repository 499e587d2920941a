"""Settings as people hold them: attributes, items, read-only, explained."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from dataclasses import dataclass
from typing import get_args, get_type_hints

import pytest

from mape.mailbox import Overflow
from mape.settings import Setting, Settings, load
from mape.settings.schema import Mailbox, Section


def test_attributes_and_items_are_the_same() -> None:
    settings = load(overrides={"redis.url": "redis://h", "myapp": {"x": {"y": 1}}}, environ={})

    assert settings["debug"] is settings.debug is False
    assert settings["redis"]["url"] == settings.redis.url == "redis://h"
    assert settings["myapp"]["x"]["y"] == getattr(settings, "myapp").x.y == 1  # noqa: B009 - unknown to the types


def test_names_can_be_asked_for_and_walked_over() -> None:
    settings = load(overrides={"myapp": {"x": 1}}, environ={})

    sections = ["log", "mailbox", "shutdown", "redis", "rest", "influxdb", "tracing", "myapp"]
    assert list(settings) == ["debug", "seed", *sections]
    assert len(settings) == 10
    assert "redis" in settings
    assert "myapp" in settings
    assert "url" in settings.redis
    assert "_own" not in settings
    assert settings.get("nothing") is None
    assert dict(settings.mailbox) == {"size": 1024, "overflow": "drop_oldest"}


@pytest.mark.parametrize("name", ["nothing", "_own", "_sources", "explain", "keys"])
def test_only_settings_are_items(name: str) -> None:
    with pytest.raises(KeyError):
        Settings()[name]


def test_an_unknown_attribute_names_those_there_are() -> None:
    settings = load(overrides={"myapp": {"x": 1}}, environ={})

    with pytest.raises(AttributeError, match=r"no setting 'reids'; there are: debug, .*rest, influxdb, tracing, myapp"):
        getattr(settings, "reids")  # noqa: B009 - unknown to the types
    with pytest.raises(AttributeError, match=r"no setting 'y' in this section; it has: x"):
        settings["myapp"].y  # noqa: B018 - asking is the test


def test_settings_are_read_only() -> None:
    settings = load(overrides={"myapp": {"x": 1, "tags": ["a"]}}, environ={})

    for section, name in ((settings, "debug"), (settings, "new"), (settings.redis, "url"), (settings["myapp"], "x")):
        with pytest.raises(AttributeError):
            setattr(section, name, 1)
        with pytest.raises(TypeError):
            section[name] = 1  # type: ignore[index]
    assert settings["myapp"]["tags"] == ("a",)


def test_settings_can_be_copied_and_sent_to_another_process() -> None:
    settings = load(overrides={"seed": 3, "myapp": {"x": {"y": 1}}}, environ={})

    for twin in (copy.deepcopy(settings), pickle.loads(pickle.dumps(settings))):  # noqa: S301 - our own bytes
        assert twin == settings
        assert twin.explain() == settings.explain()
        assert twin["myapp"].x.y == 1


def test_explain_lists_every_value_once() -> None:
    settings = load(overrides={"seed": 3, "myapp": {"deep": {"x": [1]}, "empty": {}}}, environ={})

    edges = {"redis": settings.redis, "rest": settings.rest, "influxdb": settings.influxdb, "tracing": settings.tracing}
    assert settings.explain() == [
        Setting("debug", False, "default", is_default=True),
        Setting("seed", 3, "argument seed", is_default=False),
        *(Setting(f"log.{key}", value, "default", is_default=True) for key, value in settings.log.items()),
        Setting("mailbox.size", 1024, "default", is_default=True),
        Setting("mailbox.overflow", "drop_oldest", "default", is_default=True),
        Setting("shutdown.deadline", 10.0, "default", is_default=True),
        *(
            Setting(f"{name}.{key}", value, "default", is_default=True)
            for name, section in edges.items()
            for key, value in section.items()
        ),
        Setting("myapp.deep.x", (1,), "argument myapp.deep.x", is_default=False),
        Setting("myapp.empty", {}, "argument myapp.empty", is_default=False),
    ]


def test_a_new_setting_is_one_line_of_the_schema() -> None:
    @dataclass(frozen=True, eq=False, repr=False)
    class Probe(Section):
        hosts: tuple[str, ...] = ("localhost",)

    assert dict(Probe()) == {"hosts": ("localhost",)}
    assert repr(Probe()) == "Probe(hosts=('localhost',))"


def test_the_overflow_policies_are_those_of_the_mailbox() -> None:
    assert set(get_args(get_type_hints(Mailbox)["overflow"])) == set(Overflow)


def test_importing_settings_loads_no_reader() -> None:
    code = "import mape.settings, sys; print({'yaml', 'dotenv', 'msgspec'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
