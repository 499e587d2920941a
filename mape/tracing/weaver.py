"""Spans around the function of an element."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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
        return self._emitting(call) if emits else self._returning(call)

    def _emitting(self, call: Function) -> Function:
        scope, of_task, marked = self._scope, task_cause.get, TracedCause

        def traced(item: Any, on_next: Any) -> Any:
            cause = scope.cause or of_task()
            if type(cause) is not marked or not is_followed(cause):
                return call(item, on_next)
            before = scope.cause
            with self._tracer.span(self._element, cause) as inner:
                scope.cause = inner
                try:
                    return call(item, on_next)
                finally:
                    scope.cause = before

        return traced

    def _returning(self, call: Function) -> Function:
        scope, of_task, marked, emit = self._scope, task_cause.get, TracedCause, self._element.emit

        def traced(item: Any) -> Any:
            cause = scope.cause or of_task()
            if type(cause) is not marked or not is_followed(cause):
                return call(item)
            before = scope.cause
            try:
                with self._tracer.span(self._element, cause) as inner:
                    scope.cause = inner
                    result = call(item)
                if result is not None:
                    emit(result)
            finally:
                scope.cause = before
            return None

        return traced

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
            with self._tracer.span(self._element, cause) as inner:
                return self._tried(cause, inner, lambda: call(item, *rest))

        return traced

    async def _awaited(self, cause: TracedCause, result: Awaitable[Any]) -> Any:
        with self._tracer.span(self._element, cause) as inner:
            task_cause.set(inner)
            try:
                return await result
            except BaseException:  # no wall: raised again
                task_cause.set(cause)  # the next try stands beside this one, not below it
                raise

    @staticmethod
    def _tried(cause: TracedCause, inner: TracedCause, call: Callable[[], Any]) -> Any:
        task_cause.set(inner)
        try:
            return call()
        except BaseException:  # no wall: raised again
            task_cause.set(cause)  # as above
            raise

    def offer(self, offer: Callable[..., None]) -> Callable[..., None]:
        """Return what takes an item into the mailbox, and has it remember since when it waits."""
        scope, of_task, now = self._scope, task_cause.get, self._tracer.now

        def traced(item: Any, *rest: Any) -> None:
            cause = scope.cause or of_task()
            if type(cause) is not TracedCause:
                offer(item, *rest)
                return
            before, scope.cause = scope.cause, TracedCause(cause, cause.context, now())
            try:
                offer(item, *rest)
            finally:
                scope.cause = before

        return traced
