"""Loops: the decorators, classes of elements, uids, and taking elements out again."""

from __future__ import annotations

import asyncio
import functools
import random
from typing import Any

import pytest

import mape
from mape import operators as ops
from mape.path import check_uid
from mape.testing import collect, run_virtual

pytestmark = pytest.mark.virtual_time

ROLES = {"monitor": mape.Monitor, "analyze": mape.Analyze, "plan": mape.Plan, "execute": mape.Execute}
CLASSES: dict[str, Any] = {
    "monitor": mape.to_monitor_cls,
    "analyze": mape.to_analyze_cls,
    "plan": mape.to_plan_cls,
    "execute": mape.to_execute_cls,
}
roles = pytest.mark.parametrize("role", ROLES)


@pytest.fixture
def loop(app: mape.App) -> mape.Loop:
    return app.loop("main")


def same(item: Any) -> Any:
    """Pass on."""
    return item


def one_more(item: int) -> int:
    return item + 1


def doubled(item: int) -> int:
    return 2 * item


class Callable_:  # noqa: N801 - an object that is called
    def __call__(self, item: Any) -> Any:
        return item


# -- decorators ------------------------------------------------------------------------------------------------------


@roles
def test_a_decorator_makes_an_element_of_its_role_with_and_without_parentheses(loop: mape.Loop, role: str) -> None:
    make: Any = getattr(loop, role)

    @make  # type: ignore[untyped-decorator]
    def bare(item: Any) -> Any:
        """What it is for."""
        return item

    @make()  # type: ignore[untyped-decorator]
    def empty(item: Any) -> Any:
        return item

    @make(uid="named", ops_in=ops.map(str))  # type: ignore[untyped-decorator]
    def other(item: Any) -> Any:
        return item

    assert [element.uid for element in loop] == ["bare", "empty", "named"]
    assert all(type(element) is ROLES[role] and element.role == role for element in loop)
    assert bare is loop.bare
    assert bare.__doc__ == "What it is for."
    assert bare.path == "main.bare"
    assert bare.loop is loop
    assert (str(other), len(other.port_in.operators)) == ("named", 1)


def test_a_decorator_with_options_may_be_used_again(loop: mape.Loop) -> None:
    make = loop.execute(ops_in=ops.map(one_more))

    @make
    def one(item: int) -> int:
        return item

    @make
    def other(item: int) -> int:
        return item

    seen = [collect(one), collect(other)]
    one(1)
    other(2)
    assert seen == [[2], [3]]


@pytest.mark.parametrize(
    ("function", "uid"),
    [(same, "same"), (functools.partial(same), "partial"), (Callable_(), "Callable_"), (len, "len")],
)
def test_the_default_uid_is_the_functions_name(loop: mape.Loop, function: Any, uid: str) -> None:
    assert loop.execute(function).uid == uid


@pytest.mark.parametrize("uid", [None, mape.UID.RANDOM])
def test_a_random_uid_has_the_prefix_of_the_role_and_follows_from_the_seed(uid: Any) -> None:
    def uids() -> list[str]:
        loop = mape.Loop(app=mape.App(rng=random.Random(1)))
        return [loop.uid] + [getattr(loop, role)(uid=uid)(same).uid for role in ROLES]

    first = uids()
    assert first == uids()
    assert [each[:2] for each in first] == ["l_", "m_", "a_", "p_", "e_"]
    assert all(check_uid(each, "element") for each in first)
    assert len(set(first)) == 5


def test_the_options_reach_the_element(loop: mape.Loop) -> None:
    async def wait(item: Any) -> Any:
        await asyncio.sleep(1)
        return item

    async def main() -> None:
        element = loop.execute(uid="slow", concurrency=2, ordered=False, mailbox=1, overflow="drop_newest")(wait)
        seen = collect(element)
        async with loop.app:
            for item in range(4):
                element(item)
                await asyncio.sleep(0.1)
        assert seen == [0, 1, 2]
        assert element.stats.dropped == {"overflow": 1}

    run_virtual(main)


# -- uids ------------------------------------------------------------------------------------------------------------


