from __future__ import annotations

from typing import Any

import pytest

import mape
from mape.codecs import JSON, Header
from mape.errors import DecodeError
from mape.item import Passing
from mape.remote.receiver import SOURCES, Receiver
from mape.testing import Collected, collect
from tests.remote.clumsy import Clumsy


class Inbox:
    """A port with a receiver in front of it."""

    def __init__(self) -> None:
        self.app = mape.App()
        self.port = self.app.events.beside("inbox")
        self.seen: Collected[Any] = collect(self.port)
        self.failures = collect(self.app.failures)
        self.events = collect(self.app.events)
        self.receiver = Receiver(self.app, self.port, "inbox")

    def take(self, seq: int, *items: Any, epoch: int = 1, source: str = "s", causes: Any = None) -> Any:
        return self.receiver.take(JSON.frame(Header(source, epoch, seq, causes), [JSON.encode(item) for item in items]))


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def test_items_arrive_in_order(inbox: Inbox) -> None:
    assert inbox.take(0, 1, 2, 3).accepted == 3
    assert inbox.seen == [1, 2, 3]


def test_what_is_sent_again_is_not_taken_again(inbox: Inbox) -> None:
    inbox.take(0, "a", "b")
    again = inbox.take(0, "a", "b")
    beyond = inbox.take(1, "b", "c")

    assert (again.accepted, again.duplicates) == (0, 2)
    assert (beyond.accepted, beyond.duplicates) == (1, 1)
    assert inbox.seen == ["a", "b", "c"]


def test_a_gap_is_counted_exactly_and_told(inbox: Inbox) -> None:
    inbox.take(0, "a")
    intake = inbox.take(5, "f")

    assert intake.gap == 4
    assert inbox.receiver.stats.gaps == 4
    assert [event.kind for event in inbox.events] == ["gap"]
    assert inbox.seen == ["a", "f"]


def test_what_came_before_the_first_item_that_was_heard_is_no_gap(inbox: Inbox) -> None:
    assert inbox.take(100, "a").gap == 0


def test_a_sender_that_begins_anew_counts_from_nothing(inbox: Inbox) -> None:
    inbox.take(7, "a")
    anew = inbox.take(2, "c", epoch=2)
    late = inbox.take(8, "b", epoch=1)

    assert (anew.accepted, anew.gap) == (1, 2)
    assert (late.accepted, late.duplicates) == (0, 1)
    assert inbox.seen == ["a", "c"]


def test_senders_do_not_mix(inbox: Inbox) -> None:
    inbox.take(0, "a", source="s")
    intake = inbox.take(0, "b", source="t")

    assert (intake.accepted, intake.duplicates, intake.gap) == (1, 0, 0)


def test_only_so_many_senders_are_remembered_and_the_most_silent_is_forgotten(inbox: Inbox) -> None:
    for number in range(SOURCES):
        inbox.take(0, number, source=f"s{number}")
    inbox.take(0, "again", source="s0")
    inbox.take(0, "new", source="one more")

    assert inbox.take(0, "known", source="s0").duplicates == 1
    assert inbox.take(0, "forgotten", source="s1").duplicates == 0


def test_poison_costs_one_item_and_is_reported_with_its_place(inbox: Inbox) -> None:
    good = JSON.encode(1)
    intake = inbox.receiver.take(JSON.frame(Header("s", 1, 0), [good, b"{", good]))
    again = inbox.receiver.take(JSON.frame(Header("s", 1, 1), [b"{", good, good]))

    assert (intake.accepted, intake.rejected) == (2, 1)
    assert [index for index, _ in intake.errors] == [1]
    assert (again.accepted, again.rejected, again.duplicates) == (1, 0, 2)
    assert inbox.seen == [1, 1, 1]
    assert [type(failure.error) for failure in inbox.failures] == [DecodeError]


def test_bytes_that_are_no_payload_count_as_one_item_and_end_nothing(inbox: Inbox) -> None:
    broken = JSON.frame(Header("s", 1, 0), [JSON.encode(1), JSON.encode(2)])[:-12]
    assert inbox.receiver.take(broken).rejected == 1
    with pytest.raises(DecodeError):
        inbox.receiver.read(broken)
    inbox.take(0, "a")

    assert inbox.seen == ["a"]
    assert inbox.receiver.stats.rejected == 2
    assert len(inbox.failures) == 1


def test_only_the_first_reasons_are_kept(inbox: Inbox) -> None:
    intake = inbox.receiver.take(JSON.frame(Header("s", 1, 0), [b"{"] * 50))

    assert (intake.rejected, len(intake.errors)) == (50, 10)


def test_error_and_completion_pass_as_events_and_end_nothing(inbox: Inbox) -> None:
    parts = [JSON.encode(1), JSON.encode_event(ValueError("odd")), JSON.encode_event(None), JSON.encode(2)]
    intake = inbox.receiver.take(JSON.frame(Header("s", 1, 0), parts))

    assert intake.accepted == 4
    assert inbox.seen == [1, 2]
    assert not any(isinstance(item, Passing) for item in inbox.seen)
    assert "odd" in str(inbox.seen.errors[0])
    assert inbox.seen.completed


def test_a_strangers_plain_values_are_taken_without_numbers(inbox: Inbox) -> None:
    for _ in range(2):
        assert inbox.receiver.take(b'{"kmh": 3}').accepted == 1

    assert inbox.seen == [{"kmh": 3}, {"kmh": 3}]


def test_items_keep_the_cause_that_they_had_at_their_sender(inbox: Inbox) -> None:
    causes: list[str | None] = []
    inbox.port.subscribe(lambda _: causes.append(mape.current_cause()))
    inbox.take(0, "a", "b", "c", causes=[7, None, 8])
    inbox.take(2, "c", "d", causes=[8, 9])

    assert causes[0] == f"{7:016x}"
    assert causes[1] not in {None, causes[0]}
    assert causes[2:] == [f"{8:016x}", f"{9:016x}"]
    assert mape.current_cause() is None


def test_a_delivery_amid_other_work_leaves_the_cause_of_that_work_as_it_was(inbox: Inbox) -> None:
    inbox.app.scope.cause = 5
    try:
        inbox.take(0, "a", causes=[7])
        inbox.take(1, "b")
        assert inbox.app.scope.cause == 5
    finally:
        inbox.app.scope.cause = None


def test_a_codec_that_raises_what_it_should_not_costs_one_payload(inbox: Inbox) -> None:
    inbox.receiver.codec = Clumsy()
    assert [inbox.receiver.take(payload).rejected for payload in (b"1", b"poison", b"2")] == [0, 1, 0]

    assert inbox.seen == [1, 2]
    error = inbox.failures[0].error
    assert isinstance(error, DecodeError)
    assert "the codec 'json' raised KeyError" in str(error)
    assert len(str(error)) < 300
