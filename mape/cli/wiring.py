"""Looks for what is probably wrong with the wiring of an app: each finding has a place and a cure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any

from mape.application import App
from mape.cli.annotation import misfit, name_of
from mape.cli.finding import Finding, Kind
from mape.cli.outline import Outline
from mape.item import CallMethod

__all__ = ["findings"]

KEEPS_TYPE = frozenset(
    [
        "debounce",
        "delay",
        "distinct",
        "distinct_until_changed",
        "do_action",
        "filter",
        "filter_indexed",
        "find",
        "first",
        "last",
        "observe_on",
        "router",
        "sample",
        "single",
        "skip",
        "skip_last",
        "skip_until",
        "skip_while",
        "take",
        "take_last",
        "take_until",
        "take_while",
        "throttle_first",
        "throttle_with_timeout",
        "through",
    ]
)
"""Operators that let items through as they are."""


def findings(app: App, outline: Outline, other: App | None = None, fed: Collection[str] = ()) -> list[Finding]:
    """Look at an app.

    Args:
        other: The default app, where it is another one than the one that runs.
        fed: Paths of elements that the program itself gives items.
    """
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _never_start(other),
        lambda: _empty(outline),
        lambda: _unfed(app, outline, fed),
        lambda: _unheard(outline),
        lambda: _twice(outline),
        lambda: _circles(outline),
        lambda: _types(app, outline),
    )
    return [finding for look in looks for finding in look()]


def _never_start(other: App | None) -> Iterator[Finding]:
    for loop in other or ():
        problem = "belongs to the default app, and another one runs, so that it never starts"
        yield Finding(Kind.NEVER_STARTS, loop.path, problem, f"make it with app.loop({loop.uid!r})")


def _empty(outline: Outline) -> Iterator[Finding]:
    for loop in outline.loops:
        if not loop.elements:
            yield Finding(
                Kind.EMPTY, loop.path, "has no elements", "decorate a function with @loop.monitor, or drop it"
            )


def _unfed(app: App, outline: Outline, fed: Collection[str]) -> Iterator[Finding]:
    """Find elements other than monitors that nobody feeds.

    Nothing can be said where a router may feed any of them, or a REST server lets others do it.
    """
    if any("router" in arrow.operators for arrow in outline.arrows) or app.settings.rest.host_port is not None:
        return
    for element in outline.elements:
        if element.role != "monitor" and element.path not in fed and not app[element.path].port_in.incoming:
            cure = f"subscribe it to an element, as detect.subscribe({element.uid})"
            yield Finding(Kind.UNFED, element.path, "no element feeds it", cure)


def _unheard(outline: Outline) -> Iterator[Finding]:
    for element in outline.elements:
        if element.role in {"monitor", "analyze", "plan"} and not outline.leaving(element.path):
            cure = f"subscribe to it, as {element.uid}.subscribe(print)"
            yield Finding(Kind.UNHEARD, element.path, "what it emits goes nowhere", cure)


def _twice(outline: Outline) -> Iterator[Finding]:
    """Find listeners that get each item more than once; with other operators on the way it may be meant."""
    times = Counter((arrow.source, arrow.target, arrow.operators) for arrow in outline.arrows if arrow.is_element)
    for (source, target, operators), number in times.items():
        if number > 1 and not operators:
            problem = f"listens to {source} {number} times, so that it gets each item {number} times"
            yield Finding(Kind.TWICE, target, problem, "drop all but one of these subscriptions")


def _circles(outline: Outline) -> Iterator[Finding]:
    """Find each circle once: the shortest through an element that no circle before it went through."""
    told: set[str] = set()
    for path in _knotted(outline):
        if path not in told and (way := _way_back(outline, path)):
            told.update(way)
            cure = (
                f"if it is meant, items wait their turn: --ignore {Kind.CIRCLE}; else drop one of these subscriptions"
            )
            yield Finding(Kind.CIRCLE, path, f"its items come back to it: {' -> '.join([*way, path])}", cure)


def _knotted(outline: Outline) -> list[str]:
    """Leave out, one by one, what nobody who is left feeds; what remains is on a circle or behind one."""
    feeders = {element.path: len(outline.arriving(element.path)) for element in outline.elements}
    free = [path for path, number in feeders.items() if not number]
    for path in free:  # grows meanwhile
        for target in _targets(outline, path):
            feeders[target] -= 1
            if not feeders[target]:
                free.append(target)
    return [path for path, number in feeders.items() if number]


def _way_back(outline: Outline, start: str) -> list[str]:
    """Return the elements of the shortest circle through `start`; empty where there is none."""
    came_from: dict[str, str] = {}
    waiting = [start]
    for path in waiting:  # grows meanwhile
        for target in _targets(outline, path):
            if target not in came_from:
                came_from[target] = path
                waiting.append(target)
        if start in came_from:
            break
    way = [start] if start in came_from else []
    while way and came_from[way[0]] != start:
        way.insert(0, came_from[way[0]])
    return way[-1:] + way[:-1]


def _targets(outline: Outline, path: str) -> list[str]:
    return [arrow.target for arrow in outline.leaving(path) if arrow.is_element]


def _types(app: App, outline: Outline) -> Iterator[Finding]:
    for arrow in outline.arrows:
        if not arrow.is_element or not KEEPS_TYPE.issuperset(arrow.operators):
            continue
        given, taken = app[arrow.source].output_type, app[arrow.target].input_type
        if unfit := _misfit(given, taken):
            problem = f"takes {name_of(taken)}, but {arrow.source} emits {unfit}"
            cure = "correct one of the annotations, or put an operator between them"
            yield Finding(Kind.TYPE, arrow.target, problem, cure)


def _misfit(given: Any, taken: Any) -> str:
    """A `CallMethod` calls a method of the element, whatever its function takes."""
    unfit = misfit(given, taken)
    return "" if unfit == CallMethod.__name__ else unfit
