from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.errors import UidError
from mape.remote.redis.knowledge.name import collection_key, entry_key, escaped, lock_keys, watched_key

SCOPES = ("k.", "k.level.high.", "k.loop.a.", "k.loop.b.")


@pytest.mark.parametrize(
    "name", ["", "a.b", "a*", "a?", "a[b", "a]", "a\\b", "a{b", "a}", "a!b", "a\n", "a\x00", "\ud800", 5]
)
def test_a_name_that_could_reach_further_is_refused(name: object) -> None:
    with pytest.raises(UidError, match="malformed key"):
        collection_key("k.loop.a.", name)


@pytest.mark.parametrize("name", ["cars", "car 1", "car:1", "Zürich", "a-b_c", "10/3", "x" * 200])
def test_an_ordinary_name_is_a_key(name: str) -> None:
    assert collection_key("k.loop.a.", name) == f"k.loop.a.{name}"


@pytest.mark.parametrize("name", ["loop", "level"])
def test_the_app_cannot_take_the_names_that_scopes_begin_with(name: str) -> None:
    with pytest.raises(UidError, match="reserved"):
        collection_key("k.", name)
    with pytest.raises(UidError, match="reserved"):
        entry_key("k.", name, dots=False)
    assert collection_key("k.loop.a.", name) == f"k.loop.a.{name}"


def test_an_entry_may_hold_dots_where_no_other_collection_has_its_keys() -> None:
    assert entry_key("k.speeds.", "car_1.detect", dots=True) == "k.speeds.car_1.detect"
    with pytest.raises(UidError):
        entry_key("k.", "car_1.detect", dots=False)


def test_the_keys_of_a_lock_live_on_one_node_and_in_no_keyspace() -> None:
    assert lock_keys("k.loop.a.", "x") == ("{k.loop.a.x}!lock", "{k.loop.a.x}!fence")


@given(st.text(), st.text(), st.sampled_from(SCOPES), st.sampled_from(SCOPES))
def test_two_names_never_have_one_key(one: str, other: str, scope: str, other_scope: str) -> None:
    keys = []
    for name, place in ((one, scope), (other, other_scope)):
        try:
            keys.append((collection_key(place, name), entry_key(collection_key(place, name) + ".", name, dots=True)))
        except UidError:
            return
    if (one, scope) != (other, other_scope):
        assert len({key for pair in keys for key in pair}) == 4


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cars", ("k.cars", False)),
        ("car_*", ("k.car_*", True)),
        ("cars.*", ("k.cars.*", True)),
        ("car_[12]", ("k.car_[12]", True)),
    ],
)
def test_a_watched_name_may_be_a_pattern(name: str, expected: tuple[str, bool]) -> None:
    assert watched_key("k.", name) == expected


@pytest.mark.parametrize("name", ["", "a{b}", "a!lock", "a\n", None])
def test_a_malformed_pattern_is_refused(name: object) -> None:
    with pytest.raises(UidError, match="pattern"):
        watched_key("k.", name)


@given(st.text(alphabet="ab*?[]\\"))
def test_an_escaped_text_matches_itself(text: str) -> None:
    assert "*" not in escaped(text).replace("\\*", "")
    if "\\" not in text and "[" not in text and "]" not in text:
        assert fnmatchcase(text, escaped(text).replace("\\*", "[*]").replace("\\?", "[?]"))
