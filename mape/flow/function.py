"""What a person's function looks like: which arguments it takes, whether it waits, what it gives back.

The accepted forms are ``f(item)``, ``f(item, on_next)``, ``f(item, on_next, self)`` and ``f(item, self)``; plain,
``async``, generator or async generator; any callable object. They are read off the definition once.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import AsyncIterable, Callable, Iterable
from functools import partial
from typing import Any

from mape.errors import WiringError

__all__ = ["Function"]


class Function:
    """A callable and its form; ``call`` takes ``(item[, on_next][, self])``, as the two flags say.

    Args:
        target: The function, method or callable object.
        where: What the message of an error calls it.

    Raises:
        WiringError: It cannot be called, or not with these arguments.
    """

    __slots__ = ("call", "emits", "target", "waits", "wants_self")

    def __init__(self, target: Callable[..., Any], where: str) -> None:
        if not callable(target):
            raise WiringError(f"{where} needs a function, not {target!r:.80}")
        names = _parameters(target, where)
        self.target = target
        self.emits = "on_next" in names
        self.wants_self = "self" in names
        self.call = target if names in _POSITIONAL else _by_name(target, names)
        flags = _flags(target)
        self.waits = bool(flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE))
        if flags & inspect.CO_ASYNC_GENERATOR:
            self.call, self.emits = _drain_async(self.call, self.emits), True
        elif flags & inspect.CO_GENERATOR:
            self.call, self.emits = _drain(self.call, self.emits), True

    def bind(self, element: object) -> Callable[..., Any]:
        """Return the function as ``f(item)`` or ``f(item, on_next)``, with `element` as its ``self``."""
        call = self.call
        if not self.wants_self:
            return call
        if self.emits:
            return lambda item, on_next: call(item, on_next, element)
        return lambda item: call(item, element)

    @property
    def types(self) -> tuple[Any, Any]:
        """The annotations of the item and of what is emitted; None where there is none."""
        target = self.target if hasattr(self.target, "__annotations__") else type(self.target).__call__
        try:
            hints = typing.get_type_hints(target)
        except (NameError, TypeError, AttributeError):  # names that exist only for the type checker
            hints = dict(getattr(target, "__annotations__", {}))
        result = hints.pop("return", None)
        hints.pop("on_next", None)
        hints.pop("self", None)
        if typing.get_origin(result) in _STREAMS:
            result = next(iter(typing.get_args(result)), None)
        return next(iter(hints.values()), None), None if result is type(None) else result


_POSITIONAL = {(), ("on_next",), ("on_next", "self"), ("self",)}
_STREAMS = {Iterable, AsyncIterable} | {
    getattr(typing.get_origin(form), "__origin__", typing.get_origin(form))
    for form in (
        typing.Iterator[int],
        typing.Generator[int, None, None],
        typing.AsyncIterator[int],
        typing.AsyncGenerator[int, None],
    )
}


def _flags(target: Any) -> int:
    """Return the code flags of the function behind `target`: whether it is async, a generator, both or neither."""
    while isinstance(target, partial):
        target = target.func
    if not isinstance(target, types.FunctionType | types.MethodType | types.BuiltinFunctionType):
        target = type(target).__call__
    flags: int = getattr(getattr(target, "__code__", None), "co_flags", 0)
    return flags | inspect.CO_COROUTINE if inspect.iscoroutinefunction(target) else flags


def _parameters(target: Callable[..., Any], where: str) -> tuple[str, ...]:
    """Return which of ``on_next`` and ``self`` `target` takes beside the item, in its own order."""
    if isinstance(target, types.FunctionType):  # the common forms, 20 times faster than a signature
        code = target.__code__
        names = code.co_varnames[1 : code.co_argcount]
        if code.co_argcount and not code.co_kwonlyargcount and names in _POSITIONAL:
            return names
    try:
        parameters = list(inspect.signature(target).parameters.values())
    except ValueError:  # a builtin that does not tell
        return ()
    if not parameters or parameters[0].kind in (parameters[0].KEYWORD_ONLY, parameters[0].VAR_KEYWORD):
        raise WiringError(f"{where} takes no item: write it as f(item), f(item, on_next) or f(item, on_next, self)")
    for each in parameters[1:]:
        required = each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        if required and each.name not in ("on_next", "self"):
            raise WiringError(f"{where} takes an unknown argument {each.name!r}: only item, on_next and self are given")
    return tuple(each.name for each in parameters[1:] if each.name in ("on_next", "self"))


def _by_name(target: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    """Adapt a function whose arguments stand in an order of their own."""
    order = [name for name in ("on_next", "self") if name in names]
    return lambda item, *rest: target(item, **dict(zip(order, rest, strict=True)))


def _drain(target: Callable[..., Any], emits: bool) -> Callable[..., Any]:  # noqa: FBT001
    """Make a function that emits what the generator function `target` yields."""

    def run(item: Any, on_next: Callable[[Any], None], *rest: Any) -> None:
        for each in target(item, *((on_next, *rest) if emits else rest)):
            on_next(each)

    return run


def _drain_async(target: Callable[..., Any], emits: bool) -> Callable[..., Any]:  # noqa: FBT001
    async def run(item: Any, on_next: Callable[[Any], None], *rest: Any) -> None:
        async for each in target(item, *((on_next, *rest) if emits else rest)):
            on_next(each)

    return run
