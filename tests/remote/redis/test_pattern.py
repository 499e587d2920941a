"""Patterns as Redis reads them; tests/system/test_pubsub.py asks a real server whether that is so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.errors import WiringError
from mape.remote.redis.pattern import Directory, Glob, Topic, topics_of


@pytest.mark.parametrize(
    ("pattern", "channel", "matches"),
    [
        ("car_?.detect", "car_1.detect", True),
        ("car_?.detect", "car_12.detect", False),
        ("car_?.detect", "car_.detect", False),
        ("car_[xy].detect", "car_y.detect", True),
        ("car_[xy].detect", "car_z.detect", False),
        ("car_[^xy]", "car_z", True),
        ("car_[^xy]", "car_x", False),
        ("car_[a-c]", "car_b", True),
        ("car_[c-a]", "car_b", True),
        ("car_*", "car_", True),
        ("car_*_safety.*", "car_1_safety.emergency", True),
        ("car_*_safety.*", "car_1.emergency", False),
        ("*", "", False),
        ("", "", True),
        (r"car\*", "car*", True),
        (r"car\*", "car_1", False),
        (r"[\]]", "]", True),
        ("[a-]", "]", True),
        ("[ab", "b", True),
        ("[]", "]", False),
        ("[^]", "x", True),
        ("[", "[", False),
        ("back\\", "back\\", True),
        ("a**b", "a-b", True),
        ("caf?", "café", False),
        ("caf??", "café", True),
    ],
)
def test_a_pattern_matches_what_redis_would_match(pattern: str, channel: str, matches: bool) -> None:
    assert Glob(pattern).matches(channel.encode()) is matches


def test_many_stars_cost_no_exponential_time() -> None:
    assert not Glob("*a" * 50 + "b").matches(b"a" * 5_000)


@given(st.text(alphabet="ab*?[]^-\\", max_size=8), st.text(alphabet="ab*?[]^-\\", max_size=8))
def test_a_name_without_wildcards_matches_itself_only(pattern: str, channel: str) -> None:
    glob = Glob(pattern)

    if glob.exact is not None:
        assert glob.matches(channel.encode()) is (channel.encode() == glob.exact)


@pytest.mark.parametrize(
    ("pattern", "exact"),
    [
        ("loop.element", b"loop.element"),
        (r"a\*b", b"a*b"),
        ("a*", None),
        ("a?", None),
        ("[a]", None),
        ("é", "é".encode()),
    ],
)
def test_a_name_is_told_from_a_pattern(pattern: str, exact: bytes | None) -> None:
    assert Glob(pattern).exact == exact


def test_names_and_patterns_are_taken_once_and_in_order() -> None:
    assert topics_of(["b", "a*", b"b", r"b", "a*"]) == (Topic(b"b", is_glob=False), Topic(b"a*", is_glob=True))
    assert topics_of("car_1") == (Topic(b"car_1", is_glob=False),)


@pytest.mark.parametrize("nothing", [[], (), [1], [None]])
def test_patterns_that_name_nothing_are_refused(nothing: list[str]) -> None:
    with pytest.raises(WiringError, match="names no channel"):
        topics_of(nothing)


def test_the_server_is_asked_once_for_a_topic_however_many_listen() -> None:
    directory: Directory[str] = Directory()
    (cars,) = topics_of("car_*")

    assert directory.add("first", [cars]) == [cars]
    assert directory.add("second", [cars]) == []
    assert directory.remove("first") == []
    assert directory.remove("second") == [cars]
    assert directory.topics == ()


def test_overlapping_topics_give_each_listener_a_message_once() -> None:
    directory: Directory[str] = Directory()
    name, short, long = topics_of(["car_1", "car_?", "car_*"])
    directory.add("all", [name, short, long])
    directory.add("short", [short])
    directory.add("reversed", [long, name])

    sent = [listener for topic in (name, short, long) for listener in directory.find(topic, b"car_1")]

    assert sorted(sent) == ["all", "reversed", "short"]
    assert directory.find(short, b"car_2") == ("all", "short")
    assert directory.find(long, b"car_22") == ("all", "reversed")


@given(
    st.lists(
        st.lists(st.text(alphabet="ab*?[", min_size=1, max_size=4), min_size=1, max_size=4), min_size=1, max_size=4
    ),
    st.text(alphabet="ab", min_size=1, max_size=4),
)
def test_each_listener_hears_a_message_exactly_if_one_of_its_topics_matches(
    wishes: list[list[str]], channel: str
) -> None:
    directory: Directory[int] = Directory()
    for listener, patterns in enumerate(wishes):
        directory.add(listener, topics_of(patterns))

    matching = [topic for topic in directory.topics if _sent(topic, channel.encode())]
    heard = sorted(listener for topic in matching for listener in directory.find(topic, channel.encode()))

    assert heard == [
        listener
        for listener, patterns in enumerate(wishes)
        if any(_sent(t, channel.encode()) for t in topics_of(patterns))
    ]


def test_a_listener_that_comes_later_is_found() -> None:
    directory: Directory[str] = Directory()
    (cars,) = topics_of("car_*")
    directory.add("first", [cars])
    assert directory.find(cars, b"car_1") == ("first",)

    directory.add("second", [cars])

    assert directory.find(cars, b"car_1") == ("first", "second")
    directory.remove("first")
    assert directory.find(cars, b"car_1") == ("second",)


def _sent(topic: Topic, channel: bytes) -> bool:
    return Glob(topic.name).matches(channel) if topic.is_glob else topic.name == channel
