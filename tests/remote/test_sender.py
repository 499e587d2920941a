from __future__ import annotations

import asyncio
from typing import Any

import pytest

import mape
from mape.codecs import JSON
from mape.errors import ConnectError, EncodeError, MailboxFullError, PeerError, SendError, WiringError
from mape.remote.outgoing import Batch
from mape.remote.sender import Sender
from mape.testing import Collected, collect

pytestmark = pytest.mark.virtual_time


class MemorySender(Sender):
    """Sends to a list; each transmission takes `takes` seconds, or raises what `fails` says."""

    def __init__(self, **options: Any) -> None:
        super().__init__("memory", **options)
        self.batches: list[Batch] = []
        self.times: list[float] = []
        self.fails: list[Exception | None] = []
        self.takes = 0.0
        self.refuses = 0
        self.is_connected = True

    async def transmit(self, batch: Batch) -> int:
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.takes)
        if self.fails and (error := self.fails.pop(0)):
            raise error
        self.batches.append(batch)
        return self.refuses

    async def disconnect(self) -> None:
        self.is_connected = False

    @property
    def items(self) -> list[Any]:
        return [value for batch in self.batches for value in JSON.decode(self.payload(batch)).values]


def balances(sender: Sender) -> bool:
    stats = sender.stats
    return stats.offered == stats.sent + sum(stats.dropped.values()) + stats.queued


async def test_a_lone_item_leaves_at_once_and_what_waits_goes_together(app: mape.App) -> None:
    sender = MemorySender(app=app)
    sender.takes = 1.0
    async with app:
        sender.on_next(0)
        await asyncio.sleep(0.5)
        for item in (1, 2, 3):
            sender.on_next(item)
        await sender.flush()

    assert sender.items == [0, 1, 2, 3]
    assert [len(batch) for batch in sender.batches] == [1, 3]
    assert [batch.seq for batch in sender.batches] == [0, 1]
    assert sender.times == pytest.approx([0.0, 1.0])


async def test_an_item_is_encoded_when_it_comes_so_that_later_changes_do_not_leak(app: mape.App) -> None:
    sender = MemorySender(app=app)
    reading = {"kmh": 1}
    async with app:
        sender.on_next(reading)
        reading["kmh"] = 2
        await sender.flush()

    assert sender.items == [{"kmh": 1}]


async def test_no_more_than_a_frame_travels_at_a_time(app: mape.App) -> None:
    sender = MemorySender(app=app, frame=10)
    async with app:
        for item in range(25):
            sender.on_next(item)

    assert [len(batch) for batch in sender.batches] == [10, 10, 5]
    assert sender.items == list(range(25))


async def test_the_sink_belongs_to_the_app_of_the_element_that_it_listens_to(app: mape.App) -> None:
    sender = MemorySender()
    element = app.loop("l").monitor(uid="m")(lambda item: item)
    element.subscribe(sender)
    async with app:
        element.port_in.on_next(7)
        await sender.flush()

    assert sender.app is app
    assert sender.items == [7]


async def test_without_an_element_it_belongs_to_the_default_app() -> None:
    sender = MemorySender()
    sender.on_next(1)

    assert sender.app is mape.app
    assert sender.stats.queued == 1
    sender.dispose()


async def test_what_came_before_the_app_was_open_is_sent_when_it_is(app: mape.App) -> None:
    sender = MemorySender(app=app)
    sender.on_next("early")
    async with app:
        await sender.flush()

    assert sender.items == ["early"]


async def test_items_travel_with_the_cause_that_they_have(app: mape.App) -> None:
    sender = MemorySender(app=app)
    causes: list[str | None] = []

    @app.loop("l").monitor
    def watch(item: int) -> int:
        causes.append(mape.current_cause())
        return item

    @app.loop("l").analyze
    async def think(item: int) -> int:
        await asyncio.sleep(0.1)
        return item

    mape.connect(watch, think)
    think.subscribe(sender)
    async with app:
        watch.port_in.on_next(1)
        watch.port_in.on_next(2)
        await asyncio.sleep(1)

    assert [f"{cause:016x}" for batch in sender.batches for cause in batch.causes if cause] == causes


