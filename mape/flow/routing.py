"""Operators of a MAPE loop: through an element, to an address, and for each key."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, SingleAssignmentDisposable
from reactivex.subject import Subject

from mape.errors import UnknownPathError, WiringError
from mape.flow.chain import Operator, operator_name, operator_tuple

__all__ = ["group_and_pipe", "router", "through"]

Stream = Observable[Any]
ROUTES = 1_024
"""Destinations of a router that are remembered."""


class through:  # noqa: N801 - an operator, and looks like one
    """Lead the stream through `station`, an element or a Subject: its input here, its output from here on.

    Raises:
        WiringError: `station` cannot be fed, or not be subscribed to.
    """

    def __init__(self, station: Any) -> None:
        if not (hasattr(station, "on_next") and hasattr(station, "subscribe")):
            raise WiringError(f"through() leads through an element or a Subject, not {station!r:.80}")
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
        UnknownPathError: Nothing is at the address; that is reported and counted, everything else goes on.
    """
    address = destination or _dst
    routes: dict[str, int] = {}

    def route(source: Stream) -> Stream:
        def subscribe(observer: Any, scheduler: Any = None) -> abc.DisposableBase:
            def on_next(item: Any) -> None:
                try:
                    places = _several(address(item))
                except Exception as error:  # the wall around a person's function
                    _report(scheduler, item, error)
                    return
                for place in places:
                    try:
                        _target(place, scheduler)(item)
                        _count(routes, place)
                    except Exception as error:  # the wall around a destination; elements have one of their own
                        _report(scheduler, item, error)
                observer.on_next(item)

            return source.subscribe(on_next, observer.on_error, observer.on_completed, scheduler=scheduler)

        return Observable(subscribe)

    route.title = "router"  # type: ignore[attr-defined]
    route.routes = routes  # type: ignore[attr-defined]
    return route


def group_and_pipe(
    operators: Operator | Sequence[Operator], key_mapper: Callable[[Any], Any] | None = None, *, limit: int = 10_000
) -> Operator:
    """Lead the items of each key through operators of their own, with their own state.

    Args:
        operators: What each key gets an instance of.
        key_mapper: Tells the key of an item. By default ``item.src``.
        limit: Keys that are kept; beyond it the one that was silent longest is completed and forgotten.
    """
    each = operator_tuple(operators, "group_and_pipe")

    def group(source: Stream) -> Stream:
        _piped(Subject(), each)  # a mistake shows now, not with the first item

        def subscribe(observer: Any, scheduler: Any = None) -> abc.DisposableBase:
            groups = _Groups(each, key_mapper or _src, limit, observer, scheduler)
            link = source.subscribe(groups.on_next, observer.on_error, groups.on_completed, scheduler=scheduler)
            return CompositeDisposable(link, groups.links)

        return Observable(subscribe)

    group.title = "group_and_pipe"  # type: ignore[attr-defined]
    return group


class _Groups:
    """The streams of all keys, behind one subscription."""

    def __init__(
        self,
        operators: Sequence[Operator],
        key_of: Callable[[Any], Any],
        limit: int,
        observer: abc.ObserverBase[Any],
        scheduler: Any,
    ) -> None:
        self.links = CompositeDisposable()
        self._operators, self._key_of, self._limit = operators, key_of, limit
        self._observer, self._scheduler = observer, scheduler
        self._streams: OrderedDict[Any, Subject[Any]] = OrderedDict()
        self._item: Any = None
        self._is_over = False

    def on_next(self, item: Any) -> None:
        """Give an item to the stream of its key."""
        before, self._item = self._item, item
        try:
            key = self._key_of(item)
            stream = self._streams.get(key) or self._begin(key)
            self._streams.move_to_end(key)
            stream.on_next(item)
            if len(self._streams) > self._limit:
                self._streams.popitem(last=False)[1].on_completed()
        except Exception as error:  # the wall around a person's function
            _report(self._scheduler, item, error)
        finally:
            self._item = before

    def on_completed(self) -> None:
        """Let the streams of all keys end; the last one that does ends the whole."""
        self._is_over = True
        while self._streams:
            self._streams.popitem(last=False)[1].on_completed()
        self._end()

    def _begin(self, key: Any) -> Subject[Any]:
        stream: Subject[Any] = Subject()
        link = SingleAssignmentDisposable()

        def ended(error: Exception | None = None) -> None:
            self.links.remove(link)
            if error and self._streams.get(key) is stream:
                del self._streams[key]  # this key begins anew, the others go on
            if error:
                _report(self._scheduler, self._item, error)
            self._end()

        piped = _piped(stream, self._operators)
        self._streams[key] = stream
        self.links.add(link)
        with getattr(self._scheduler, "hold", nullcontext)():  # it is subscribed to all its sources when the item comes
            link.disposable = piped.subscribe(self._observer.on_next, ended, ended, scheduler=self._scheduler)
        return stream

    def _end(self) -> None:
        if self._is_over and not self.links.length:
            self._observer.on_completed()


def _piped(source: Stream, operators: Sequence[Operator]) -> Stream:
    for operator in operators:
        source = operator(source)
        if not hasattr(source, "subscribe"):
            raise WiringError(f"{operator_name(operator)!r} is no operator: it makes {source!r:.60}")
    return source


def _dst(item: Any) -> Any:
    place = getattr(item, "dst", None)
    if place is None:
        raise UnknownPathError(f"cannot route {item!r:.120}: it has no dst; give router() a function that tells")
    return place


def _src(item: Any) -> Any:
    return item.src


def _target(place: Any, scheduler: Any) -> Callable[[Any], None]:
    """Return what takes an item for `place`; an app's scheduler knows the app's paths."""
    try:
        target = scheduler.resolve(place) if isinstance(place, str) else place
        take: Callable[[Any], None] = target.on_next
    except (UnknownPathError, AttributeError) as error:
        raise UnknownPathError(f"cannot route to {place!r:.120}: {error}") from error
    return take


def _report(scheduler: Any, item: Any, error: Exception) -> None:
    """Have a failure reported without ending the stream; outside an app there is nobody to report to."""
    fail = getattr(scheduler, "fail", None)
    if fail is None:
        raise error
    fail(item, error)


def _count(routes: dict[str, int], place: Any) -> None:
    """Take note of where an item went, for graphs; a router that sends to ever new places is not followed for ever."""
    path = place if isinstance(place, str) else str(getattr(place, "path", ""))
    if path in routes or (path and len(routes) < ROUTES):
        routes[path] = routes.get(path, 0) + 1


def _several(places: Any) -> Iterable[Any]:
    return places if isinstance(places, list | tuple | set | frozenset) else (places,)