@roles
@pytest.mark.parametrize("uid", ["1st", "a.b", "", "ä", 5, "a" * 65])
def test_a_malformed_uid_is_refused_and_nothing_made(loop: mape.Loop, role: str, uid: Any) -> None:
    with pytest.raises(mape.UidError, match=r"malformed uid .* for an element: "):
        getattr(loop, role)(uid=uid)(same)
    assert len(loop) == 0


@pytest.mark.parametrize("uid", ["k", "app", "level", "monitor", "uid", "elements", "remove", "_children", "__x"])
def test_a_reserved_uid_is_refused_and_nothing_made(loop: mape.Loop, uid: str) -> None:
    with pytest.raises(mape.UidError, match=f"uid '{uid}' is reserved, it is an attribute of a Loop"):
        loop.execute(uid=uid)(same)
    assert len(loop) == 0


def test_a_function_with_a_reserved_name_needs_a_uid(loop: mape.Loop) -> None:
    with pytest.raises(mape.UidError, match="'monitor' is reserved"):

        @loop.monitor
        def monitor(item: Any) -> Any:
            return item


def test_a_function_without_a_name_needs_a_uid(loop: mape.Loop) -> None:
    with pytest.raises(mape.UidError, match="malformed uid '<lambda>'"):
        loop.monitor(lambda item: item)


def test_a_taken_uid_is_refused_and_the_first_element_stays(loop: mape.Loop) -> None:
    first = loop.execute(uid="same")(same)
    seen = collect(first)
    with pytest.raises(mape.UidError, match="uid 'same' is taken in main"):
        loop.execute(same)
    first(1)
    assert list(loop) == [first]
    assert seen == [1]


def test_a_uid_is_free_in_another_loop_and_after_its_element_was_removed(app: mape.App, loop: mape.Loop) -> None:
    first = loop.execute(same)
    assert app.loop("other").execute(same).path == "other.same"
    loop.remove(first)
    assert loop.execute(same) is not first


@pytest.mark.parametrize("uid", ["1st", "a.b", "", 5])
def test_a_loop_with_a_malformed_uid_is_refused(app: mape.App, uid: Any) -> None:
    with pytest.raises(mape.UidError, match=r"malformed uid .* for a loop: "):
        mape.Loop(uid, app=app)
    assert len(app) == 0


@pytest.mark.parametrize("uid", ["k", "clock", "failures", "loop", "levels", "open", "__x"])
def test_a_loop_with_a_reserved_uid_is_refused(app: mape.App, uid: str) -> None:
    with pytest.raises(mape.UidError, match=f"uid '{uid}' is reserved, it is an attribute of an App"):
        mape.Loop(uid, app=app)
    assert len(app) == len(app.level()) == 0


@pytest.mark.parametrize("level", ["", "road"])
def test_a_loop_with_a_taken_uid_is_refused_on_whatever_level(app: mape.App, level: str) -> None:
    first = mape.Loop("main", app=app)
    with pytest.raises(mape.UidError, match="uid 'main' is taken in the app"):
        mape.Loop("main", level, app)
    assert list(app) == list(app.level()) == [first]
    assert len(app.level(level)) == (0 if level else 1)


# -- what a loop says ------------------------------------------------------------------------------------------------


def test_a_loop_says_what_it_is_and_what_it_has(app: mape.App) -> None:
    loop = mape.Loop("cruise", "road", app)
    element = loop.monitor(uid="detect")(same)
    assert (str(loop), loop.path, repr(loop)) == ("cruise", "road.cruise", "<Loop road.cruise, 1 elements>")
    assert (loop["detect"], loop.detect, loop.elements) == (element, element, {"detect": element})
    assert repr(element) == "<monitor cruise.detect, stopped>"
    assert mape.Loop("plain", app=app).path == "plain"


@pytest.mark.parametrize("wrong", ["detekt", 5, None])
def test_an_unknown_element_is_an_error_that_says_what_there_is(loop: mape.Loop, wrong: Any) -> None:
    loop.monitor(uid="detect")(same)
    with pytest.raises(mape.UnknownPathError, match=f"no element {wrong!r} in main: .*detect"):
        loop[wrong]


