"""Publish and subscribe with real servers, killed and cut off; figures with ``-s``."""

from __future__ import annotations

import asyncio
import pickle
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio

from mape.application import App
from mape.errors import ConnectError
from mape.remote.redis.pattern import Glob
from mape.remote.redis.pubsub import PubObserver, SubObservable
from mape.settings import load
from mape.testing import FaultProxy, collect
from mape.testing.contracts.transport import Ends, check_transport
from tests.system.lateness import machine
from tests.system.redis_server import RedisServer, free_ports, running

pytestmark = pytest.mark.system

CHANNEL = "car_1.detect"
HOLE = 12.0
"""How long a black hole lasts [s]."""
BACK = 2.0
"""Within which a subscriber is back [s]."""
NOTICED = 5.0
"""Within which silence is noticed [s]."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    started = RedisServer(tmp_path, free_ports(1)[0])
    with running(started):
        yield started


def an_app(url: str) -> App:
    return App(load(None, {"redis.url": url}))


# -- patterns ----------------------------------------------------------------------------------------------------------


def test_patterns_match_what_the_server_matches(server: RedisServer) -> None:
    rng, wrong = random.Random(7), []
    client = redis.Redis.from_url(server.url)
    wire: Any = client.connection_pool.make_connection()
    for _ in range(4_000):
        pattern = "".join(rng.choices("ab-*?[]^\\", k=rng.randint(0, 7))).encode()
        channel = "".join(rng.choices("ab-*[]^\\é", k=rng.randint(0, 5))).encode()
        wire.send_command("PSUBSCRIBE", pattern)
        wire.read_response(disable_decoding=True)
        is_sent = bool(client.publish(channel, b""))
        if is_sent:
            wire.read_response(disable_decoding=True)
        wire.send_command("PUNSUBSCRIBE", pattern)
        wire.read_response(disable_decoding=True)
        if Glob(pattern).matches(channel) is not is_sent:
            wrong.append((pattern, channel, is_sent))
    wire.disconnect()
    client.close()
    assert wrong == []


# -- the contract ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("frame", "pattern"), [(512, CHANNEL), (512, "car_*"), (1, "car_[12].detect")])
async def test_a_real_server_makes_a_transport(server: RedisServer, frame: int, pattern: str) -> None:
    def make(_: App, receiver: App) -> Ends:
        return (
            PubObserver(CHANNEL, redis=server.url, frame=frame),
            SubObservable(pattern, redis=server.url, app=receiver),
        )

    async def inject(payload: bytes) -> None:
        client = redis.asyncio.Redis.from_url(server.url)
        await client.publish(CHANNEL, payload)
        await client.aclose()

    async def down() -> None:
        server.kill()

    async def up() -> None:
        await asyncio.to_thread(server.start)

    await check_transport(make, inject=inject, down=down, up=up)


async def test_what_is_not_allowed_is_named_and_the_rest_works(server: RedisServer) -> None:
    admin = redis.asyncio.Redis.from_url(server.url)
    allowed_commands = (
        "+ping +client|setinfo +publish +subscribe +unsubscribe +psubscribe +punsubscribe"  # docs/howto/redis.md
    )
    await admin.execute_command(
        "ACL", "SETUSER", "car", "on", ">pw", "resetchannels", "&car_*", "-@all", *allowed_commands.split()
    )
    app = an_app(server.url.replace("redis://", "redis://car:pw@"))
    allowed, secret = SubObservable("car_1", app=app), SubObservable("secret", app=app)
    seen, failures = collect(allowed), collect(app.failures)
    collect(secret)
    sink = PubObserver("car_1", app=app)
    async with app:
        await allowed.wait_up(5)
        sink.on_next(1)
        await seen.wait_for(1, timeout=5)
        with pytest.raises(Exception, match="does not allow to subscribe to 'secret'"):
            await secret.wait_up(0.5)
    await admin.aclose()
    assert [failure.path for failure in failures] == ["subscribe secret"]


# -- a cluster ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def a_cluster(folder: Path) -> AsyncIterator[list[RedisServer]]:
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000")
    nodes = [RedisServer(folder / str(port), port, *options) for port in free_ports(3)]
    with running(*nodes):
        clients = [redis.asyncio.Redis.from_url(node.url) for node in nodes]
        for client, low, high in zip(clients, (0, 5461, 10923), (5460, 10922, 16383), strict=True):
            await client.execute_command("CLUSTER ADDSLOTSRANGE", low, high)
            await client.execute_command("CLUSTER MEET", "127.0.0.1", nodes[0].port)
        async with asyncio.timeout(20):
            for client in clients:
                while (await client.execute_command("CLUSTER INFO"))["cluster_state"] != "ok":  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.05)
        yield nodes
        for client in clients:
            await client.aclose()


async def test_in_a_cluster_names_and_patterns_hear_all_and_shards_their_own(tmp_path: Path) -> None:
    names = [f"car_{number}" for number in range(8)]  # on all three nodes
    async with a_cluster(tmp_path) as nodes:
        url = f"redis+cluster://127.0.0.1:{nodes[0].port}"
        sender, receiver = an_app(url), an_app(url)
        plain = [PubObserver(name, app=sender) for name in names]
        sharded = [PubObserver(name, app=sender, sharded=True) for name in names]
        sources = [SubObservable("car_*", app=receiver), SubObservable(names, app=receiver)]
        shards = [SubObservable(name, app=receiver, sharded=True) for name in names]
        heard = [collect(source) for source in sources]
        heard_there = [collect(source) for source in shards]
        async with receiver, sender:
            for source in (*sources, *shards):
                await source.wait_up(10)
            for number in range(100):
                for sink, shard in zip(plain, sharded, strict=True):
                    sink.on_next(f"{sink.channel} {number}")
                    shard.on_next(number)
            for each in heard:
                await each.wait_for(800, timeout=10)
            for there in heard_there:
                await there.wait_for(100, timeout=10)
            await asyncio.sleep(0.2)
    for each in heard:
        assert len(each) == 800, "what is published on a shard is heard there only"
        for name in names:
            assert [text for text in each if text.startswith(f"{name} ")] == [f"{name} {n}" for n in range(100)]
    assert all(there == list(range(100)) for there in heard_there)


# -- outages -----------------------------------------------------------------------------------------------------------


@dataclass
class Journal:
    """What was published and received, and when; and the outages in between."""

    published: list[float] = field(default_factory=list)
    received: dict[int, float] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    outages: list[tuple[str, float, float, float]] = field(default_factory=list)
    noticed: list[float] = field(default_factory=list)
    is_over: bool = False

    def take(self, number: int) -> None:
        self.received[number] = time.monotonic()
        self.order.append(number)

    def lost(self) -> list[int]:
        return [number for number in range(len(self.published)) if number not in self.received]

    def back(self, healed: float) -> float | None:
        """When the first item that was published after `healed` came."""
        last = self.order[-1] if self.order else -1
        is_back = last >= 0 and self.published[last] > healed
        return next((self.received[n] for n in self.order if self.published[n] > healed), None) if is_back else None


async def publish_steadily(sink: PubObserver, journal: Journal, count: int, seconds: float) -> None:
    begin = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, begin + number * seconds / count - time.monotonic()))
        journal.published.append(time.monotonic())
        sink.on_next(number)
    journal.is_over = True


async def outage(journal: Journal, what: str, fail: Callable[[], Any], heal: Callable[[], Any], seconds: float) -> None:
    """Break something for some time; note how long after healing the first new item came."""
    began = time.monotonic()
    fail()
    await asyncio.sleep(seconds)
    await asyncio.to_thread(heal) if what == "kill" else heal()
    healed = time.monotonic()
    with machine() as late:
        while (back := journal.back(healed)) is None:
            assert time.monotonic() - healed - late.seconds < BACK, f"{what}: not back {BACK} s after healing"
            await asyncio.sleep(0.005)
    journal.outages.append((what, began, healed, back))
    await asyncio.sleep(0.5)


@asynccontextmanager
async def subscriber(url: str, journal: Journal) -> AsyncIterator[SubObservable]:
    app = an_app(url)
    source = SubObservable("car_*", app=app)
    source.subscribe(journal.take)
    app.events.subscribe(
        lambda event: (
            journal.noticed.append(time.monotonic())
            if event.kind == "disconnected" and event.path == "redis subscribe"
            else None
        )
    )
    async with app:
        await source.wait_up(5)
        yield source


@asynccontextmanager
async def naive_subscriber(url: str, journal: Journal) -> AsyncIterator[None]:
    """redis-py by the book: what a planted bug would look like."""
    client = redis.asyncio.Redis.from_url(url, health_check_interval=1, socket_keepalive=True)
    pubsub = client.pubsub()
    await pubsub.psubscribe("car_*")

    async def listen() -> None:
        async for message in pubsub.listen():
            if message["type"] == "pmessage":
                for line in message["data"].split(b"\n")[1:]:
                    if line:
                        journal.take(int(line.split(b":")[1].strip(b"}")))

    task = asyncio.ensure_future(listen())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await pubsub.aclose()
    await client.aclose()


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_ten_kills_and_five_black_holes_lose_nothing_but_what_was_published_meanwhile(
    server: RedisServer,
) -> None:
    count, journal = 20_000, Journal()
    publisher = an_app(server.url)
    sink = PubObserver(CHANNEL, app=publisher)
    async with FaultProxy(f"127.0.0.1:{server.port}") as proxy, subscriber(proxy.url(), journal) as source, publisher:
        feeding = asyncio.ensure_future(publish_steadily(sink, journal, count, 95.0))
        await asyncio.sleep(1)
        for number in range(15):
            if number % 3 == 2:
                await outage(journal, "hole", proxy.black_hole, proxy.heal, HOLE)
            else:
                await outage(journal, "kill", server.kill, server.start, 0.3)
        await feeding
        await sink.flush()
        async with asyncio.timeout(5):
            while count - 1 not in journal.received:  # noqa: ASYNC110 - a test may look now and then
                await asyncio.sleep(0.01)
        stats = source.stats
        print("\n", sink.stats, "\n", stats)
    lost = journal.lost()
    holes = [began for what, began, *_ in journal.outages if what == "hole"]
    noticed = [min(when for when in journal.noticed if when > began) - began for began in holes]
    backs = [back - healed for _, _, healed, back in journal.outages]
    print(f" lost {len(lost)}, gaps {stats.gaps}; back after {sorted(backs)[7]:.2f} s, at most {max(backs):.2f} s")
    print(f" silence noticed after {', '.join(f'{after:.1f}' for after in noticed)} s")
    assert journal.order == sorted(set(journal.order)), "in order, each once"
    assert stats.gaps == len(lost)
    assert max(noticed) < NOTICED
    outside = [
        n for n in lost if not any(began - 0.1 <= journal.published[n] <= back for _, began, _, back in journal.outages)
    ]
    assert outside == [], "nothing is lost outside the outages"


async def test_a_publisher_behind_a_black_hole_goes_on_where_it_was_certain_that_nothing_was_sent(
    server: RedisServer,
) -> None:
    journal = Journal()
    async with FaultProxy(f"127.0.0.1:{server.port}") as proxy, subscriber(server.url, journal) as source:
        publisher = an_app(proxy.url())
        sink = PubObserver(CHANNEL, app=publisher, deadline=12)  # the connection notices before
        async with publisher:
            feeding = asyncio.ensure_future(publish_steadily(sink, journal, 2_000, 10.0))
            await asyncio.sleep(1)
            await outage(journal, "hole", proxy.black_hole, proxy.heal, 6)
            await feeding
            await sink.flush()
            await asyncio.sleep(0.2)
            print(f"\n{sink.stats}\n{source.stats}")
    lost = journal.lost()
    assert source.stats.gaps == len(lost)
    assert sink.stats.dropped == {"unconfirmed": len(lost)}
    assert len(lost) < 20, "only what was on its way when the network fell silent is lost"


async def test_the_check_finds_a_subscriber_that_does_not_notice_a_black_hole(server: RedisServer) -> None:
    journal, publisher = Journal(), an_app(server.url)
    sink = PubObserver(CHANNEL, app=publisher)
    async with (
        FaultProxy(f"127.0.0.1:{server.port}") as proxy,
        naive_subscriber(proxy.url(), journal),
        publisher,
    ):
        feeding = asyncio.ensure_future(publish_steadily(sink, journal, 2_000, 10.0))
        await asyncio.sleep(1)
        assert journal.received
        with pytest.raises(AssertionError, match=r"not back 2\.0 s after healing"):
            await outage(journal, "hole", proxy.black_hole, proxy.heal, 5)
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)


# -- poison ------------------------------------------------------------------------------------------------------------


class Trap:
    """What would run code if anybody unpickled it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("code ran",)


