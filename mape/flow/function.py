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

    __slots__ = ("call", "emits", "target", "waits", "wants_self", "yields")

    def __init__(self, target: Callable[..., Any], where: str) -> None:
        if not callable(target):
            raise WiringError(f"{where} needs a function, not {target!r:.80}")
        names, in_place = _parameters(target, where)
        self.target = target
        self.emits = "on_next" in names
        self.wants_self = "self" in names
        self.call = target if in_place else _by_name(target, names)
        flags, is_wrapped = _flags(target), False
        inside = _inside_partials(target)
        if not flags & _KINDS and hasattr(inside, "__wrapped__"):  # a decorator, which passes on what it is given back
            flags, is_wrapped = _flags(inspect.unwrap(inside)), True
        self.waits = bool(flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE))
        self.yields = bool(flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR))
        if self.yields:
            self.call = (_drain_async if self.waits else _drain)(self.call, self.emits)
            self.emits = True
        elif self.waits and is_wrapped:
            self.call = _awaiting(self.call)

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
        target: Any = _inside_partials(self.target)
        target = target if hasattr(target, "__annotations__") else type(target).__call__
        try:
            hints = typing.get_type_hints(target)
        except (NameError, TypeError, AttributeError, SyntaxError):  # names for the type checker, words for people
            hints = dict(getattr(target, "__annotations__", {}))
        result = hints.get("return")
        if self.yields and typing.get_origin(result) in _STREAMS:
            result = next(iter(typing.get_args(result)), None)
        return _known(hints.get(_first_parameter(self.target))), _known(result)


_KINDS = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE | inspect.CO_GENERATOR
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
    target = _inside_partials(target)
    if not isinstance(target, types.FunctionType | types.MethodType | types.BuiltinFunctionType):
        target = type(target).__call__
    flags: int = getattr(getattr(target, "__code__", None), "co_flags", 0)
    return flags | inspect.CO_COROUTINE if inspect.iscoroutinefunction(target) else flags


def _inside_partials(target: Any) -> Any:
    while isinstance(target, partial):
        target = target.func
    return target


def _first_parameter(target: Callable[..., Any]) -> str:
    try:
        return next(iter(inspect.signature(target).parameters), "")
    except ValueError:  # a builtin that does not tell
        return ""


def _known(hint: Any) -> Any:
    """Return `hint`, or None if it says nothing."""
    return None if hint in (type(None), Any) or isinstance(hint, typing.TypeVar) else hint


def _parameters(target: Callable[..., Any], where: str) -> tuple[tuple[str, ...], bool]:
    """Return which of ``on_next`` and ``self`` `target` takes beside the item, and whether just in these places."""
    if isinstance(target, types.FunctionType):  # the common forms, 20 times faster than a signature
        code = target.__code__
        names = code.co_varnames[1 : code.co_argcount]
        if code.co_argcount and not code.co_kwonlyargcount and names in _POSITIONAL:
            return names, True
    try:
        parameters = list(inspect.signature(target).parameters.values())
    except ValueError:  # a builtin that does not tell
        return (), True
    if not parameters or parameters[0].kind in (parameters[0].KEYWORD_ONLY, parameters[0].VAR_KEYWORD):
        raise WiringError(f"{where} takes no item: write it as f(item), f(item, on_next) or f(item, on_next, self)")
    for each in parameters[1:]:
        required = each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        if required and each.name not in ("on_next", "self"):
            raise WiringError(f"{where} takes an unknown argument {each.name!r}: only item, on_next and self are given")
    names = tuple(each.name for each in parameters[1:] if each.name in ("on_next", "self"))
    placed = tuple(each.name for each in parameters[1 : len(names) + 1] if each.kind < each.VAR_POSITIONAL)
    return names, names == placed and names in _POSITIONAL


def _by_name(target: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    """Adapt a function whose arguments stand in an order of their own."""
    order = [name for name in ("on_next", "self") if name in names]
    return lambda item, *rest: target(item, **dict(zip(order, rest, strict=True)))


def _drain(target: Callable[..., Any], emits: bool) -> Callable[..., Any]:  # noqa: FBT001
    """Make a function that emits what the generator function `target` yields."""

    def run(item: Any, on_next: Callable[[Any], None], *rest: Any) -> None:
        result = target(item, *((on_next, *rest) if emits else rest))
        if inspect.isgenerator(result):
            for each in result:
                on_next(each)
        elif result is not None and not emits:  # a decorator has made one of them
            on_next(result)

    return run


def _drain_async(target: Callable[..., Any], emits: bool) -> Callable[..., Any]:  # noqa: FBT001
    async def run(item: Any, on_next: Callable[[Any], None], *rest: Any) -> None:
        result = target(item, *((on_next, *rest) if emits else rest))
        if inspect.isasyncgen(result):
            async for each in result:
                on_next(each)
            return
        result = await result if inspect.isawaitable(result) else result
        if result is not None and not emits:  # a decorator has made one of them
            on_next(result)

    return run


def _awaiting(target: Callable[..., Any]) -> Callable[..., Any]:
    """Make a coroutine function of a decorated one, which may have run to its end already."""

    async def run(*arguments: Any) -> Any:
        result = target(*arguments)
        return await result if inspect.isawaitable(result) else result

    return run