async def test_a_failed_batch_is_sent_again_in_its_place_with_growing_pauses(app: mape.App) -> None:
    sender = MemorySender(app=app)
    sender.fails = [ConnectError("nobody there"), SendError("cut"), OSError("reset"), None]
    events = collect(app.events)
    async with app:
        sender.on_next(0)
        await asyncio.sleep(0)
        sender.on_next(1)
        await sender.flush()

    assert sender.items == [0, 1]
    assert sender.stats.retries == 3
    assert sender.times[0] < sender.times[1] < sender.times[2] < sender.times[3]
    assert [event.kind for event in events] == ["disconnected", "connected"]
    assert balances(sender)


async def test_a_peer_that_hangs_is_given_up_at_the_deadline_and_asked_again(app: mape.App) -> None:
    sender = MemorySender(app=app, deadline=2.0)
    sender.takes = 3600.0
    async with app:
        sender.on_next(0)
        await asyncio.sleep(2.5)
        assert sender.stats.last_error == "no answer within 2.0 s"
        assert sender.stats.is_up is False
        sender.takes = 0.0
        await asyncio.sleep(3.0)

    after = sender.stats
    assert (after.is_up, after.last_error) == (True, None)

    assert sender.items == [0]


async def test_a_peer_that_asks_for_a_pause_gets_it(app: mape.App) -> None:
    class Asked(MemorySender):
        async def transmit(self, batch: Batch) -> int:
            self.pause = 30.0 if self.fails else 0.0
            return await super().transmit(batch)

    sender = Asked(app=app)
    sender.fails = [SendError("too many requests")]
    async with app:
        sender.on_next(0)
        await sender.flush()

    assert sender.times == pytest.approx([0.0, 30.0])


async def test_the_pauses_begin_short_again_after_a_success(app: mape.App) -> None:
    sender = MemorySender(app=app)
    async with app:
        for _ in range(2):
            sender.fails = [SendError("cut")] * 6
            start = asyncio.get_running_loop().time()
            sender.on_next(0)
            await sender.flush()
            assert sender.times[-6] - start < 0.1

    assert balances(sender)


async def test_what_the_peer_will_never_take_costs_that_batch_only(app: mape.App) -> None:
    sender = MemorySender(app=app, frame=2)
    sender.fails = [None, PeerError("what is this"), None]
    failures = collect(app.failures)
    async with app:
        for item in range(6):
            sender.on_next(item)

    assert sender.items == [0, 1, 4, 5]
    assert sender.stats.dropped == {"refused": 2}
    assert [str(failure.error) for failure in failures] == ["what is this"]
    assert balances(sender)


async def test_a_peer_may_take_a_batch_and_refuse_some_of_its_items(app: mape.App) -> None:
    sender = MemorySender(app=app)
    sender.refuses = 2
    async with app:
        for item in range(5):
            sender.on_next(item)

    assert (sender.stats.sent, sender.stats.dropped) == (3, {"refused": 2})
    assert balances(sender)


async def test_a_mistake_in_a_transport_costs_a_batch_and_not_the_sink(app: mape.App) -> None:
    sender = MemorySender(app=app, frame=1)
    sender.fails = [ZeroDivisionError("oops")]
    failures = collect(app.failures)
    async with app:
        sender.on_next(0)
        sender.on_next(1)

    assert sender.items == [1]
    assert [type(failure.error) for failure in failures] == [ZeroDivisionError]
    assert balances(sender)


async def test_a_sink_that_sends_at_most_once_repeats_only_what_was_certainly_not_sent(app: mape.App) -> None:
    class Once(MemorySender):
        resends = False

    sender = Once(app=app, frame=1)
    sender.fails = [ConnectError("nobody there"), SendError("who knows"), None]
    async with app:
        sender.on_next(0)
        sender.on_next(1)

    assert sender.items == [1]
    assert sender.stats.dropped == {"unconfirmed": 1}
    assert balances(sender)


async def test_beyond_its_bound_the_policy_decides_and_the_counters_tell(app: mape.App) -> None:
    sender = MemorySender(app=app, size=10, frame=4)
    sender.fails = [ConnectError("down")] * 3
    events = collect(app.events)
    async with app:
        sender.on_next(0)
        await asyncio.sleep(0)
        for item in range(1, 31):
            sender.on_next(item)
        assert balances(sender)
        await sender.flush()

    assert sender.items == [0, *range(21, 31)]
    assert sender.stats.dropped == {"overflow": 20}
    assert [event.kind for event in events].count("overflow") == 1
    assert "drop_oldest drops" in next(event.text for event in events if event.kind == "overflow")


