"""Mailboxes: nothing is lost without being told, nothing overtakes, and each policy drops what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mape
from mape.mailbox import Mailbox, Overflow

sizes = st.integers(1, 5)
policies = st.sampled_from(Overflow)
actions = st.lists(st.sampled_from(["put", "put", "put", "get", "clear"]), max_size=60)


class Ledger:
    """What became of items 0, 1, 2, ... that were put, got and cleared in some order."""

    def __init__(self, mailbox: Mailbox[int], actions: list[str]) -> None:
        self.put = 0
        self.got: list[int] = []
        self.dropped: list[int] = []
        self.refused: list[int] = []
        self.sizes: list[int] = []
        for action in actions:
            getattr(self, f"_{action}")(mailbox)
            self.sizes.append(len(mailbox))
        self.left = list(mailbox.items)

    def _put(self, mailbox: Mailbox[int]) -> None:
        item = self.put
        self.put += 1
        try:
            self.dropped += mailbox.put_nowait(item)
        except mape.MailboxFullError:
            self.refused.append(item)

    def _get(self, mailbox: Mailbox[int]) -> None:
        if mailbox:
            self.got.append(mailbox.get_nowait())

    def _clear(self, mailbox: Mailbox[int]) -> None:
        self.got += mailbox.clear()


@given(sizes, policies, actions)
def test_every_item_is_delivered_dropped_refused_or_waits(size: int, policy: Overflow, actions: list[str]) -> None:
    mailbox: Mailbox[int] = Mailbox(size, policy)
    ledger = Ledger(mailbox, actions)
    assert sorted(ledger.got + ledger.dropped + ledger.refused + ledger.left) == list(range(ledger.put))
    assert mailbox.offered == ledger.put


@given(sizes, policies, actions)
def test_items_leave_in_the_order_they_came(size: int, policy: Overflow, actions: list[str]) -> None:
    ledger = Ledger(Mailbox(size, policy), actions)
    assert ledger.got + ledger.left == sorted(ledger.got + ledger.left)
    assert ledger.dropped == sorted(ledger.dropped)


@given(sizes, policies, actions)
def test_no_more_items_wait_than_the_bound_allows(size: int, policy: Overflow, actions: list[str]) -> None:
    mailbox: Mailbox[int] = Mailbox(size, policy)
    ledger = Ledger(mailbox, actions)
    assert mailbox.size == (1 if policy is Overflow.LATEST else size)
    assert max(ledger.sizes, default=0) <= mailbox.size
    assert mailbox.is_full == (len(mailbox) == mailbox.size)


KEPT: dict[str, Callable[[list[int], int], list[int]]] = {
    "drop_oldest": lambda items, size: items[-size:],
    "drop_newest": lambda items, size: items[:size],
    "latest": lambda items, size: items[-1:],  # noqa: ARG005
    "error": lambda items, size: items[:size],
}


@given(sizes, st.sampled_from(sorted(KEPT)), st.lists(st.integers(), max_size=12))
def test_each_policy_keeps_what_it_says(size: int, policy: str, items: list[int]) -> None:
    mailbox: Mailbox[tuple[int, int]] = Mailbox(size, policy)
    numbered = list(enumerate(items))
    gone: list[Any] = []
    for item in numbered:
        try:
            gone += mailbox.put_nowait(item)
        except mape.MailboxFullError:
            gone.append(item)
    kept = KEPT[policy](list(range(len(items))), size)
    assert list(mailbox.items) == [numbered[index] for index in kept]
    assert gone == [item for item in numbered if item[0] not in kept]


def test_a_full_mailbox_that_refuses_says_how_full_it_is_and_may_be_asked_again() -> None:
    mailbox: Mailbox[int] = Mailbox(2, "error")
    for item in (1, 2):
        assert not mailbox.put_nowait(item)
    with pytest.raises(mape.MailboxFullError, match="holds 2 items") as caught:
        mailbox.put_nowait(3)
    assert caught.value.retryable
    mailbox.get_nowait()
    mailbox.put_nowait(4)
    assert mailbox.clear() == [2, 4]


def test_an_empty_mailbox_has_nothing_to_give() -> None:
    mailbox: Mailbox[int] = Mailbox()
    assert not mailbox
    assert mailbox.clear() == []
    with pytest.raises(IndexError):
        mailbox.get_nowait()


@pytest.mark.parametrize("size", [0, -1, 1.5, "3", None, float("inf")])
def test_a_size_that_holds_nothing_is_refused(size: Any) -> None:
    with pytest.raises(mape.WiringError, match="cannot hold an item: give a whole number from 1"):
        Mailbox(size)


@pytest.mark.parametrize("policy", ["drop", "", None, 3, "LATEST"])
def test_a_policy_that_is_none_is_refused_with_those_there_are(policy: Any) -> None:
    with pytest.raises(mape.WiringError, match="take one of drop_oldest, drop_newest, latest, error"):
        Mailbox(3, policy)


@pytest.mark.parametrize(("option", "message"), [({"mailbox": 0}, "of size 0"), ({"overflow": "drop"}, "'drop' is no")])
@pytest.mark.parametrize("waits", [False, True])
def test_an_element_with_a_wrong_mailbox_is_refused_before_its_first_item(
    app: mape.App, option: dict[str, Any], message: str, waits: bool
) -> None:
    async def wait(item: int) -> int:
        return item

    with pytest.raises(mape.WiringError, match=rf"^main\.element: .*{message}"):
        app.loop("main").execute(uid="element", **option)(wait if waits else lambda item: item)
    assert len(app["main"]) == 0
