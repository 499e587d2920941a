"""How far a consumer has come."""

from __future__ import annotations

from mape.remote.redis.stream.progress import SOURCES, Place, Progress


def test_what_came_before_is_skipped_and_what_never_came_is_a_gap() -> None:
    progress = Progress()
    assert progress.place("a", 100, 5) == Place(0, 0), "nothing is missing before the first frame"
    progress.mark("a", 105)
    assert progress.place("a", 105, 5) == Place(0, 0)
    assert progress.place("a", 100, 5) == Place(5, 0)
    assert progress.place("a", 103, 5) == Place(2, 0)
    assert progress.place("a", 110, 5) == Place(0, 5)


def test_marks_only_grow_whoever_tells_them() -> None:
    progress = Progress()
    progress.mark("a", 10)
    progress.mark("a", 5)
    progress.adopt({"a": 7, "b": 3})
    assert dict(progress.marks) == {"a": 10, "b": 3}
    progress.adopt({"a": 12})
    assert dict(progress.marks) == {"a": 12, "b": 3}


def test_what_was_heard_is_not_told_back_and_what_was_not_told_is_told_again() -> None:
    progress = Progress()
    progress.adopt({"heard": 5})
    progress.mark("a", 1)
    progress.mark("b", 1)
    fresh = progress.take_fresh()
    assert fresh == {"a": 1, "b": 1}
    assert progress.take_fresh() == {}
    progress.mark("a", 2)
    progress.return_fresh(fresh)
    assert progress.take_fresh() == {"a": 2, "b": 1}


def test_senders_beyond_the_bound_are_forgotten_the_longest_silent_first() -> None:
    progress = Progress()
    for number in range(SOURCES):
        progress.mark(str(number), 1)
    progress.mark("0", 2)
    progress.mark("one more", 1)
    assert len(progress.marks) == SOURCES
    assert "1" not in progress.marks
    assert progress.marks["0"] == 2