def poisons() -> list[bytes]:
    rng = random.Random(5)
    return [
        pickle.dumps(Trap()),
        b"!!python/object/apply:os.system ['true']",
        b'{"mape":1,"source":"a","epoch":1,"seq":-5,"count":1}\n{"value":1}\n',
        b'{"mape":1,"source":',
        b"[" * 100_000,
        b"NaN",
        b"\xff\xfe\x00",
        b'{"a":1',
        rng.randbytes(200).replace(b"\n", b"\xff"),
        b"\x00",
    ]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_poison_costs_itself_and_ends_no_stream(
    server: RedisServer, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL", "mape")
    app = an_app(server.url)
    source = SubObservable("car_*", app=app, size=20_000)
    seen, failures = collect(source), collect(app.failures)
    client = redis.asyncio.Redis.from_url(server.url)
    bad = poisons()
    async with app:
        await source.wait_up(5)
        pipeline, good = client.pipeline(transaction=False), 0
        for number in range(10_000):
            if number % 10 == 5:
                pipeline.publish(CHANNEL, bad[number // 10 % len(bad)])
            else:
                pipeline.publish(CHANNEL, str(good))
                good += 1
        await pipeline.execute()
        await seen.wait_for(9_000, timeout=30)
        await asyncio.sleep(0.2)
        stats = source.stats
    await client.aclose()
    print(f"\n{stats}")
    assert seen == list(range(9_000))
    assert stats.rejected == len(failures) == 1_000
    assert max(len(str(failure.error)) for failure in failures) < 500
    assert "code ran" not in capfd.readouterr().out


# -- slow consumers ----------------------------------------------------------------------------------------------------


FLOOD = """
    import asyncio, sys, mape
    from mape.remote.redis.pubsub import PubObserver
    from mape.settings import load

    async def main():
        app = mape.App(load(None, {"redis.url": sys.argv[1]}))
        sink = PubObserver("car_1.detect", app=app, size=100_000, max_bytes=2**28)
        async with app:
            for number in range(20_000):  # 80 MB in four seconds
                sink.on_next([number, "x" * 4_000])
                if number % 50 == 0:
                    await asyncio.sleep(0.01)
            await sink.flush()
            await asyncio.sleep(1)
            sink.on_next([20_000, ""])

    asyncio.run(main())
"""


async def test_a_slow_element_does_not_get_the_subscriber_cut_off(server: RedisServer, tmp_path: Path) -> None:
    receiver = an_app(server.url)
    source = SubObservable(CHANNEL, app=receiver, size=10)
    seen: list[int] = []
    events = collect(receiver.events)

    @receiver.loop("l").execute
    def slow(item: list[Any]) -> None:
        time.sleep(0.001)
        seen.append(item[0])

    source.subscribe(slow)
    async with receiver:
        await source.wait_up(5)
        process = await asyncio.create_subprocess_exec(
            sys.executable, program(tmp_path, FLOOD), server.url, cwd=Path.cwd()
        )
        async with asyncio.timeout(60):
            assert await process.wait() == 0
            while not seen or seen[-1] != 20_000:  # noqa: ASYNC110 - a test may look now and then
                await asyncio.sleep(0.05)
        stats = source.stats
    print(f"\n{stats}; {len(seen)} items dealt with")
    gone = [event.text for event in events if event.kind == "disconnected"]
    assert gone == [], "the connection is read whatever the elements do"
    assert seen == sorted(set(seen))
    assert len(seen) + stats.gaps == 20_001
    assert stats.offered == stats.payloads + sum(stats.dropped.values()) + stats.queued


def program(folder: Path, text: str) -> Path:
    path = folder / "program.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


# -- signals -----------------------------------------------------------------------------------------------------------

PROGRAM = """
    import asyncio, sys, mape
    from mape.remote.redis.pubsub import PubObserver, SubObservable

    mape.init(redis_url=sys.argv[1])
    loop = mape.Loop("car")
    detect = loop.monitor(lambda item: item, uid="detect")
    detect.subscribe(PubObserver(size=1_000))
    SubObservable("car_*").subscribe(print)

    async def main():
        for number in range(5_000):
            detect(number)
        print("full", flush=True)

    mape.run(main())
"""


def test_sigterm_with_the_server_down_and_a_full_queue_ends_in_time(tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{free_ports(1)[0]}"
    process = subprocess.Popen(
        [sys.executable, "-W", "error", program(tmp_path, PROGRAM), url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "full\n"
        time.sleep(1)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=15)
        took = time.monotonic() - began
    finally:
        process.kill()
    print(f"\nexit {process.returncode} after {took:.1f} s")
    assert process.returncode == 0, errors[-2000:]
    assert took < 10
    assert "1000 items were not sent" in errors


async def test_without_a_server_the_wait_says_what_is_not_there() -> None:
    app = an_app(f"redis://127.0.0.1:{free_ports(1)[0]}")
    source = SubObservable("c", app=app)
    source.subscribe(print)
    async with app:
        with pytest.raises(ConnectError, match="no subscription within"):
            await source.wait_up(0.3)