# -- taking out ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_uid", [False, True])
def test_an_element_that_is_removed_is_gone_with_all_its_edges(loop: mape.Loop, by_uid: bool) -> None:
    before, element, after = (loop.execute(uid=uid)(same) for uid in ("before", "element", "after"))
    mape.connect(before, element, after)
    seen, tapped = collect(after), collect(element.port_in)
    after.port_out.subscribe()
    loop.remove("element" if by_uid else element)
    before(1)
    element(2)
    element.port_out.on_next(3)
    assert (seen, tapped) == ([], [])
    assert list(loop) == [before, after]
    assert {edge.source for edge in loop.app.edges()} == {"main.after"}
    assert before.port_out.passed == 1
    assert repr(element) == "<execute main.element, removed>"


def test_only_an_element_of_this_loop_can_be_removed(app: mape.App, loop: mape.Loop) -> None:
    mine, other = loop.execute(same), app.loop("other").execute(same)
    for stranger in (other, "nobody", None, 5):
        with pytest.raises(mape.UnknownPathError, match=r"no element .* in main"):
            loop.remove(stranger)  # type: ignore[arg-type]
    loop.remove(mine)
    again = loop.execute(same)
    with pytest.raises(mape.UnknownPathError, match="was it removed"):
        loop.remove(mine)
    assert list(loop) == [again]
    assert other.is_running


# -- classes ---------------------------------------------------------------------------------------------------------


class Plain(mape.Execute[Any, Any]):
    """Needs no __init__."""


class Named(mape.Execute[Any, Any]):
    def __init__(self, loop: mape.Loop, uid: str | None = None, gain: float = 1.0) -> None:
        super().__init__(loop, uid)
        self.gain = gain


class NamesItself(mape.Execute[Any, Any]):
    def __init__(self, loop: mape.Loop, uid: str = "by_itself") -> None:
        super().__init__(loop, uid)


class WithoutUid(mape.Execute[Any, Any]):
    def __init__(self, loop: mape.Loop) -> None:
        super().__init__(loop)


class FixedUid(mape.Execute[Any, Any]):
    def __init__(self, loop: mape.Loop, **options: Any) -> None:
        super().__init__(loop, uid="fixed", **options)


class PassesOn(mape.Execute[Any, Any]):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)


class OtherNames(mape.Execute[Any, Any]):
    def __init__(self, its_loop: mape.Loop, gain: float = 1.0, *, uid: str) -> None:
        super().__init__(its_loop, uid)
        self.gain = gain


class KeywordOnly(mape.Execute[Any, Any]):
    def __init__(self, *, loop: mape.Loop, uid: str | None) -> None:
        super().__init__(loop, uid)


class Last(mape.Execute[Any, Any]):
    def __init__(self, uid: str, loop: mape.Loop) -> None:
        super().__init__(loop, uid)


class OnlyOptions(mape.Execute[Any, Any]):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)


CASES = [
    (Plain, "Plain"), (Named, "Named"), (NamesItself, "by_itself"), (WithoutUid, "WithoutUid"), (FixedUid, "fixed"),
    (PassesOn, "PassesOn"), (OtherNames, "OtherNames"), (KeywordOnly, "KeywordOnly"), (Last, "Last"),
    (OnlyOptions, "OnlyOptions"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "uid"), CASES)
def test_a_class_with_any_signature_can_be_registered(loop: mape.Loop, kind: Any, uid: str) -> None:
    element = loop.register(kind)
    seen = collect(element)
    element(1)
    assert (type(element), element.uid, element.loop, seen) == (kind, uid, loop, [1])
    assert list(loop) == [element]


@pytest.mark.parametrize("kind", [kind for kind, _ in CASES if kind not in (WithoutUid, FixedUid)])
def test_a_class_that_takes_a_uid_can_be_registered_under_one(loop: mape.Loop, kind: Any) -> None:
    assert loop.register(uid="mine")(kind).uid == "mine"
    assert loop.register(kind, uid="too").uid == "too"
    assert list(loop.elements) == ["mine", "too"]


def test_a_class_that_takes_no_uid_is_refused_one(loop: mape.Loop) -> None:
    with pytest.raises(mape.WiringError, match="class WithoutUid takes no uid 'mine'"):
        loop.register(WithoutUid, uid="mine")
    assert len(loop) == 0


