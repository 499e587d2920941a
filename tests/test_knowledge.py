"""Knowledge: a namespace that tells of its changes."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import mape
from mape import operators as ops
from mape.knowledge import Knowledge
from mape.testing import collect

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def k(app: mape.App) -> Knowledge:
    return app.loop("main").k


def test_what_is_set_as_an_attribute_is_an_item_and_the_other_way_round(k: Knowledge) -> None:
    k.speed_limit = 50
    k["siren"] = True
    assert k["speed_limit"] == k.speed_limit == 50
    assert k.siren is k["siren"] is True
    assert ("siren" in k, "lights" in k) == (True, False)
    assert (list(k), len(k)) == (["speed_limit", "siren"], 2)
    del k.siren
    del k["speed_limit"]
    assert (list(k), len(k), bool(k)) == ([], 0, True)


def test_what_is_not_known_is_an_error_that_says_where(k: Knowledge) -> None:
    with pytest.raises(AttributeError, match="nothing is known of 'speed' in loop 'main': set it first"):
        k.speed  # noqa: B018
    with pytest.raises(AttributeError, match="nothing is known of 'speed' in loop 'main'"):
        del k.speed
    with pytest.raises(KeyError):
        k["speed"]
    with pytest.raises(KeyError):
        del k["speed"]
    assert k.get("speed") is None
    assert k.get("speed", 5) == 5
    assert not hasattr(k, "speed")


@pytest.mark.parametrize("name", ["get", "changes", "_values", "_anything", "__class__", "__setitem__"])
def test_names_of_its_own_are_reserved_as_attributes(k: Knowledge, name: str) -> None:
    with pytest.raises(AttributeError, match=f"'{name}' is reserved in knowledge"):
        setattr(k, name, 1)
    k[name] = 1
    assert k[name] == 1
    assert callable(k.get)


def test_any_text_is_a_name_and_none_is_a_value(k: Knowledge) -> None:
    k["speed limit"] = None
    assert k["speed limit"] is None
    assert k.get("speed limit", "missing") is None


def test_changes_are_told_and_sets_that_change_nothing_are_not(k: Knowledge) -> None:
    k.speed = 1
    changes, others = collect(k.changes("speed")), collect(k.changes("siren"))
    for value in (1, 2, 2, 1.0, 1, True, None, None):
        k.speed = value
    k["speed"] = 3
    assert changes == [2, 1.0, None, 3]
    assert others == []
    assert k.changes("speed") is k.changes("speed")


def test_to_forget_a_value_is_no_change_but_to_learn_it_anew_is(k: Knowledge) -> None:
    k.speed = 1
    changes = collect(k.changes("speed"))
    del k.speed
    k.speed = 1
    assert changes == [1]


def test_the_first_value_is_a_change_even_if_it_is_none(k: Knowledge) -> None:
    changes = collect(k.changes("speed"))
    k.speed = None
    assert changes == [None]


def test_values_that_cannot_be_compared_count_as_changes(k: Knowledge) -> None:
    class Array:
        def __ne__(self, other: object) -> Any:
            raise ValueError("the truth value of an array is ambiguous")

        __hash__ = None  # type: ignore[assignment]

    changes, one, other = collect(k.changes("position")), Array(), Array()
    for value in (one, one, other):
        k.position = value
    assert [id(each) for each in changes] == [id(one), id(other)]


def test_the_new_value_is_known_when_watchers_hear_of_it(k: Knowledge) -> None:
    seen: list[tuple[Any, Any]] = []
    k.changes("speed").subscribe(lambda value: seen.append((value, k.speed)))
    k.speed = 1
    assert seen == [(1, 1)]


def test_a_watcher_that_fails_is_named_and_costs_the_one_who_sets_nothing(app: mape.App, k: Knowledge) -> None:
    def fail(_: Any) -> None:
        raise OSError

    k.changes("speed").subscribe(fail)
    changes, failures = collect(k.changes("speed")), collect(app.failures)
    k.speed = 1
    assert changes == [1]
    assert failures[0].path.startswith("loop 'main'.speed > ")
    assert failures[0].item == 1


def test_changes_feed_elements_with_a_cause(app: mape.App, k: Knowledge) -> None:
    causes: list[str | None] = []

    @app.loop("main").plan(ops_in=ops.distinct_until_changed())
    def limit(item: int) -> int:
        causes.append(mape.current_cause())
        return item + 1

    limits = collect(limit)
    k.changes("speed").subscribe(limit)
    for value in (1, 2):
        k.speed = value
    assert limits == [2, 3]
    assert None not in causes
    assert len(set(causes)) == 2


def test_an_app_a_level_and_a_loop_know_things_of_their_own(app: mape.App) -> None:
    one, other = mape.Loop("one", "road", app), mape.Loop("other", "road", app)
    assert one.level.k is other.level.k is app.level("road").k
    for number, place in enumerate((app.k, app.level("").k, one.level.k, one.k, other.k)):
        place.number = number
    assert [place.number for place in (app.k, app.level("").k, one.level.k, one.k, other.k)] == [0, 1, 2, 3, 4]
    assert [repr(place)[:30] for place in (app.k, app.level("").k, one.level.k, one.k)] == [
        "<Knowledge of the app: {'numbe", "<Knowledge of the default leve", "<Knowledge of level 'road': {'",
        "<Knowledge of loop 'one': {'nu",
    ]  # fmt: skip


def test_knowledge_can_be_copied(k: Knowledge) -> None:
    k.speed = 1
    assert copy.copy(k).speed == 1
