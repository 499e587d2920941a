"""Streams, with a server in memory and in virtual time; tests/system/test_streams.py has real ones."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from mape.application import App, current_cause
from mape.codecs import JSON, Header
from mape.errors import SendError, WiringError
from mape.item import Event, Message
from mape.remote.redis.stream.log import Entry, Holding
from mape.remote.redis.streams import Confirmed, MemoryLog, StreamObservable, StreamObserver
from mape.settings import load
from mape.testing import collect
from mape.testing.contracts.transport import Ends, check_transport
from tests.remote.clumsy import Clumsy

pytestmark = pytest.mark.virtual_time
numbers = itertools.count()


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


def same(item: Any) -> Any:
    return item


def frame(source: str, seq: int, *items: Any) -> bytes:
    return JSON.frame(Header(source, 1, seq), [JSON.encode(item) for item in items])


async def until(condition: Any, within: float = 5.0) -> float:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    while not condition():
        assert loop.time() - begin < within, f"not within {within} s"
        await asyncio.sleep(0.01)
    return loop.time() - begin


def consumer(log: Any, group: str = "g", **options: Any) -> tuple[App, StreamObservable, list[Any]]:
    app, seen = App(), list[Any]()
    source = StreamObservable("s", log, group=group, app=app, **options)
    source.subscribe(seen.append)
    return app, source, seen


# -- the contract of transports ----------------------------------------------------------------------------------------


async def test_a_stream_in_memory_is_a_transport(log: MemoryLog) -> None:
    async def inject(payload: bytes) -> None:
        log.append_foreign("s", payload)

    async def down() -> None:
        log.is_up = False

    async def up() -> None:
        log.is_up = True

    def make(_: App, receiver: App) -> Ends:
        log.forget()
        return StreamObserver("s", log), StreamObservable("s", log, group="g", app=receiver)

    await check_transport(make, inject=inject, down=down, up=up)


async def test_a_url_of_memory_is_the_same_log_in_two_apps() -> None:
    url = f"memory://streams{next(numbers)}"
    app, other = (App(load(None, {"redis.url": url})) for _ in range(2))
    sink, source = StreamObserver("s", app=app), StreamObservable("s", group="g", app=other)
    seen = collect(source)
    async with other, app:
        await sink.put("over there")
    assert seen == ["over there"]


# -- what a sender hears ----------------------------------------------------------------------------------------------


async def test_put_returns_when_every_group_has_dealt_with_the_item(log: MemoryLog) -> None:
    sender, sink = App(), StreamObserver("s", log)
    sink.join_app(sender)
    one, _, seen_one = consumer(log, "one")
    other, _, seen_other = consumer(log, "other")
    async with sender:
        async with one:
            await sink.put(1)
            assert seen_one == [1]
            async with other:
                await until(lambda: seen_other == [1])
            waiting = asyncio.ensure_future(sink.put(2))
            await until(lambda: seen_one == [1, 2])
            await asyncio.sleep(1)
            assert not waiting.done()
        async with other:
            await asyncio.wait_for(waiting, 2)
    assert seen_other == [1, 2]


async def test_stored_is_sooner_than_processed(log: MemoryLog) -> None:
    app, sink = App(), StreamObserver("s", log)
    sink.join_app(app)
    async with app:
        await sink.put("nobody listens", until=Confirmed.STORED)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sink.confirmed(), 5)
        waiting = asyncio.ensure_future(sink.confirmed())
        await asyncio.sleep(0)
    with pytest.raises(SendError, match="closed before"):
        await waiting


async def test_an_item_that_the_server_refuses_is_not_confirmed_later(log: MemoryLog) -> None:
    await log.shape("s", 7)
    app, sink = App(), StreamObserver("s", log)
    sink.join_app(app)
    async with app:
        with pytest.raises(SendError, match="has 7 partitions, not 1"):
            await sink.put("x", until="stored")
        assert sink.stats.dropped == {"refused": 1}


async def test_an_item_that_is_dropped_while_its_sender_waits_is_not_confirmed_later(log: MemoryLog) -> None:
    log.is_up = False
    app, sink = App(), StreamObserver("s", log, size=3)
    sink.join_app(app)
    async with app:
        sink.on_next("on its way")
        await asyncio.sleep(0.1)
        dropped, kept = (asyncio.ensure_future(sink.put(number, until="stored")) for number in (1, 2))
        await asyncio.sleep(0.1)
        for number in (3, 4):
            sink.on_next(number)
        with pytest.raises(SendError, match="too many items wait"):
            await asyncio.wait_for(dropped, 1)
        log.is_up = True
        await asyncio.wait_for(kept, 5)
    assert sink.stats.dropped == {"overflow": 1}


async def test_who_waits_for_room_hears_that_the_sink_closes_and_who_comes_later_too(log: MemoryLog) -> None:
    log.is_up = False
    app, sink = App(), StreamObserver("s", log, size=1)
    sink.join_app(app)
    async with app:
        for number in range(2):
            sink.on_next(number)
            await asyncio.sleep(0.1)
        waiting = asyncio.ensure_future(sink.put(2))
        await asyncio.sleep(0.1)
        assert not waiting.done()
    for late in (waiting, sink.put(3), sink.confirmed()):
        with pytest.raises(SendError, match="is closed"):
            await asyncio.wait_for(late, 5)
    log.is_up = True
    async with app:
        await asyncio.wait_for(sink.put(4, until="stored"), 5)


async def test_what_all_groups_have_passed_is_trimmed_and_a_later_group_sees_the_rest(log: MemoryLog) -> None:
    app, sink = App(), StreamObserver("s", log, frame=1)
    sink.join_app(app)
    first, _, seen = consumer(log, "first")
    async with app:
        async with first:
            for number in range(10):
                await sink.put(number)
        assert len(log.entries("s")) <= 1
        sink.on_next(10)
        late, _, seen_late = consumer(log, "late")
        async with late:
            await until(lambda: 10 in seen_late)
    assert seen == list(range(10))
    assert seen_late in ([10], [9, 10])


async def test_what_is_trimmed_before_it_was_dealt_with_is_a_gap_of_exactly_that_size(log: MemoryLog) -> None:
    app, sink = App(), StreamObserver("s", log, frame=1, maxlen=4)
    sink.join_app(app)
    reader, source, seen = consumer(log)
    events = collect(reader.events)
    async with app:
        async with reader:
            await sink.put(0)
        for number in range(1, 21):
            await sink.put(number, until="stored")
        again, source, seen = consumer(log)
        events = collect(again.events)
        async with again:
            await until(lambda: 20 in seen)
    assert seen == [17, 18, 19, 20]
    assert source.stats.gaps == 16
    assert [event.kind for event in events if event.kind == "gap"] == ["gap"]


# -- a server that forgets --------------------------------------------------------------------------------------------


async def test_what_a_server_forgot_and_nobody_had_dealt_with_is_sent_again(log: MemoryLog) -> None:
    app, sink = App(), StreamObserver("s", log)
    sink.join_app(app)
    reader, source, seen = consumer(log)
    async with app:
        async with reader:
            await sink.put("before")
        for number in range(100):
            await sink.put(number, until="stored")
        log.forget()
        again, source, seen = consumer(log)
        async with again:
            await until(lambda: 99 in seen, within=2)
            sink.on_next("after")
            await sink.confirmed()
    assert seen == [*range(100), "after"]
    assert sink.window.resent == 100
    assert (source.stats.gaps, source.stats.duplicates) == (0, 0)


async def test_without_keeping_it_a_server_that_forgets_loses_items(log: MemoryLog) -> None:
    app, sink = App(), StreamObserver("s", log, keep_bytes=0)
    sink.join_app(app)
    async with app:
        await sink.put("lost", until="stored")
        assert sink.window.forgotten == 1
        log.forget()
        sink.on_next("after")
        reader, _, seen = consumer(log)
        async with reader:
            await until(lambda: "after" in seen)
    assert seen == ["after"]


async def test_a_consumer_tells_a_server_that_forgot_what_it_has_dealt_with(log: MemoryLog) -> None:
    app, sink = App(), StreamObserver("s", log)
    sink.join_app(app)
    reader, source, seen = consumer(log)
    async with app, reader:
        for number in range(50):
            sink.on_next(number)
        await sink.confirmed()
        log.forget()
        for number in range(50, 100):
            sink.on_next(number)
        await asyncio.wait_for(sink.confirmed(), 3)
    assert seen == list(range(100))
    assert source.stats.duplicates == 0


async def test_an_append_whose_answer_was_lost_is_stored_once(log: MemoryLog) -> None:
    class Forgetful(MemoryLog):
        lost = 0

        async def append(self, *arguments: Any, **options: Any) -> Any:
            answer = await super().append(*arguments, **options)
            if self.lost < 3:
                self.lost += 1
                raise SendError("the answer was lost")
            return answer

    log = Forgetful()
    app, sink = App(), StreamObserver("s", log)
    sink.join_app(app)
    reader, source, seen = consumer(log)
    async with app, reader:
        await sink.put(1)
        await sink.put(2)
    assert seen == [1, 2]
    assert source.stats.duplicates == 0
    assert len(log.entries("s")) <= 2


# -- consumers --------------------------------------------------------------------------------------------------------


async def test_partitions_are_shared_and_keys_stay_in_order(log: MemoryLog) -> None:
    app = App()
    sink = StreamObserver("s", log, key=lambda item: item[0], partitions=8, app=app, frame=3)
    (one, source_one, seen_one), (other, source_other, seen_other) = consumer(log), consumer(log)
    async with app, one, other:
        await sink.put(("a", -1))
        await until(lambda: len(source_one.partitions) == len(source_other.partitions) == 4, within=2)
        for number in range(400):
            sink.on_next((number % 20, number))
        await sink.confirmed()
    both = [tuple(item) for item in seen_one + seen_other if item[0] != "a"]
    assert sorted(both) == sorted((number % 20, number) for number in range(400))
    assert len(seen_one) > 50
    assert len(seen_other) > 50
    for key in range(20):
        (mine,) = {tuple(n for k, n in seen if k == key) for seen in (seen_one, seen_other)} - {()}
        assert mine == tuple(range(key, 400, 20))


async def test_unordered_items_are_dealt_out_in_turn(log: MemoryLog) -> None:
    app, sink = App(), StreamObserver("s", log, partitions=3, ordered=False)
    sink.join_app(app)
    for number in range(9):
        sink.on_next(number)
    assert [lane.stats.offered for lane in sink.lanes] == [3, 3, 3]
    assert sink.stats.offered == 9


async def test_a_consumer_that_leaves_hands_over_within_a_second_and_nothing_comes_twice(log: MemoryLog) -> None:
    app, sink = App(), StreamObserver("s", log, frame=1)
    sink.join_app(app)
    (one, _, seen_one), (other, source, seen_other) = consumer(log), consumer(log)
    loop = asyncio.get_running_loop()
    async with app, one:
        await sink.put(0)
        await other.open()
        await asyncio.sleep(1)
        for number in range(1, 5):
            await sink.put(number)
        begin = loop.time()
        await one.close()
        await sink.put("next")
        took = loop.time() - begin
        await other.close()
    assert took < 1.0
    assert seen_one == [0, 1, 2, 3, 4]
    assert seen_other == ["next"]
    assert source.stats.redelivered == 0


async def test_a_consumer_that_falls_silent_is_replaced_within_two_seconds_and_can_do_no_harm(log: MemoryLog) -> None:
    stopped: list[Any] = []

    class Frozen(MemoryLog):
        """The same server, for a consumer that may be cut off from it."""

        def __getattribute__(self, name: str) -> Any:
            if name in {"step", "claim", "meet", "acquire", "wait", "remind", "release", "leave", "ready"} and stopped:
                return self.never
            return (
                getattr(log, name) if not name.startswith("__") and name != "never" else super().__getattribute__(name)
            )

        async def never(self, *_: Any, **__: Any) -> Any:
            await asyncio.sleep(1e6)

    app, sink = App(), StreamObserver("s", log)
    sink.join_app(app)
    one, first, seen_one = consumer(Frozen())
    async with app:
        await one.open()
        await sink.put("first")
        other, second, seen_other = consumer(log)
        async with other:
            stopped.append(True)
            sink.on_next("second")
            assert await until(lambda: seen_other == ["second"], within=3) < 2.0
            stopped.clear()
            token = second._attendance.readers["s"]._holding.token  # type: ignore[union-attr] # noqa: SLF001
            assert await log.step(Holding("s", "g", first.terms.owner, token - 1), 1, [], {}, 1) is None
        await one.close()
    assert seen_one == ["first"]


async def test_an_item_counts_as_dealt_with_when_an_async_element_far_behind_is_done(log: MemoryLog) -> None:
    app, sink, reader = App(), StreamObserver("s", log), App()
    sink.join_app(app)
    source = StreamObservable("s", log, group="g", app=reader)
    loop, done = reader.loop("l"), list[int]()

    @loop.plan(mailbox=4, overflow="drop_newest")
    async def slow(item: int) -> None:
        await asyncio.sleep(0.1)
        done.append(item)

    first = loop.analyze(same, uid="first")
    source.subscribe(first)
    first.subscribe(slow)
    async with app, reader:
        sink.on_next(0)
        await until(lambda: done == [0])
        waiting = asyncio.ensure_future(sink.confirmed())
        await asyncio.wait_for(waiting, 1)
        for number in range(1, 40):
            sink.on_next(number)
        await sink.confirmed()
        assert done == list(range(40))
    assert slow.stats.dropped == {}


async def test_an_async_element_is_fed_as_fast_as_it_works_and_loses_nothing(log: MemoryLog) -> None:
    app, sink, reader = App(), StreamObserver("s", log), App()
    sink.join_app(app)
    source = StreamObservable("s", log, group="g", app=reader)
    causes: list[str | None] = []

    @reader.loop("l").plan(concurrency=10, mailbox=20)
    async def slow(_: int) -> None:
        await asyncio.sleep(1)
        causes.append(current_cause())

    source.subscribe(slow)
    loop = asyncio.get_running_loop()
    async with app, reader:
        for number in range(200):
            sink.on_next(number)
        begin = loop.time()
        await sink.confirmed()
        assert loop.time() - begin < 25  # 20 s of work for ten at a time
    assert (slow.stats.processed, slow.stats.dropped) == (200, {})
    assert source.partitions == []


async def test_what_an_async_element_has_in_hand_when_its_app_closes_is_finished_and_does_not_come_again(
    log: MemoryLog,
) -> None:
    app, sink, reader, done = App(), StreamObserver("s", log), App(), list[int]()
    sink.join_app(app)
    source = StreamObservable("s", log, group="g", app=reader)

    @reader.loop("l").plan(mailbox=3)
    async def slow(item: int) -> None:
        await asyncio.sleep(0.7)
        done.append(item)

    source.subscribe(slow)
    async with app:
        for number in range(20):
            sink.on_next(number)
        async with reader:
            await until(lambda: len(done) == 2)
        assert 3 <= len(done) <= 6
        again, other, rest = consumer(log)
        async with again:
            await until(lambda: 19 in rest)
    assert done + rest == list(range(20))
    assert other.stats.redelivered == 0


async def test_a_group_that_begins_now_holds_up_nobody_who_was_before(log: MemoryLog) -> None:
    app, sink = App(), StreamObserver("s", log)
    sink.join_app(app)
    reader, _, seen = consumer(log, start="$")
    async with app:
        await sink.put("before", until="stored")
        async with reader:
            await asyncio.wait_for(sink.confirmed(), 3)
            await asyncio.wait_for(sink.put("after"), 3)
    assert seen == ["after"]


async def test_the_causal_id_travels(log: MemoryLog) -> None:
    app, reader = App(), App()
    causes: list[str | None] = []
    detect = app.loop("car").monitor(same, uid="m")
    detect.subscribe(lambda _: causes.append(current_cause()))
    detect.subscribe(sink := StreamObserver("s", log))
    source = StreamObservable("s", log, group="g", app=reader)
    source.subscribe(lambda _: causes.append(current_cause()))
    async with app, reader:
        detect(1)
        await sink.confirmed()
    assert causes[0] == causes[1] is not None


async def test_an_async_element_that_listens_directly_has_its_items_confirmed_when_it_is_done(log: MemoryLog) -> None:
    app, sink, reader = App(), StreamObserver("s", log), App()
    sink.join_app(app)
    source, causes = StreamObservable("s", log, group="g", app=reader), list[str | None]()

    @reader.loop("l").plan
    async def slow(_: int) -> None:
        await asyncio.sleep(2)
        causes.append(current_cause())

    source.subscribe(slow)
    detect = app.loop("car").monitor(same, uid="m")
    detect.subscribe(sink)
    sent: list[str | None] = []
    detect.subscribe(lambda _: sent.append(current_cause()))
    loop = asyncio.get_running_loop()
    async with app, reader:
        begin = loop.time()
        detect(1)
        await sink.confirmed()
        assert 2 <= loop.time() - begin < 3
    assert causes == sent


async def test_put_waits_for_room_and_drops_nothing(log: MemoryLog) -> None:
    log.is_up = False
    app, sink = App(), StreamObserver("s", log, size=10)
    sink.join_app(app)
    reader, _, seen = consumer(log)
    async with app, reader:
        putting = [asyncio.ensure_future(sink.put(number)) for number in range(50)]
        await asyncio.sleep(1)
        assert sink.stats.offered == 10
        log.is_up = True
        await asyncio.gather(*putting)
    assert sorted(seen) == list(range(50))
    assert sink.stats.dropped == {}


async def test_after_a_server_forgot_a_partition_is_for_whoever_had_it(log: MemoryLog) -> None:
    app = App()
    sink = StreamObserver("s", log, key=same, partitions=4, app=app)
    ((one, first, seen_one), (other, second, seen_other)) = consumer(log), consumer(log)
    async with app, one, other:
        sink.on_next(0)
        await until(lambda: len(first.partitions) == len(second.partitions) == 2)
        for number in range(100):
            sink.on_next(number)
        await sink.confirmed()
        before = set(first.partitions), set(second.partitions)
        log.forget()
        sink.on_next(100)
        await asyncio.wait_for(sink.confirmed(), 3)
        await until(lambda: (set(first.partitions), set(second.partitions)) == before)
        marks = [log._streams[f"s.{number}"].marks for number in range(4)]  # noqa: SLF001
        assert [len(each) for each in marks] == [1] * 4, "also of the partitions where nothing came since"
    assert first.stats.takeovers + second.stats.takeovers <= 10
    assert sorted(seen_one + seen_other) == [0, *range(101)]


async def test_consumers_tell_a_server_that_forgot_also_about_partitions_that_are_nobodys_now(log: MemoryLog) -> None:
    app = App()
    sink = StreamObserver("s", log, key=same, partitions=2, app=app)
    reader, source, _ = consumer(log)
    async with reader:
        async with app:
            for number in range(10):
                sink.on_next(number)
            await sink.confirmed()
        log.forget()
        await asyncio.sleep(1)
        assert source.partitions == [], "nobody has said yet how many there are"
        for lane in sink.lanes:
            assert log._streams[lane.name].marks == {("g", lane.source): lane.window.stored}  # noqa: SLF001


# -- what cannot be decoded or dealt with -----------------------------------------------------------------------------


async def test_poison_goes_to_the_dead_letters_with_its_reason_and_costs_nobody_else(log: MemoryLog) -> None:
    reader, source, seen = consumer(log)
    events = collect(reader.failures)
    good = frame("a" * 16, 0, "one", "two", "three").replace(b'"two"', b'"t\xffo')
    async with reader:
        log.append_foreign("s", b"{broken")
        log.append_foreign("s", good)
        log.append_foreign("s", b'"plain"')
        await until(lambda: "plain" in seen)
    assert seen == ["one", "three", "plain"]
    assert (source.stats.accepted, source.stats.rejected, source.stats.dead) == (3, 2, 2)
    assert [letter.fields["entry"] for letter in log.letters] == ["1", "2"]
    assert log.letters[1].fields["payload"] == good.split(b"\n")[2]
    assert log.letters[1].fields["seq"] == "1"
    assert len(events) == 2


async def test_an_entry_at_which_a_codec_raises_what_it_should_not_is_a_dead_letter(log: MemoryLog) -> None:
    app, source, seen = consumer(log, codec=Clumsy())
    async with app:
        for payload in (b"1", b"poison", b"2"):
            log.append_foreign("s", payload)
        await until(lambda: seen == [1, 2])
    assert (source.stats.accepted, source.stats.dead) == (2, 1)


async def test_an_item_at_which_consumer_after_consumer_dies_is_a_dead_letter_and_the_others_are_not(
    log: MemoryLog,
) -> None:
    class DeathError(BaseException):
        """The end of a process, as far as a test can have it."""

    log.append_foreign("s", frame("b" * 16, 0, 0, 1, "fatal", 3))
    tried, seen = 0, list[Any]()
    for _ in range(12):
        app = App()
        source = StreamObservable("s", log, group="g", app=app)

        def handle(item: Any) -> None:
            nonlocal tried
            if item == "fatal":
                tried += 1
                raise DeathError
            seen.append(item)

        source.subscribe(handle)
        await app.open()
        await asyncio.sleep(4)
        source._attendance._task.cancel()  # type: ignore[union-attr] # noqa: SLF001 - as kill -9 leaves it
        tasks = list(source._attendance._tasks.values())  # type: ignore[union-attr] # noqa: SLF001
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if 3 in seen:
            break
    assert tried == 5
    assert sorted(set(seen)) == [0, 1, 3]
    (letter,) = log.letters
    assert letter.fields["seq"] == "2"
    assert "5 times" in str(letter.fields["reason"])


# -- redelivery -------------------------------------------------------------------------------------------------------


async def test_what_a_dead_consumer_had_read_comes_again_and_says_so(log: MemoryLog) -> None:
    log.append_foreign("s", frame("c" * 16, 0, *range(5)))
    dead = Holding("s", "g", "dead")
    grant = await log.acquire(dead, 1.0, "0", {})
    assert grant is not None
    entries = await log.step(dead._replace(token=grant.token), 1.0, [], {"c" * 16 + ":1": 2}, 10)
    assert [type(entry) for entry in entries or ()] == [Entry]
    reader, source, _ = consumer(log)
    seen = list[Any]()
    source.subscribe(lambda item: seen.append((item, source.delivery)))
    async with reader:
        await until(lambda: len(seen) == 3)
        log.append_foreign("s", frame("c" * 16, 5, 5))
        await until(lambda: len(seen) == 4)
    assert [item for item, _ in seen] == [2, 3, 4, 5]
    assert [each.redelivered for _, each in seen] == [True, True, True, False]
    assert [each.seq for _, each in seen] == [2, 3, 4, 5]
    assert {each.token for _, each in seen} == {grant.token + 1}
    assert source.stats.redelivered == 3


async def test_what_the_persons_own_store_has_is_not_given_again(log: MemoryLog) -> None:
    log.append_foreign("s", frame("d" * 16, 0, *range(5)))
    asked: list[tuple[str, int]] = []

    async def processed(partition: str, token: int) -> dict[tuple[str, int], int]:
        asked.append((partition, token))
        return {("d" * 16, 1): 3}

    reader, source, seen = consumer(log, processed=processed)
    async with reader:
        await until(lambda: len(seen) == 2)
    assert seen == [3, 4]
    assert asked == [("s", 1)]
    assert source.stats.duplicates == 3


# -- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"partitions": 2}, "need to know what stays in order"),
        ({"partitions": 0}, "hold nothing"),
        ({"maxlen": 0}, "hold nothing"),
        ({"frame": 0}, "nothing to send"),
    ],
)
def test_a_sink_that_makes_no_sense_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(WiringError, match=words):
        StreamObserver("s", MemoryLog(), **options)


@pytest.mark.parametrize(
    ("name", "options"),
    [("", {}), ("a b", {}), ("s", {"lease": 0}), ("s", {"count": 0}), ("s", {"start": "5"}), ("s", {"consumer": "/"})],
)
def test_a_source_that_makes_no_sense_is_refused(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(WiringError):
        StreamObservable(name, MemoryLog(), group="g", **options)


async def test_messages_and_events_pass(log: MemoryLog) -> None:
    app, sink = App(), StreamObserver("s", log)
    sink.join_app(app)
    reader = App()
    source, seen = StreamObservable("s", log, group="g", app=reader), list[Any]()
    source.subscribe(seen.append, lambda error: seen.append(str(error)), lambda: seen.append("completed"))
    async with app, reader:
        sink.on_next(Message.create(1, src="a.b"))
        sink.on_error(ValueError("as planned"))
        sink.on_completed()
        await sink.confirmed()
    assert (seen[0].value, seen[0].src) == (1, "a.b")
    assert "as planned" in seen[1]
    assert seen[2] == "completed"


async def test_a_server_that_is_not_there_yet_is_no_error_and_is_told_once(log: MemoryLog) -> None:
    log.is_up = False
    reader, _, seen = consumer(log)
    events: list[Event] = collect(reader.events)
    app, sink = App(), StreamObserver("s", log)
    sink.join_app(app)
    async with app, reader:
        sink.on_next("early")
        await asyncio.sleep(5)
        assert [event.kind for event in events] == ["disconnected"]
        log.is_up = True
        assert await until(lambda: seen == ["early"]) < 2
    assert [event.kind for event in events] == ["disconnected", "connected"]
