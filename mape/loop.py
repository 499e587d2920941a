"""Named elements, and the decorators that make them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypedDict, TypeVar, Unpack, overload

from mape.element import Analyze, Element, Execute, Monitor, Plan
from mape.errors import WiringError
from mape.flow.chain import Operator
from mape.flow.function import Function
from mape.flow.worker import Retry
from mape.knowledge import Knowledge
from mape.path import UID, Children, random_uid

if TYPE_CHECKING:
    from mape.application import App

__all__ = [
    "ClassMaker",
    "Loop",
    "Maker",
    "Options",
    "connect",
    "to_analyze_cls",
    "to_element_cls",
    "to_execute_cls",
    "to_monitor_cls",
    "to_plan_cls",
]

E = TypeVar("E", bound=Element[Any, Any])
E_co = TypeVar("E_co", bound=Element[Any, Any], covariant=True)
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")


class Loop(Children[Element[Any, Any]]):
    """Elements that together watch and change something, and what they know.

    Args:
        uid: Its name in the app; None makes a random one.
        level: The rank it belongs to.
        app: Where it is made; `mape.Loop` takes `mape.app` by default.

    Raises:
        UidError: The uid is malformed, taken or reserved.
    """

    prefix = "l_"
    child_kind = "element"

    def __init__(self, uid: str | None, level: str, app: App) -> None:
        super().__init__()
        self.app = app
        self.level = self.app.level(level)
        self.uid = self.app.add(self, random_uid(self.prefix, self.app.rng) if uid is None else uid)
        self.k = Knowledge(self.app, f"loop {self.uid!r}", f"k.loop.{self.uid}.")

    @property
    def path(self) -> str:
        """The uid, or ``level.loop`` where there is a level."""
        return f"{self.level.uid}.{self.uid}" if self.level.uid else self.uid

    @property
    def elements(self) -> dict[str, Element[Any, Any]]:
        """The elements by uid, in the order they were made."""
        return dict(self._children)

    def add(self, element: Element[Any, Any], uid: str | UID | None) -> str:
        """Take an element in; elements do that themselves. Returns its uid.

        Raises:
            UidError: The uid is malformed, taken or reserved.
        """
        name = random_uid(element.prefix, self.app.rng) if uid in (None, UID.RANDOM) else uid
        return self.adopt(name, element)

    def remove(self, element: Element[Any, Any] | str) -> None:
        """Take an element out, for good: it stops and all its edges are cut.

        Raises:
            UnknownPathError: It is not in this loop.
        """
        gone = self.own(element)
        self.disown(gone.uid)
        gone.leave()

    def register(
        self, kind: type[Element[Any, Any]] | None = None, /, *, uid: str | UID | None = UID.DEF, **options: Any
    ) -> Any:
        """Make an element of a class, as a decorator: ``@loop.register`` or ``@loop.register(uid="pid")``.

        The class may take its loop under any name, and need not take a uid. By default that is the one that its
        ``__init__`` chooses, else the name of the class.

        Raises:
            WiringError: It is no class of elements, or takes no uid although one was given.
        """
        if kind is None:
            return partial(self.register, uid=uid, **options)
        if not issubclass(kind if inspect.isclass(kind) else object, Element):  # type: ignore[redundant-expr] # people pass anything
            raise WiringError(
                f"register takes a class of elements, not {kind!r:.80}; for functions there is @loop.monitor"
            )
        takes = inspect.signature(kind).parameters
        is_open = any(each.kind is each.VAR_KEYWORD for each in takes.values())
        if uid is not UID.DEF:
            if "uid" not in takes and not is_open:
                raise WiringError(
                    f"class {kind.__name__} takes no uid {uid!r}: have its __init__ take one and pass it on"
                )
            options["uid"] = uid
        elif (
            "uid" in takes
            and takes["uid"].default in (None, inspect.Parameter.empty)
            and not hasattr(kind, "default_uid")
        ):
            options["uid"] = kind.__name__
        by_name = "loop" in takes or not any(each.kind <= each.VAR_POSITIONAL for each in takes.values())
        return kind(loop=self, **options) if by_name else kind(self, **options)

    def __str__(self) -> str:
        return self.uid

    def __repr__(self) -> str:
        return f"<Loop {self.path}, {len(self)} elements>"

    @property
    def monitor(self) -> Maker[Monitor[Any, Any]]:
        """Make a monitor of a function: ``@loop.monitor`` or ``@loop.monitor(uid=..., ops_in=..., ...)``.

        The decorated name becomes the element, callable with an item. The options are those of `Element`.
        """
        return Maker(self, Monitor)

    @property
    def analyze(self) -> Maker[Analyze[Any, Any]]:
        """Make an analyze element of a function; as `monitor`."""
        return Maker(self, Analyze)

    @property
    def plan(self) -> Maker[Plan[Any, Any]]:
        """Make a plan element of a function; as `monitor`."""
        return Maker(self, Plan)

    @property
    def execute(self) -> Maker[Execute[Any, Any]]:
        """Make an execute element of a function; as `monitor`."""
        return Maker(self, Execute)


class Options(TypedDict, total=False):
    """What the decorators take, see `Element`."""

    uid: str | UID | None
    ops_in: Operator | Sequence[Operator]
    ops_out: Operator | Sequence[Operator]
    concurrency: int
    ordered: bool
    mailbox: int | None
    overflow: str | None
    on_error: str | Retry


class Maker(Generic[E]):
    """The decorator for elements of one role, with and without parentheses."""

    def __init__(self, loop: Loop, role: type[E]) -> None:
        self._loop, self._role = loop, role

    @overload
    def __call__(self, function: Callable[..., Any], /, **options: Unpack[Options]) -> E: ...
    @overload
    def __call__(self, function: None = None, /, **options: Unpack[Options]) -> Callable[[Callable[..., Any]], E]: ...
    def __call__(self, function: Callable[..., Any] | None = None, /, **options: Unpack[Options]) -> Any:
        """Make the element, or with options only, the decorator that does."""
        if function is None:
            return lambda target: self(target, **options)
        uid = options.pop("uid", UID.DEF)
        uid = getattr(function, "__name__", type(function).__name__) if uid is UID.DEF else uid
        form = Function(function, f"{self._role.role} {uid!r} of loop {self._loop}")
        element = self._role(self._loop, uid, function=form, **options)  # type: ignore[misc] # uid was taken out
        element.__doc__ = function.__doc__
        return element


def to_element_cls(
    function: Callable[..., Any] | None = None,
    /,
    *,
    element_class: type[Element[Any, Any]] = Element,
    default_uid: str | UID | None = UID.DEF,
    default_ops_in: Any = (),
    default_ops_out: Any = (),
    **defaults: Any,
) -> Any:
    """Turn a function into a class of elements, which several loops can instantiate: ``detect_cls(loop=loop)``.

    Raises:
        WiringError: `function` does not have a form that elements take.
    """
    if function is None:
        return partial(
            to_element_cls,
            element_class=element_class,
            default_uid=default_uid,
            default_ops_in=default_ops_in,
            default_ops_out=default_ops_out,
            **defaults,
        )
    name = getattr(function, "__name__", type(function).__name__)
    uid_of_class = name if default_uid is UID.DEF else default_uid
    form = Function(function, f"{element_class.role} class {name!r}")

    def __init__(  # noqa: N807 - of the class below
        self: Any,
        loop: Loop,
        uid: Any = uid_of_class,
        ops_in: Any = default_ops_in,
        ops_out: Any = default_ops_out,
        **options: Any,
    ) -> None:
        element_class.__init__(self, loop, uid, ops_in, ops_out, **{**defaults, **options, "function": form})

    members = {
        "__init__": __init__,
        "__doc__": function.__doc__,
        "__module__": function.__module__,
        "default_uid": uid_of_class,
    }
    return type(name, (element_class,), members)


class ClassMaker(Protocol[E_co]):
    """`to_element_cls` for one role."""

    @overload
    def __call__(self, function: Callable[..., Any], /) -> Callable[..., E_co]: ...
    @overload
    def __call__(
        self,
        *,
        default_uid: str | UID | None = ...,
        default_ops_in: Any = ...,
        default_ops_out: Any = ...,
        **defaults: Any,
    ) -> Callable[[Callable[..., Any]], Callable[..., E_co]]: ...


to_monitor_cls: ClassMaker[Monitor[Any, Any]] = partial(to_element_cls, element_class=Monitor)
to_analyze_cls: ClassMaker[Analyze[Any, Any]] = partial(to_element_cls, element_class=Analyze)
to_plan_cls: ClassMaker[Plan[Any, Any]] = partial(to_element_cls, element_class=Plan)
to_execute_cls: ClassMaker[Execute[Any, Any]] = partial(to_element_cls, element_class=Execute)


@overload
def connect(a: Element[Any, T1], b: Element[T1, Any], /) -> None: ...
@overload
def connect(a: Element[Any, T1], b: Element[T1, T2], c: Element[T2, Any], /) -> None: ...
@overload
def connect(a: Element[Any, T1], b: Element[T1, T2], c: Element[T2, T3], d: Element[T3, Any], /) -> None: ...
@overload
def connect(
    a: Element[Any, T1], b: Element[T1, T2], c: Element[T2, T3], d: Element[T3, T4], e: Element[T4, Any], /
) -> None: ...
@overload
def connect(*elements: Element[Any, Any]) -> None: ...
def connect(*elements: Any) -> None:
    """Wire elements in a row: each listens to the one before it.

    Raises:
        WiringError: There are fewer than two.
    """
    if len(elements) < 2:  # noqa: PLR2004 - a row
        raise WiringError("connect() takes two elements or more, in the order that items pass them")
    for source, target in pairwise(elements):
        source.subscribe(target)