async def test_with_the_policy_error_the_failure_names_the_item(app: mape.App) -> None:
    sender = MemorySender(size=1, overflow="error")
    element = app.loop("l").monitor(uid="m")(lambda item: item)
    element.subscribe(sender)
    failures = collect(app.failures)
    element.start()
    element.port_in.on_next(1)
    element.port_in.on_next(2)

    assert [(failure.item, type(failure.error)) for failure in failures] == [(2, MailboxFullError)]
    assert balances(sender)


@pytest.mark.parametrize("raised", [EncodeError("no form"), ValueError("a serializer's own")])
async def test_an_item_that_cannot_be_encoded_is_counted_and_costs_itself(app: mape.App, raised: Exception) -> None:
    class Picky(MemorySender):
        def encode(self, item: Any) -> bytes:
            if item == "bad":
                raise raised
            return super().encode(item)

    sender = Picky(app=app)
    async with app:
        sender.on_next(1)
        with pytest.raises(type(raised)):
            sender.on_next("bad")
        sender.on_next(2)

    assert sender.items == [1, 2]
    assert sender.stats.dropped == {"encode": 1}
    assert balances(sender)


async def test_error_and_completion_travel_in_their_place(app: mape.App) -> None:
    sender = MemorySender(app=app)
    seen: Collected[Any] = Collected()
    async with app:
        sender.on_next(1)
        sender.on_error(ValueError("odd"))
        sender.on_next(2)
        sender.on_completed()

    for value in sender.items:
        if type(value) is int:
            seen.on_next(value)
        else:
            seen.on_completed() if value.error is None else seen.on_error(value.error)
    assert [event.kind for _, event in seen.events] == ["N", "E", "N", "C"]


async def test_closing_flushes_and_what_is_left_at_the_deadline_is_counted_and_reported(app: mape.App) -> None:
    sender, stuck = MemorySender(app=app), MemorySender(app=app)
    sender.takes = 1.0
    stuck.fails = [SendError("down")] * 1000
    failures = collect(app.failures)
    async with app:
        sender.on_next(0)
        for each in range(7):
            stuck.on_next(each)

    assert asyncio.get_running_loop().time() <= app.settings.shutdown.deadline + 1
    assert sender.items == [0]
    assert stuck.stats.dropped == {"closed": 7}
    assert [str(failure.error) for failure in failures] == ["7 items were not sent before the app closed: down"]
    assert not sender.is_connected
    assert not stuck.is_connected
    assert balances(stuck)


async def test_an_app_that_opens_again_sends_again_under_the_next_numbers(app: mape.App) -> None:
    sender = MemorySender(app=app)
    for item in range(2):
        async with app:
            sender.on_next(item)

    assert sender.items == [0, 1]
    assert [batch.seq for batch in sender.batches] == [0, 1]


async def test_a_sink_that_is_disposed_of_sends_no_more_and_counts_the_rest(app: mape.App) -> None:
    sender = MemorySender(app=app)
    sender.takes = 5.0
    async with app:
        sender.on_next(0)
        await asyncio.sleep(1)
        sender.on_next(1)
        sender.dispose()
        await asyncio.sleep(1)
        assert sender.stats.dropped == {"closed": 2}
        assert not sender.is_connected


def test_the_identity_of_a_sink_is_its_own_and_its_epoch_is_time() -> None:
    one, other = MemorySender(app=mape.App()), MemorySender(app=mape.App())

    assert one.source_id != other.source_id
    assert len(one.source_id) == 16
    assert 0 < one.epoch < 2**53


@pytest.mark.parametrize("wrong", [{"frame": 0}, {"deadline": 0}, {"size": 0}, {"overflow": "forget"}])
def test_a_bound_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(WiringError):
        MemorySender(**wrong)


def test_it_says_what_it_is() -> None:
    sender = MemorySender(app=mape.App())
    sender.on_next(1)

    assert repr(sender) == "<MemorySender memory, up, 1 wait>"


async def test_the_bytes_that_wait_are_counted_exactly_and_bounded(app: mape.App) -> None:
    length = len(JSON.encode("x" * 10))
    sender = MemorySender(app=app, max_bytes=3 * length)
    for _ in range(5):
        sender.on_next("x" * 10)

    assert sender.stats.queued_bytes == 3 * length
    assert sender.stats.dropped == {"overflow": 2}
    assert (sender.stats.queued, sender.outgoing.next_seq) == (3, 5)
    assert balances(sender)
    async with app:
        await sender.flush()
    assert [(batch.seq, len(batch)) for batch in sender.batches] == [(2, 3)]
    assert sender.stats.queued_bytes == 0
