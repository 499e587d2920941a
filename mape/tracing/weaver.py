"""Spans around the function of an element."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mape.flow.cause import TracedCause, task_cause
from mape.tracing.sampling import is_followed

if TYPE_CHECKING:
    from mape.tracing.tracer import ItemTracer

__all__ = ["ElementWeaver"]

Function = Callable[..., Any]


class ElementWeaver:
    """See the module. An item that is not followed pays for one look at the type of its causal id.

    What a function emits belongs to its span, also when it is emitted later. The span of a function that returns its
    result ends before the result goes on; that of one that emits includes what happens there and then.

    Args:
        tracer: Makes the spans.
        element: Whose function it is.
    """

    def __init__(self, tracer: ItemTracer, element: Any) -> None:
        self._tracer, self._element = tracer, element
        self._scope = element.host.scope

    def direct(self, call: Function, *, emits: bool) -> Function:
        """Return what is called instead of a function that others call."""
        scope, task = self._scope, task_cause.get
        followed = self._emitting(call) if emits else self._returning(call)

        def traced(item: Any, *rest: Any) -> Any:
            cause = scope.cause
            if cause is None:
                cause = task()
            if type(cause) is not TracedCause or not is_followed(cause):
                return call(item, *rest)
            return followed(cause, item, *rest)

        return traced

    def _emitting(self, call: Function) -> Function:
        def followed(cause: TracedCause, item: Any, on_next: Any) -> None:
            with self._span(cause) as inner, self._scope_of(inner):
                call(item, on_next)

        return followed

    def _returning(self, call: Function) -> Function:
        emit = self._element.emit

        def followed(cause: TracedCause, item: Any) -> None:
            with self._span(cause) as inner, self._scope_of(inner):
                result = call(item)
            if result is not None:
                with self._scope_of(inner):
                    emit(result)

        return followed

    def in_task(self, call: Function, *, waits: bool) -> Function:
        """Return what is called instead of a function that a worker's task calls.

        The task goes on with what hangs on its causal id: the worker passes on what the function returns.
        """

        def traced(item: Any, *rest: Any) -> Any:
            cause = task_cause.get()
            if type(cause) is not TracedCause or not is_followed(cause):
                return call(item, *rest)
            if waits:
                return self._awaited(cause, call(item, *rest))
            with self._in_task(cause):
                return call(item, *rest)

        return traced

    async def _awaited(self, cause: TracedCause, result: Awaitable[Any]) -> Any:
        with self._in_task(cause):
            return await result

    def offer(self, offer: Callable[..., None]) -> Callable[..., None]:
        """Return what takes an item into the mailbox, and has it remember since when it waits."""
        scope, now = self._scope, self._tracer.now

        def traced(item: Any, *rest: Any) -> None:
            cause = scope.current()
            if type(cause) is not TracedCause:
                offer(item, *rest)
                return
            with self._scope_of(TracedCause(cause, cause.context, now())):
                offer(item, *rest)

        return traced

    # -- what the causal id is meanwhile ---------------------------------------------------------------------------

    def _span(self, cause: TracedCause) -> Any:
        return self._tracer.span(self._element, cause)

    @contextmanager
    def _scope_of(self, cause: TracedCause) -> Iterator[None]:
        scope = self._scope
        before, scope.cause = scope.cause, cause
        try:
            yield
        finally:
            scope.cause = before

    @contextmanager
    def _in_task(self, cause: TracedCause) -> Iterator[None]:
        with self._span(cause) as inner:
            task_cause.set(inner)
            try:
                yield
            except BaseException:
                task_cause.set(cause)  # the next try stands beside this one, not below it
                raise