def test_options_of_a_registered_class_reach_its_init(loop: mape.Loop) -> None:
    @loop.register(uid="pid", gain=3.0)
    class Pid(Named):
        pass

    pid: Any = Pid
    assert (pid.uid, pid.gain, pid) == ("pid", 3.0, loop.pid)
    assert loop.register(PassesOn, ops_in=ops.map(str)).operators_in != ()


@pytest.mark.parametrize("wrong", [same, int, 5, "Plain", mape.App, Plain.__init__])
def test_what_is_no_class_of_elements_cannot_be_registered(loop: mape.Loop, wrong: Any) -> None:
    with pytest.raises(mape.WiringError, match=r"takes a class of elements, not .*there is @loop\.monitor"):
        loop.register(wrong)


@roles
def test_a_function_becomes_a_class_that_several_loops_can_instantiate(app: mape.App, role: str) -> None:
    make: Any = CLASSES[role]

    @make  # type: ignore[untyped-decorator]
    def detect(item: int, on_next: Any, self: Any) -> None:
        """What it is for."""
        on_next(item + self.offset)

    one, other = detect(app.loop("one")), detect(loop=app.loop("other"), uid="named")
    one.offset, other.offset = 10, 20
    seen = [collect(one), collect(other)]
    for element in (one, other):
        element.start()
        element(1)
    assert seen == [[11], [21]]
    assert [one.path, other.path] == ["one.detect", "other.named"]
    assert issubclass(detect, ROLES[role])
    assert isinstance(one, detect)
    assert (detect.__name__, detect.__doc__, detect.__module__) == ("detect", "What it is for.", __name__)
    assert one.input_type is int


def test_a_class_made_with_defaults_uses_them_unless_told_otherwise(app: mape.App) -> None:
    @mape.to_execute_cls(default_uid="double", default_ops_in=ops.map(doubled), on_error="stop")
    def inverse(item: int) -> float:
        return 1 / item

    one = inverse(app.loop("one"))
    other = inverse(app.loop("other"), "inverse", (), ops.map(str), on_error="skip")
    seen = [collect(one), collect(other)]
    for element in (one, other):
        for item in (1, 0, 2):
            element(item)
    assert [one.path, other.path] == ["one.double", "other.inverse"]
    assert seen == [[0.5], ["1.0", "0.5"]]


@pytest.mark.parametrize("uid", [None, mape.UID.RANDOM])
def test_a_class_may_choose_a_random_uid(loop: mape.Loop, uid: Any) -> None:
    detect: Any = mape.to_monitor_cls(default_uid=uid)(same)
    assert [detect(loop).uid[:2], loop.register(detect).uid[:2]] == ["m_", "m_"]


def test_a_class_of_a_function_can_be_registered(loop: mape.Loop) -> None:
    detect: Any = mape.to_monitor_cls(same)
    assert loop.register(detect).uid == "same"
    assert loop.register(detect, uid="other").uid == "other"


def test_a_class_of_a_callable_object_takes_the_name_of_its_type(loop: mape.Loop) -> None:
    assert mape.to_monitor_cls(Callable_())(loop).uid == "Callable_"
    assert mape.to_monitor_cls(functools.partial(same))(loop).uid == "partial"


@pytest.mark.parametrize("wrong", [5, lambda: 1, lambda item, other: item])  # noqa: ARG005
def test_a_class_of_what_is_no_function_is_refused_at_once(wrong: Any) -> None:
    with pytest.raises(mape.WiringError, match="plan class"):
        mape.to_plan_cls(wrong)


# -- connect ---------------------------------------------------------------------------------------------------------


def test_connect_wires_a_row(loop: mape.Loop) -> None:
    row = [loop.execute(uid=uid)(same) for uid in "abc"]
    mape.connect(*row)
    seen = collect(row[2])
    row[0](1)
    assert seen == [1]
    assert [(edge.source, edge.target) for edge in loop.app.edges()] == [
        ("main.a", "main.b"), ("main.b", "main.c"), ("main.c", "Collected.on_next"),
    ]  # fmt: skip


@pytest.mark.parametrize("count", [0, 1])
def test_connect_needs_two(loop: mape.Loop, count: int) -> None:
    elements = [loop.execute(uid="a")(same)][:count]
    with pytest.raises(mape.WiringError, match="two elements or more"):
        mape.connect(*elements)
