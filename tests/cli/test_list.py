"""Elements in a table, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Ask = Callable[..., Any]


def test_elements_are_listed_with_what_they_listen_to(ask: Ask, ambulance: str) -> None:
    answer = ask("list", ambulance)

    assert [line.split() for line in answer.out.splitlines()] == [
        ["element", "role", "types", "listens", "to"],
        ["ambulance.detect", "monitor", "str", "->", "bool"],
        ["ambulance.policy", "plan", "bool", "->", "float", "ambulance.detect"],
        ["ambulance.drive", "execute", "float", "->", "?", "ambulance.policy"],
    ]
    assert answer.err == "Next: mape graph ambulance.py   (the picture)\n"


def test_a_script_reads_the_same_as_json(ask: Ask, ambulance: str) -> None:
    answer = ask("list", ambulance, "--json")

    seen = json.loads(answer.out)
    (loop,) = seen["loops"]
    assert answer.err == ""
    assert (loop["path"], loop["level"]) == ("road.ambulance", "road")
    assert loop["elements"][1] == {
        "path": "ambulance.policy",
        "uid": "policy",
        "role": "plan",
        "starts": "when somebody subscribes",
        "takes": "bool",
        "gives": "float",
    }
    assert seen["arrows"][0] == {
        "source": "ambulance.detect",
        "target": "ambulance.policy",
        "operators": ["distinct_until_changed"],
        "is_element": True,
    }
