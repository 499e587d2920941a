"""Names and addresses: what a uid may be, who has one already, and what an error says instead."""

from __future__ import annotations

import random
import re
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mape
from mape.path import UID, Children, check_uid, nearest, random_uid

FIRST = string.ascii_letters + "_"
ANY = FIRST + string.digits + "-"
uids = st.builds(str.__add__, st.sampled_from(FIRST), st.text(ANY, max_size=63))


class Family(Children[Any]):
    """Has children, and a name of its own for one of its parts."""

    child_kind = "thing"
    colour = "red"

    def __init__(self) -> None:
        super().__init__()
        self.size = 3

    def __str__(self) -> str:
        return "the family"


# -- uids ------------------------------------------------------------------------------------------------------------


@given(uids)
def test_a_well_formed_uid_is_taken_as_it_is(uid: str) -> None:
    assert check_uid(uid, "loop") is uid


@given(st.text(ANY + "äß.:/ \n\0", max_size=70) | st.from_regex(r"[0-9-].*"))
def test_a_uid_is_taken_if_it_matches_the_documented_rule_and_at_no_other_time(uid: str) -> None:
    matches = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", uid) is not None
    try:
        taken = check_uid(uid, "loop") == uid
    except mape.UidError:
        taken = False
    assert taken == matches


@pytest.mark.parametrize(
    "uid",
    ["", "a.b", "1st", "-a", "a b", "ä", "a\n", "a" * 65, "*", "loop/element", None, 5, b"a", ["a"], UID.DEF],
    ids=repr,
)
def test_a_malformed_uid_is_refused_with_the_rule_and_the_uid(uid: Any) -> None:
    with pytest.raises(mape.UidError, match="begins with a letter") as caught:
        check_uid(uid, "loop")
    assert str(caught.value).startswith(f"malformed uid {repr(uid)[:80]} for a loop: ")
    assert isinstance(caught.value, ValueError)


def test_a_long_uid_does_not_make_a_long_message() -> None:
    with pytest.raises(mape.UidError) as caught:
        check_uid("a" * 100_000, "loop")
    assert len(str(caught.value)) < 300


@given(st.integers(), st.sampled_from(["m_", "l_"]))
def test_a_random_uid_is_well_formed_and_follows_from_the_seed(seed: int, prefix: str) -> None:
    uid = random_uid(prefix, random.Random(seed))
    assert check_uid(uid, "loop").startswith(prefix)
    assert len(uid) == len(prefix) + 12
    assert uid == random_uid(prefix, random.Random(seed))
    assert uid != random_uid(prefix, random.Random(seed + 1))


# -- children --------------------------------------------------------------------------------------------------------


def test_a_child_is_found_by_item_attribute_iteration_and_itself() -> None:
    family, children = Family(), [object(), object()]
    for uid, child in zip("ab", children, strict=True):
        assert family.adopt(uid, child) == uid
    assert [family["a"], family.b] == list(family) == children
    assert len(family) == 2
    assert "a" in family
    assert children[1] in family
    assert "c" not in family
    assert object() not in family
    assert 5 not in family


def test_a_family_without_children_is_true() -> None:
    assert Family()
    assert len(Family()) == 0
    assert list(Family()) == []


@pytest.mark.parametrize("uid", ["colour", "size", "adopt", "child_kind", "_children", "__class__", "__anything"])
def test_a_uid_that_is_an_attribute_of_the_parent_is_reserved(uid: str) -> None:
    family = Family()
    with pytest.raises(mape.UidError, match=f"uid '{uid}' is reserved, it is an attribute of a Family"):
        family.adopt(uid, object())
    assert len(family) == 0


def test_a_taken_uid_is_refused_and_the_first_child_stays() -> None:
    family, child = Family(), object()
    family.adopt("a", child)
    with pytest.raises(mape.UidError, match="uid 'a' is taken in the family: choose another, or remove that thing"):
        family.adopt("a", object())
    assert list(family) == [child]
    family.disown("a")
    family.adopt("a", other := object())
    assert list(family) == [other]


def test_to_disown_a_child_that_is_not_there_does_nothing() -> None:
    family = Family()
    family.disown("nobody")
    assert len(family) == 0


@pytest.mark.parametrize("uid", ["detekt", "x", "", 5, None, ["detect"], ("detect",)], ids=repr)
def test_an_unknown_child_is_an_error_that_says_what_there_is(uid: Any) -> None:
    family = Family()
    family.adopt("detect", object())
    with pytest.raises(mape.UnknownPathError) as caught:
        family[uid]
    assert str(caught.value).startswith(f"no thing {uid!r} in the family: ")
    assert "detect" in str(caught.value)
    assert isinstance(caught.value, LookupError)


def test_an_unknown_attribute_is_an_attribute_error_that_says_what_there_is() -> None:
    family = Family()
    family.adopt("detect", object())
    with pytest.raises(AttributeError, match="Family has no attribute and no thing 'detekt': did you mean 'detect'"):
        family.detekt  # noqa: B018
    assert getattr(family, "nothing", None) is None


def test_children_may_come_and_go_while_somebody_iterates() -> None:
    family = Family()
    for uid in "abc":
        family.adopt(uid, uid)
    for child in family:
        family.disown(child)
        family.adopt(child * 2, child)
    assert [*family] == ["a", "b", "c"]
    assert "aa" in family


def test_own_takes_a_child_or_its_uid_and_nobody_elses() -> None:
    class Child:
        uid = "a"

    family, child = Family(), Child()
    family.adopt("a", child)
    assert family.own("a") is family.own(child) is child
    for stranger in ("b", Child(), 5, None):
        with pytest.raises(mape.UnknownPathError, match="no thing"):
            family.own(stranger)


# -- hints -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("speed", ["sped", "siren"], "did you mean 'sped'?"),
        ("x", ["speed", "siren"], "there is speed, siren"),
        ("x", [], "there is none yet"),
        ("x", map(str, range(8)), "there is 0, 1, 2, 3, 4, 5, 6, 7"),
        ("x", map(str, range(9)), "there is 0, 1, 2, 3, 4, 5, 6, 7, ..."),
    ],
)
def test_a_hint_names_what_resembles_or_the_first_few(name: str, known: Any, hint: str) -> None:
    assert nearest(name, known) == hint
