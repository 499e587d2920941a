"""What a port or an element emits, behind operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable

from mape.flow.chain import Operator, operator_tuple
from mape.flow.door import Call

__all__ = ["Stream"]


class Stream(Observable[Any]):
    """What a port or element emits, behind operators: ``element.pipe(ops.filter(...), ops.through(policy))``."""

    def __init__(self, source: Any, operators: tuple[Operator, ...]) -> None:
        super().__init__()
        self.source, self.operators = source, operators

    def pipe(self, *operators: Operator) -> Any:
        """Return the stream behind more operators."""
        return Stream(self.source, (*self.operators, *operator_tuple(operators, self.source.path)))

    def subscribe(  # type: ignore[override]
        self,
        observer: Any = None,
        on_error: Callable[[Exception], None] | None = None,
        on_completed: Callable[[], None] | None = None,
        on_next: Call | None = None,
        *,
        scheduler: abc.SchedulerBase | None = None,  # noqa: ARG002 - reactivex passes one
    ) -> abc.DisposableBase:
        """Add a listener, as `Port.subscribe`; each `operators.through` on the way becomes an edge of its own."""
        source, links = self.source, CompositeDisposable()
        waiting: list[Operator] = []
        for operator in self.operators:
            if (station := getattr(operator, "station", None)) is not None:
                links.add(_join(source, station, operators=tuple(waiting)))
                source, waiting = station, []
            else:
                waiting.append(operator)
        target = on_next if observer is None else observer
        links.add(_join(source, target, on_error, on_completed, operators=tuple(waiting)))
        return links


def _join(source: Any, target: Any, *events: Any, operators: tuple[Operator, ...]) -> abc.DisposableBase:
    if hasattr(source, "link"):
        return source.link(target, *events, operators=operators)  # type: ignore[no-any-return]
    return source.pipe(*operators).subscribe(target, *events)  # type: ignore[no-any-return]
