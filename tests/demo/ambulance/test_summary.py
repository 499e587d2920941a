"""The figures at the end come from counters, and show what was lost."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from mape.demo.ambulance.scene import Scene
from mape.demo.ambulance.summary import edges, is_complete, print_summary, transport_faults, verdict

SIREN = "ambulance.siren"


@pytest.fixture
def finals() -> dict[str, Any]:
    """Three cars that have got all of ten."""
    sink = {"path": "publish x", "offered": 10, "sent": 10, "dropped": 0, "queued": 0, "retries": 0}
    nothing = {"gaps": 0, "duplicates": 0, "rejected": 0, "sinks": [sink]}
    count = {"received": 10, "doubled": 0, "swapped": 0}
    cars = {
        name: {"sent": {f"car_{name}_safety.emergency_detect": 0}, "received": {SIREN: dict(count)}, **nothing}
        for name in ("ada", "ben", "cleo")
    }
    return {"ambulance": {"sent": {SIREN: 10}, "received": {}, **nothing}, **cars}


def test_an_edge_is_from_a_sender_to_each_car_but_itself(finals: dict[str, Any]) -> None:
    found = edges(finals)

    assert len(found) == 3 + 3 * 2
    assert all(edge.target not in edge.source for edge in found)


def test_all_is_complete_when_every_message_has_come(finals: dict[str, Any]) -> None:
    assert is_complete(finals)
    finals["ben"]["received"][SIREN]["received"] = 9
    assert not is_complete(finals)


def test_who_does_not_answer_leaves_it_incomplete(finals: dict[str, Any]) -> None:
    del finals["cleo"]

    assert not is_complete(finals)


def test_what_is_lost_doubled_or_swapped_stands_in_the_verdict(finals: dict[str, Any]) -> None:
    finals["ben"]["received"][SIREN] = {"received": 8, "doubled": 1, "swapped": 3}
    finals["ada"]["sinks"] = [finals["ada"]["sinks"][0] | {"retries": 2}]
    finals["cleo"]["gaps"] = 2

    text = verdict(edges(finals), transport_faults(finals))

    assert "30 messages over 9 edges: 2 lost, 1 doubled, 3 out of order." in text
    assert "2 gaps, 2 retries" in text


def test_the_table_names_every_receiver_and_what_is_lost(finals: dict[str, Any]) -> None:
    finals["ben"]["received"][SIREN]["received"] = 9
    out = io.StringIO()
    print_summary(Console(file=out, width=80), Scene("redis", 20.0), finals, 1.23)

    assert "ambulance.siren                     10  ada 10, ben 9, cleo 10     1" in out.getvalue()
    assert "From the command to the first shared emergency: 1.2 s." in out.getvalue()


def test_without_figures_it_says_so() -> None:
    out = io.StringIO()
    print_summary(Console(file=out), Scene("redis", 20.0), {}, None)

    assert out.getvalue().strip() == "Nothing was sent."
