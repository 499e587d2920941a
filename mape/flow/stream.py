"""What a port or an element emits, behind operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable

from mape.errors import WiringError
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
        links, target = CompositeDisposable(), on_next if observer is None else observer
        events: tuple[Any, ...] = (on_error, on_completed)
        try:
            for source, operators in reversed(self._parts()):  # listeners before speakers
                links.add(self._join(source, target, *events, operators=operators))
                target, events = source, ()
        except WiringError:
            links.dispose()
            raise
        return links

    def _parts(self) -> list[tuple[Any, tuple[Operator, ...]]]:
        """Return the source and each station that the stream leads through, with the operators behind it."""
        parts: list[tuple[Any, tuple[Operator, ...]]] = [(self.source, ())]
        for operator in self.operators:
            if (station := getattr(operator, "station", None)) is not None:
                parts.append((station, ()))
            else:
                parts[-1] = (parts[-1][0], (*parts[-1][1], operator))
        return parts

    def _join(self, source: Any, target: Any, *events: Any, operators: tuple[Operator, ...]) -> abc.DisposableBase:
        if hasattr(source, "link"):
            return source.link(target, *events, operators=operators)  # type: ignore[no-any-return]
        port = getattr(self.source, "port_out", self.source).beside(f"{self.source.path} > {type(source).__name__}")
        link = port.link(target, *events, operators=operators)
        return CompositeDisposable(source.subscribe(port), link)
