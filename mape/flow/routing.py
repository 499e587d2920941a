"""Operators of a MAPE loop: through an element, to an address, and for each key."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable
from reactivex.subject import Subject

from mape.errors import UnknownPathError
from mape.flow.chain import Operator, operator_tuple

__all__ = ["group_and_pipe", "router", "through"]

Stream = Observable[Any]


class through:  # noqa: N801 - an operator, and looks like one
    """Lead the stream through `station`, an element or a Subject: its input here, its output from here on."""

    def __init__(self, station: Any) -> None:
        self.station = station

    def __call__(self, source: Stream) -> Stream:
        """Apply the operator to a source that is no element."""

        def subscribe(observer: Any, scheduler: Any = None) -> abc.DisposableBase:
            listener = self.station.subscribe(observer, scheduler=scheduler)
            return CompositeDisposable(listener, source.subscribe(self.station, scheduler=scheduler))

        return Observable(subscribe)


def router(destination: Callable[[Any], Any] | None = None) -> Operator:
    """Give each item to where it is addressed, and pass it on.

    Args:
        destination: Tells where an item goes: an element, a port, a path, or several of these. By default ``item.dst``.

    Raises:
        UnknownPathError: Nothing is at the address; that item is reported and counted, the stream goes on.
    """
    address = destination or _dst

    def route(source: Stream) -> Stream:
        def subscribe(observer: Any, scheduler: Any = None) -> abc.DisposableBase:
            def on_next(item: Any) -> None:
                unknown: Exception | None = None
                for place in _several(address(item)):
                    try:
                        target = scheduler.resolve(place) if isinstance(place, str) else place
                        target.on_next(item)
                    except (UnknownPathError, AttributeError) as error:
                        unknown = unknown or UnknownPathError(f"cannot route to {place!r:.120}: {error}")
                observer.on_next(item)
                if unknown:
                    raise unknown

            return source.subscribe(on_next, observer.on_error, observer.on_completed, scheduler=scheduler)

        return Observable(subscribe)

    route.title = "router"  # type: ignore[attr-defined]
    return route


def group_and_pipe(  # noqa: C901 - one closure a callback
    operators: Operator | Sequence[Operator], key_mapper: Callable[[Any], Any] | None = None, *, limit: int = 10_000
) -> Operator:
    """Lead the items of each key through operators of their own, with their own state.

    Args:
        operators: What each key gets an instance of.
        key_mapper: Tells the key of an item. By default ``item.src``.
        limit: Keys that are kept; beyond it the one that was silent longest is completed and forgotten.
    """
    each = operator_tuple(operators, "group_and_pipe")
    key_of = key_mapper or _src

    def group(source: Stream) -> Stream:
        def subscribe(observer: Any, scheduler: Any = None) -> abc.DisposableBase:
            groups: OrderedDict[Any, Subject[Any]] = OrderedDict()
            errors: list[Exception] = []

            def on_next(item: Any) -> None:
                key = key_of(item)
                if key not in groups:
                    groups[key] = open_group(key)
                groups.move_to_end(key)
                groups[key].on_next(item)
                if len(groups) > limit:
                    groups.popitem(last=False)[1].on_completed()
                if errors:
                    raise errors.pop()

            def open_group(key: Any) -> Subject[Any]:
                def failed(error: Exception) -> None:  # this key begins anew, the others go on
                    groups.pop(key, None)
                    errors.append(error)

                subject: Subject[Any] = Subject()
                subject.pipe(*each).subscribe(observer.on_next, failed, scheduler=scheduler)
                return subject

            def on_completed() -> None:
                while groups:
                    groups.popitem(last=False)[1].on_completed()
                observer.on_completed()

            return source.subscribe(on_next, observer.on_error, on_completed, scheduler=scheduler)

        return Observable(subscribe)

    group.title = "group_and_pipe"  # type: ignore[attr-defined]
    return group


def _dst(item: Any) -> Any:
    place = getattr(item, "dst", None)
    if place is None:
        raise UnknownPathError(f"cannot route {item!r:.120}: it has no dst; give router() a function that tells")
    return place


def _src(item: Any) -> Any:
    return item.src


def _several(places: Any) -> Iterable[Any]:
    return places if isinstance(places, list | tuple | set | frozenset) else (places,)
