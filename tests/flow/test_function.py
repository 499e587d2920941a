"""What functions look like: every form, how it is called, what it waits for, and its types."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

import mape
from mape.flow.function import Function
from mape.testing import collect

pytestmark = pytest.mark.virtual_time

OnNext = Callable[[Any], None]
T = TypeVar("T")


class Owner:
    """What stands for the element in ``self``."""

    factor = 2


def run(target: Callable[..., Any], item: Any = 1) -> list[Any]:
    """Call a function as an element does, and return what it emits."""
    function = Function(target, "test")
    call = function.bind(Owner())
    emitted: list[Any] = []

    async def wait(result: Any) -> Any:
        return await result

    result = call(item, emitted.append) if function.emits else call(item)
    if function.waits:
        result = asyncio.run(wait(result))
    else:
        assert not inspect.isawaitable(result)
    return emitted if function.emits else [result]


def passes_on(target: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator of the usual kind."""

    @functools.wraps(target)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return target(*args, **kwargs)

    return wrapper


def to_list(target: Callable[..., Iterable[T]]) -> Callable[..., list[T]]:
    """A decorator that makes one thing of what a generator yields."""

    @functools.wraps(target)
    def wrapper(*args: Any) -> list[T]:
        return list(target(*args))

    return wrapper


def to_list_later(target: Callable[..., AsyncIterator[T]]) -> Callable[..., Any]:
    """A decorator that makes one thing of what an async generator yields."""

    @functools.wraps(target)
    def wrapper(*args: Any) -> Any:
        async def collected() -> list[T]:
            return [each async for each in target(*args)]

        return collected()

    return wrapper


