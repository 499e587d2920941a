from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.errors import MailboxFullError, WiringError
from mape.remote.outgoing import Outgoing

ANY = 10**9


def filled(outgoing: Outgoing, *parts: bytes) -> Outgoing:
    for number, part in enumerate(parts):
        outgoing.put(part, number)
    return outgoing


def accounts(outgoing: Outgoing) -> bool:
    return outgoing.offered == outgoing.sent + sum(outgoing.dropped.values()) + outgoing.queued


def test_items_leave_in_order_under_consecutive_numbers() -> None:
    outgoing = filled(Outgoing(), b"a", b"b", b"c")

    first = outgoing.take(2, ANY)
    assert first is not None
    assert (first.seq, first.parts, first.causes, first.size_bytes) == (0, [b"a", b"b"], [0, 1], 2)
    outgoing.confirm()
    second = outgoing.take(2, ANY)
    assert second is not None
    assert (second.seq, second.parts, second.causes) == (2, [b"c"], [2])


def test_the_same_batch_comes_again_until_somebody_says_what_became_of_it() -> None:
    outgoing = filled(Outgoing(), b"a")
    batch = outgoing.take(10, ANY)
    outgoing.put(b"b")

    assert outgoing.take(10, ANY) is batch
    outgoing.confirm()
    assert outgoing.take(10, ANY) is not batch


def test_a_batch_is_bounded_in_bytes_but_holds_an_item_at_least() -> None:
    outgoing = filled(Outgoing(), b"x" * 5, b"y" * 5, b"z" * 50)
    sizes = []
    while batch := outgoing.take(10, 10):
        sizes.append(len(batch))
        outgoing.confirm()

    assert sizes == [2, 1]
    assert outgoing.sent == 3


def test_the_oldest_that_waits_makes_room_and_leaves_a_gap_in_the_numbers() -> None:
    outgoing = filled(Outgoing(size=2), b"a", b"b", b"c")
    batch = outgoing.take(10, ANY)

    assert batch is not None
    assert (batch.seq, batch.parts) == (1, [b"b", b"c"])
    assert outgoing.dropped == {"overflow": 1}
    assert accounts(outgoing)


def test_what_is_on_its_way_is_never_dropped_for_room() -> None:
    outgoing = filled(Outgoing(size=1), b"a")
    outgoing.take(1, ANY)
    filled(outgoing, b"b", b"c")

    assert outgoing.in_flight is not None
    assert outgoing.in_flight.parts == [b"a"]
    assert list(outgoing.parts) == [b"c"]
    assert accounts(outgoing)


def test_drop_newest_takes_no_more_and_leaves_no_gap() -> None:
    outgoing = Outgoing(size=1, overflow="drop_newest")

    assert outgoing.put(b"a") == 0
    assert outgoing.put(b"b") == 1
    assert list(outgoing.parts) == [b"a"]
    assert outgoing.next_seq == 1
    assert accounts(outgoing)


def test_latest_keeps_one_item_whatever_the_size() -> None:
    outgoing = filled(Outgoing(size=100, overflow="latest"), b"a", b"b", b"c")

    assert list(outgoing.parts) == [b"c"]
    assert outgoing.dropped == {"overflow": 2}


def test_the_policy_error_says_so_to_the_producer_and_counts() -> None:
    outgoing = filled(Outgoing(size=1, overflow="error"), b"a")

    with pytest.raises(MailboxFullError, match="1 items wait"):
        outgoing.put(b"b")
    assert outgoing.dropped == {"overflow": 1}
    assert accounts(outgoing)


def test_bytes_are_bounded_too_and_a_large_item_makes_room_for_itself() -> None:
    outgoing = filled(Outgoing(max_bytes=10), b"aaaa", b"bbbb")

    assert outgoing.put(b"c" * 7) == 2
    assert list(outgoing.parts) == [b"c" * 7]
    assert outgoing.queued_bytes == 7


def test_an_item_that_can_never_fit_costs_only_itself() -> None:
    outgoing = filled(Outgoing(max_bytes=10), b"a")

    assert outgoing.put(b"b" * 11) == 1
    assert list(outgoing.parts) == [b"a"]
    assert outgoing.dropped == {"too_large": 1}
    assert accounts(outgoing)


def test_a_peer_may_confirm_a_batch_and_refuse_some_of_it() -> None:
    outgoing = filled(Outgoing(), b"a", b"b", b"c")
    outgoing.take(10, ANY)
    outgoing.confirm(refused=2)

    assert (outgoing.sent, outgoing.dropped) == (1, {"refused": 2})
    assert accounts(outgoing)


def test_clearing_counts_what_waits_and_what_is_on_its_way() -> None:
    outgoing = filled(Outgoing(), b"a", b"b", b"c")
    outgoing.take(1, ANY)

    assert outgoing.clear("closed") == 3
    assert outgoing.queued_bytes == outgoing.queued == 0
    assert outgoing.dropped == {"closed": 3}
    assert accounts(outgoing)


@pytest.mark.parametrize("wrong", [{"size": 0}, {"size": 1.5}, {"overflow": "forget"}])
def test_a_queue_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(WiringError):
        Outgoing(**wrong)  # type: ignore[arg-type]


STEPS = st.lists(
    st.one_of(
        st.integers(0, 12).map(lambda size: ("put", size)),
        st.tuples(st.just("take"), st.integers(1, 4)),
        st.sampled_from([("confirm", 0), ("confirm", 1), ("lose", 0), ("clear", 0)]),
    ),
    max_size=60,
)


@given(STEPS, st.sampled_from(["drop_oldest", "drop_newest", "latest", "error"]), st.integers(1, 4))
def test_the_accounts_balance_and_the_bounds_hold_whatever_happens(
    steps: list[tuple[str, int]], overflow: str, size: int
) -> None:
    outgoing = Outgoing(size=size, max_bytes=20, overflow=overflow)
    sent: list[int] = []
    for action, number in steps:
        if action == "put":
            try:
                outgoing.put(b"x" * number)
            except MailboxFullError:
                assert overflow == "error"
        elif action == "take":
            outgoing.take(number, 15)
        elif action == "confirm" and outgoing.in_flight:
            batch = outgoing.in_flight
            sent += range(batch.seq, batch.seq + len(batch))
            outgoing.confirm(min(number, len(batch)))
        elif action == "lose":
            outgoing.lose("unconfirmed")
        elif action == "clear":
            outgoing.clear("closed")
        assert accounts(outgoing)
        assert len(outgoing.parts) == len(outgoing.causes) <= size
        assert outgoing.queued_bytes == sum(map(len, outgoing.parts)) <= 20
    assert sent == sorted(set(sent))
