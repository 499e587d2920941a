"""The picture of a program."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Ask = Callable[..., Any]


def test_the_picture_is_a_tree(ask: Ask, ambulance: str) -> None:
    answer = ask("graph", ambulance)

    assert answer.out.splitlines() == [
        "ambulance.py",
        "└── level road",
        "    └── loop ambulance",
        "        ├── detect  monitor  str -> bool",
        "        │   └── -> ambulance.policy  (distinct_until_changed)",
        "        ├── policy  plan  bool -> float",
        "        │   └── -> ambulance.drive",
        "        └── drive  execute  float -> ?",
    ]
    assert answer.err.startswith("Next: mape check ambulance.py ")


def test_mermaid_comes_alone(ask: Ask, ambulance: str) -> None:
    answer = ask("graph", ambulance, "--mermaid")

    assert answer.out.startswith("flowchart LR\n")
    assert answer.err == ""


def test_json_comes_alone(ask: Ask, ambulance: str) -> None:
    answer = ask("graph", ambulance, "--json")

    assert [arrow["target"] for arrow in json.loads(answer.out)["arrows"]] == ["ambulance.policy", "ambulance.drive"]
    assert answer.err == ""