def to_end(target: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that runs a coroutine to its end."""

    @functools.wraps(target)
    def wrapper(*args: Any) -> Any:
        coroutine = target(*args)
        try:
            coroutine.send(None)
        except StopIteration as end:
            return end.value
        raise AssertionError

    return wrapper


def returns(item: int) -> int:
    return 2 * item


def emits(item: int, on_next: OnNext) -> None:
    on_next(2 * item)


def emits_with_self(item: int, on_next: OnNext, self: Any) -> None:
    on_next(self.factor * item)


def returns_with_self(item: int, self: Any) -> int:
    return self.factor * item  # type: ignore[no-any-return]


def self_before_on_next(item: int, self: Any, on_next: OnNext) -> None:
    on_next(self.factor * item)


def by_keyword_only(item: int, *, on_next: OnNext, self: Any) -> None:
    on_next(self.factor * item)


def on_next_by_keyword_only(item: int, *, on_next: OnNext) -> None:
    on_next(2 * item)


def with_an_option(item: int, factor: int = 2) -> int:
    return factor * item


def with_an_option_first(item: int, factor: int = 2, on_next: OnNext = print) -> None:
    on_next(factor * item)


def with_anything(item: int, on_next: OnNext, *args: Any, **kwargs: Any) -> None:
    on_next((2 + len(args) + len(kwargs)) * item)


def any_number(*items: int) -> int:
    return 2 * sum(items)


def scaled(item: int, factor: int, on_next: OnNext) -> None:
    on_next(factor * item)


def yields(item: int) -> Iterator[int]:
    yield 2 * item


def yields_and_emits(item: int, on_next: OnNext, self: Any) -> Iterator[int]:
    on_next(self.factor * item)
    yield self.factor * item


async def waits(item: int) -> int:
    await asyncio.sleep(0)
    return 2 * item


async def waits_and_emits(item: int, on_next: OnNext, self: Any) -> None:
    await asyncio.sleep(0)
    on_next(self.factor * item)


async def waits_for_nothing(item: int) -> int:
    return 2 * item


async def waits_and_yields(item: int, self: Any) -> AsyncIterator[int]:
    await asyncio.sleep(0)
    yield self.factor * item


class Forms:
    """Methods and callable objects."""

    def __call__(self, item: int) -> int:
        return 2 * item

    def method(self, item: int, on_next: OnNext) -> None:
        on_next(2 * item)

    async def waiting(self, item: int) -> int:
        return 2 * item

    @staticmethod
    def static(item: int) -> int:
        return 2 * item

    @classmethod
    def of_class(cls, item: int, on_next: OnNext) -> None:
        on_next(2 * item)


class WaitingObject:
    async def __call__(self, item: int, on_next: OnNext) -> None:
        on_next(2 * item)


class YieldingObject:
    def __call__(self, item: int) -> Iterator[int]:
        yield 2 * item


FORMS = [
    returns, emits, emits_with_self, returns_with_self, self_before_on_next, by_keyword_only, on_next_by_keyword_only,
    with_an_option, with_an_option_first, with_anything, any_number, yields, waits, waits_and_emits, waits_for_nothing,
    waits_and_yields, Forms(), Forms().method, Forms().waiting, Forms.static, Forms.of_class, WaitingObject(),
    YieldingObject(), functools.partial(scaled, factor=2), functools.partial(with_an_option, factor=2),
    functools.partial(functools.partial(waits)), passes_on(returns), passes_on(emits_with_self), passes_on(waits),
    passes_on(waits_and_emits), passes_on(yields), passes_on(waits_and_yields), passes_on(passes_on(waits)),
    to_end(waits_for_nothing), functools.lru_cache(returns), functools.partial(passes_on(waits)),
]  # fmt: skip


@pytest.mark.parametrize("target", FORMS, ids=lambda form: getattr(form, "__name__", type(form).__name__))
def test_every_form_of_function_doubles_its_item(target: Callable[..., Any]) -> None:
    assert run(target, 1) == [2]
    assert run(target, 21) == [42]


def test_what_is_yielded_and_what_is_emitted_keeps_its_order() -> None:
    assert run(yields_and_emits, 1) == [2, 2]
    assert run(passes_on(yields_and_emits), 1) == [2, 2]


def test_what_a_decorator_made_of_a_generator_is_one_item() -> None:
    assert run(to_list(yields), 1) == [[2]]
    assert run(to_list_later(waits_and_yields), 1) == [[2]]


@pytest.mark.parametrize(("target", "emitted"), [(int, 12), (str, "12"), (float, 12.0), (len, 2), (str.upper, "12")])
def test_types_and_builtins_are_functions_too(target: Callable[..., Any], emitted: Any) -> None:
    assert run(target, "12") == [emitted]


WRONG = [
    (5, "needs a function, not 5"),
    ("detect", "needs a function, not 'detect'"),
    (None, "needs a function, not None"),
    (lambda: 1, r"takes no item: write it as f\(item\)"),
    (lambda **items: 1, "takes no item"),  # noqa: ARG005
    (lambda *, item: 1, "takes no item"),  # noqa: ARG005
    (lambda item, other: 1, "takes an unknown argument 'other': only item, on_next and self are given"),  # noqa: ARG005
    (lambda item, on_next, *, other: 1, "takes an unknown argument 'other'"),  # noqa: ARG005
    (Forms.method, "takes an unknown argument 'item'"),  # somebody forgot to make an object
]


@pytest.mark.parametrize(("target", "message"), WRONG)
def test_what_has_another_form_is_refused_with_its_place(target: Any, message: str) -> None:
    with pytest.raises(mape.WiringError, match=f"^monitor 'x' {message}"):
        Function(target, "monitor 'x'")


# -- in an element ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [passes_on(waits), passes_on(waits_and_yields)], ids=["async", "async generator"])
async def test_a_decorated_async_function_works_in_a_mailbox(app: mape.App, target: Callable[..., Any]) -> None:
    element = app.loop("main").execute(uid="element")(target)
    element.factor = 2
    seen = collect(element)
    async with app:
        for item in (1, 2):
            element(item)
        assert element.stats.queued == 2
    assert seen == [2, 4]


def test_what_was_yielded_before_a_failure_has_left(app: mape.App) -> None:
    @app.loop("main").execute
    def element(item: int) -> Iterator[int]:
        yield item
        raise OSError

    seen, failures = collect(element), collect(app.failures)
    element(1)
    assert seen == [1]
    assert [failure.item for failure in failures] == [1]


# -- types -----------------------------------------------------------------------------------------------------------


@dataclass
class Car:
    speed: float


class Doubler(mape.Plan[int, float]):
    def process(self, item: int, on_next: OnNext) -> None:
        on_next(2.0 * item)


class Silent(mape.Plan[int, float]):
    pass


def unannotated(item, on_next):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    on_next(item)


def option_annotated(item, on_next, threshold: float = 3.0):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, ARG001
    on_next(item)


def in_words(item: Any, on_next: OnNext) -> None:
    on_next(item)


in_words.__annotations__ = {"item": "speed in km/h", "on_next": "call it", "return": "nothing much"}


def only_for_the_checker(item: Unknown) -> int:  # type: ignore[name-defined]  # noqa: F821
    return int(item)


def lists(item: int) -> Iterable[int]:
    return [item]


TYPES = [
    (returns, int, int),
    (emits, int, None),
    (with_an_option, int, int),
    (yields, int, int),
    (waits, int, int),
    (waits_and_yields, int, int),
    (lists, int, Iterable[int]),
    (Forms(), int, int),
    (Forms().method, int, None),
    (functools.partial(returns), int, int),
    (passes_on(waits), int, int),
    (Car, float, None),
    (unannotated, None, None),
    (option_annotated, None, None),
    (only_for_the_checker, "Unknown", "int"),
    (len, None, None),
    (int, None, None),
]


@pytest.mark.parametrize(("target", "item", "emitted"), TYPES)
def test_types_are_those_of_the_item_and_of_what_is_emitted(target: Any, item: Any, emitted: Any) -> None:
    assert Function(target, "test").types == (item, emitted)


def test_annotations_in_words_are_no_error() -> None:
    assert Function(in_words, "test").types == ("speed in km/h", "nothing much")


def test_the_types_of_a_class_are_those_of_its_method(app: mape.App) -> None:
    loop = app.loop("main")
    assert (Doubler(loop).input_type, Doubler(loop, "other").output_type) == (int, None)
    assert (Silent(loop).input_type, Silent(loop, "another").output_type) == (None, None)
