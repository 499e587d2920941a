"""What shared knowledge promises over processes and outages: each promise with its figures and a bug that it finds."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

import mape
from mape.errors import StateError
from mape.remote.redis.collections import KeySpace, RedisStore, StoreScope, share_knowledge
from mape.remote.redis.embedded import EmbeddedServer, find_server
from mape.remote.redis.knowledge import atomic
from mape.remote.redis.knowledge.cache import Cache
from mape.remote.redis.knowledge.lock import Lock
from mape.remote.redis.knowledge.watch import Watcher
from mape.testing.proxy import FaultProxy

pytestmark = pytest.mark.system

PROCESSES, INCREMENTS = 4, 1_000

PROLOGUE = """
import asyncio, sys
import mape
from mape.remote.redis.collections import share_knowledge

async def work(k):
{body}

async def main():
    app = mape.App()
    scope = share_knowledge(app, sys.argv[1]).scope("k.", "the app")
    async with app:
        await work(scope)

asyncio.run(main())
"""


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedServer]:
    embedded = EmbeddedServer()
    await embedded.ensure()
    yield embedded
    await embedded.close()


@asynccontextmanager
async def knowledge(url: str) -> AsyncIterator[StoreScope]:
    app = mape.App()
    store = share_knowledge(app, url)
    async with app:
        yield store.scope("k.", "the app")


def unix(server: EmbeddedServer) -> str:
    return f"unix://{server.socket}"


async def process(body: str, url: str) -> asyncio.subprocess.Process:
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROLOGUE.format(body=lines), url, stdout=asyncio.subprocess.PIPE
    )


async def until(condition: Callable[[], bool], seconds: float) -> float:
    """How long it takes until `condition` holds [s]."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"not within {seconds:g} s"
        await asyncio.sleep(0.01)
    return time.monotonic() - start


# -- compare-and-set -------------------------------------------------------------------------------------------------

UPDATE = f"""
counts = k.create_keyspace("counts", int)
for _ in range({INCREMENTS}):
    await counts.update("n", lambda n: (n or 0) + 1)
"""
READ_AND_WRITE = f"""
counts = k.create_keyspace("counts", int)
for _ in range({INCREMENTS}):
    await counts.set("n", (await counts.get("n") or 0) + 1)
"""


async def counted(body: str, server: EmbeddedServer) -> int:
    start = time.monotonic()
    workers = [await process(body, unix(server)) for _ in range(PROCESSES)]
    assert [await worker.wait() for worker in workers] == [0] * PROCESSES
    async with knowledge(unix(server)) as k:
        total = await k.create_keyspace("counts", int).pop("n")
    print(f"{PROCESSES} processes x {INCREMENTS} increments: {total} in {time.monotonic() - start:.1f} s")
    assert isinstance(total, int)
    return total


async def test_no_increment_of_four_processes_is_lost(server: EmbeddedServer) -> None:
    assert await counted(UPDATE, server) == PROCESSES * INCREMENTS


async def test_reading_and_writing_loses_increments_and_the_count_shows_it(server: EmbeddedServer) -> None:
    assert await counted(READ_AND_WRITE, server) < PROCESSES * INCREMENTS


# -- locks -----------------------------------------------------------------------------------------------------------

HOLD = """
lock = k.create_lock("bridge", lease=1.0)
await lock.acquire()
print(lock.token, flush=True)
await asyncio.sleep(60)
"""


@asynccontextmanager
async def holder(url: str, body: str = HOLD) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """Another process that holds the lock, and its token."""
    other = await process(body, url)
    assert other.stdout is not None
    try:
        yield other, int(await asyncio.wait_for(other.stdout.readline(), 20))
    finally:
        if other.returncode is None:
            other.kill()
        await other.communicate()


async def test_a_lock_survives_the_death_of_its_holder(server: EmbeddedServer) -> None:
    async with knowledge(unix(server)) as k, holder(unix(server)) as (other, token):
        lock = k.create_lock("bridge")
        await asyncio.sleep(2.5)
        assert not await lock.acquire(blocking=False), "a holder that lives keeps it, longer than its lease"
        other.kill()
        start = time.monotonic()
        assert await lock.acquire(timeout=5)
        took = time.monotonic() - start
        assert lock.token is not None
        assert lock.token > token
        print(f"holder killed with -9, lease 1 s: taken over after {took:.2f} s, token {token} -> {lock.token}")
        await lock.release()
    assert took < 1.5


async def test_a_lock_without_a_lease_dies_with_its_holder_and_the_wait_shows_it(server: EmbeddedServer) -> None:
    forever = HOLD.replace("lease=1.0", "lease=86_400.0")
    async with knowledge(unix(server)) as k, holder(unix(server), forever) as (other, _):
        other.kill()
        assert not await k.create_lock("bridge").acquire(timeout=2.5)


async def test_a_holder_that_was_stopped_for_too_long_is_told(server: EmbeddedServer) -> None:
    body = """
lock = k.create_lock("bridge", lease=1.0)
await lock.acquire()
print(lock.token, flush=True)
while lock.is_held:
    await asyncio.sleep(0.01)
try:
    await lock.release()
except mape.StateError:
    print("lost", flush=True)
"""
    async with knowledge(unix(server)) as k, holder(unix(server), body) as (other, token):
        os.kill(other.pid, signal.SIGSTOP)
        lock = k.create_lock("bridge")
        assert await lock.acquire(timeout=5)
        os.kill(other.pid, signal.SIGCONT)
        assert other.stdout is not None
        assert await asyncio.wait_for(other.stdout.readline(), 5) == b"lost\n"
        assert lock.is_held, "and takes nothing from the new holder"
        assert lock.token is not None
        assert lock.token > token
        await lock.release()


async def test_four_hundred_turns_of_eight_holders_never_overlap(server: EmbeddedServer) -> None:
    inside, worst = 0, 0
    tokens: list[Any] = []

    async def take(k: StoreScope) -> None:
        nonlocal inside, worst
        for _ in range(50):
            async with k.create_lock("bridge") as lock:
                inside += 1
                worst = max(worst, inside)
                tokens.append(lock.token)
                await asyncio.sleep(0)
                inside -= 1

    async with knowledge(unix(server)) as one, knowledge(unix(server)) as other:
        await asyncio.gather(*(take(k) for k in (one, other) for _ in range(4)))
    assert worst == 1
    assert tokens == sorted(set(tokens)), "each token is larger than the one before"


async def test_a_lock_that_is_lost_while_held_is_reported(server: EmbeddedServer) -> None:
    async with knowledge(unix(server)) as k:
        events: list[str] = []
        k.store.app.events.subscribe(lambda event: events.append(event.kind))
        lock = k.create_lock("bridge", lease=0.3)
        with pytest.raises(StateError, match="was lost"):  # noqa: PT012 - what leaving the body raises
            async with lock:
                await k.store.client.execute_command("DEL", lock.key)
                await until(lambda: not lock.is_held, 1)
        assert "lock_lost" in events


# -- notifications ---------------------------------------------------------------------------------------------------


class Mirror:
    """Keeps a copy of a set: reads all of it when it is told that something changed."""

    def __init__(self, k: StoreScope, kind: type[Watcher] = Watcher) -> None:
        self.cars, self.known, self.resyncs = k.create_set("cars"), set[str](), 0
        self.watcher = k.notifications(self.on_cars, "cars", ("sadd", "srem"))
        assert type(self.watcher) is kind

    async def on_cars(self, message: Any) -> None:
        self.resyncs += message.is_resync
        self.known = set(await self.cars.members())


async def outage(server: EmbeddedServer, fault: str, seconds: float) -> tuple[float, Mirror, set[str]]:
    """Change a set while its watcher cannot hear; return how long after the healing the watcher knows all of it."""
    async with FaultProxy(f"unix:{server.socket}") as proxy, knowledge(unix(server)) as writer:  # noqa: SIM117 - too long
        async with knowledge(proxy.url()) as reader:
            mirror, cars = Mirror(reader), writer.create_set("cars")
            await until(lambda: mirror.resyncs == 1, 5)
            await cars.add("before")
            await until(lambda: mirror.known == {"before"}, 1)
            getattr(proxy, fault)()
            for number in range(100):
                await cars.add(f"car_{number}")
            await cars.remove("before")
            await asyncio.sleep(seconds)
            assert mirror.known == {"before"}, "the fault hides the changes"
            proxy.heal()
            truth = set(await cars.members())
            start = time.monotonic()
            while mirror.known != truth and time.monotonic() - start < 5:  # noqa: ASYNC110 - the bug never gets there
                await asyncio.sleep(0.01)
            return time.monotonic() - start, mirror, truth


@pytest.mark.parametrize(("fault", "seconds"), [("refuse", 1.0), ("black_hole", 12.0), ("black_hole", 1.0)])
async def test_who_missed_changes_in_an_outage_agrees_with_the_store_again(
    server: EmbeddedServer, fault: str, seconds: float
) -> None:
    took, mirror, truth = await outage(server, fault, seconds)
    print(f"{fault} for {seconds:g} s, 101 changes missed: agrees {took:.2f} s after the healing")
    assert mirror.known == truth
    assert took < 5


async def test_a_connection_that_alone_falls_silent_is_noticed(server: EmbeddedServer) -> None:
    """As when a firewall forgets it, while all others work."""

    class Split:
        """Commands go straight to the server, messages come through the proxy."""

        def __init__(self, url: str) -> None:
            self.client, self._url = Redis(unix_socket_path=str(server.socket)), url

        def dedicated(self) -> Any:
            return Redis.from_url(self._url)

    async with FaultProxy(f"unix:{server.socket}") as proxy:
        app, split = mape.App(), Split(proxy.url())
        k = RedisStore(app, split).scope("k.", "the app")
        async with app:
            mirror = Mirror(k)
            await until(lambda: mirror.resyncs == 1, 5)
            proxy.black_hole()
            for number in range(10):
                await k.create_set("cars").add(str(number))
            noticed = await until(lambda: not k.store.watch.is_up, 6)
            proxy.heal()
            took = await until(lambda: len(mirror.known) == 10, 5)
        await split.client.aclose()
    print(f"one silent connection: noticed after {noticed:.1f} s, agrees {took:.2f} s after the healing")
    assert noticed < 5


async def test_a_watcher_that_is_not_told_to_read_again_stays_behind_and_the_comparison_shows_it(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resync = Watcher.resync
    told: list[Watcher] = []

    def once(self: Watcher) -> None:
        if not told:
            told.append(self)
            resync(self)

    monkeypatch.setattr(Watcher, "resync", once)
    _, mirror, truth = await outage(server, "refuse", 1.0)
    assert mirror.known != truth


async def test_hundred_watchers_of_one_key_share_a_subscription(server: EmbeddedServer) -> None:
    async with knowledge(unix(server)) as k:
        heard: list[str] = []
        watchers = [k.notifications(lambda message: heard.append(message.command), "cars") for _ in range(100)]
        several: list[str] = []
        changes = k.changes("car_*")
        listeners = [changes.subscribe(lambda message: several.append(message.command)) for _ in range(2)]
        await until(lambda: (len(heard), len(several)) == (100, 2), 5)
        await k.create_set("cars").add("a")
        await until(lambda: heard.count("sadd") == 100, 5)
        execute = k.store.client.execute_command
        assert await execute("PUBSUB", "NUMSUB", "__keyspace@0__:k.cars") == [b"__keyspace@0__:k.cars", 1]
        assert await execute("PUBSUB", "NUMPAT") == 1
        for watcher in watchers:
            watcher.dispose()
        for listener in listeners:
            listener.dispose()
        subscriptions: list[int] = []
        async with asyncio.timeout(5):
            while subscriptions != [0, 0]:
                subscriptions = [
                    (await execute("PUBSUB", "NUMSUB", "__keyspace@0__:k.cars"))[1],
                    await execute("PUBSUB", "NUMPAT"),
                ]


async def test_the_setting_for_notifications_is_merged_into_what_is_there(server: EmbeddedServer) -> None:
    async with knowledge(unix(server)) as k:
        await k.store.client.config_set("notify-keyspace-events", "Elm")
        heard: list[str] = []
        k.notifications(lambda message: heard.append(message.command), "speed")
        await until(lambda: heard == ["resync"], 5)
        await k.keyspace.set("speed", 1, px=50)
        await until(lambda: heard == ["resync", "set", "expire", "expired"], 5)
        found = (await k.store.client.config_get("notify-keyspace-events"))["notify-keyspace-events"]
        assert set("KEAlm") - set("l") <= set(found)


async def test_a_server_that_lets_nobody_switch_notifications_on_is_a_config_error(server: EmbeddedServer) -> None:
    async with knowledge(unix(server)) as admin:
        await admin.store.client.config_set("notify-keyspace-events", "")
        await admin.store.client.execute_command(
            "ACL SETUSER", "guest", "on", ">secret", "~*", "&*", "+@all", "-config"
        )
    async with knowledge(f"unix://guest@{server.socket}?password=secret") as k:
        failures: list[Any] = []
        k.store.app.failures.subscribe(failures.append)
        k.notifications(print, "speed")
        await until(lambda: bool(failures), 5)
        assert isinstance(failures[0].error, mape.ConfigError)
        assert "notify-keyspace-events KA" in str(failures[0].error)


# -- cached reads ----------------------------------------------------------------------------------------------------


async def stale_reads(server: EmbeddedServer) -> tuple[int, Cache]:
    """Break the connection that brings invalidations while a value changes; count old values read once it is back."""
    async with FaultProxy(f"unix:{server.socket}") as proxy, knowledge(unix(server)) as writer:  # noqa: SIM117 - too long
        async with knowledge(proxy.url()) as reader:
            copies: KeySpace[int] = reader.create_keyspace("speeds", int, cached=True)
            speeds, cache = writer.create_keyspace("speeds", int), reader.store.cache
            await until(lambda: cache.is_up, 5)
            stale = 0
            for turn in range(5):
                await speeds.set("a", turn)
                await asyncio.sleep(0.05)
                assert await copies.get("a") == await copies.get("a"), "the second one is a copy"
                connects = cache.connects
                proxy.reset()
                await speeds.set("a", turn + 100)
                await until(lambda before=connects: cache.is_up and cache.connects > before, 5)  # type: ignore[misc]
                for _ in range(20):
                    try:
                        stale += await copies.get("a") != turn + 100
                        break
                    except mape.MapeError:  # the connection for reads was broken, too
                        await asyncio.sleep(0.1)
            return stale, cache


async def test_no_copy_outlives_the_connection_that_would_take_it_back(server: EmbeddedServer) -> None:
    stale, cache = await stale_reads(server)
    print(f"5 breaks of the invalidating connection: {stale} stale reads, {cache.hits} hits")
    assert stale == 0
    assert cache.hits >= 5


async def test_copies_that_survive_their_connection_are_stale_and_the_comparison_shows_it(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cache, "lost", lambda _: None)
    assert (await stale_reads(server))[0] > 0


async def test_copies_follow_changes_by_others_deletion_expiry_and_flush(server: EmbeddedServer) -> None:
    async with knowledge(unix(server)) as writer, knowledge(unix(server)) as reader:
        copies, rows = reader.create_keyspace("a", list, cached=True), reader.create_hash("b", int, cached=True)
        source, cache = writer.create_keyspace("a", list), reader.store.cache
        await until(lambda: cache.is_up, 5)

        async def agrees(expected: Any) -> float:
            start = time.monotonic()
            while await copies.get("x") != expected:
                assert time.monotonic() - start < 1, "an invalidation takes milliseconds"
                await asyncio.sleep(0)
            return (time.monotonic() - start) * 1e3

        delays = []
        for number in range(500):
            await source.set("x", [number])
            delays.append(await agrees([number]))
        print(f"500 changes by another client: copies agree after {max(delays):.2f} ms at most")
        first: Any = await copies.get("x")
        first.append("changed by a reader")
        assert await copies.get("x") == [499], "a reader cannot change the copy of another"
        await source.delete("x")
        await agrees(None)
        await source.set("x", [1], px=100)
        await agrees([1])
        await asyncio.sleep(0.12)
        assert await copies.get("x") is None, "a copy does not outlive its key"
        await source.set("x", [2])
        await agrees([2])
        await writer.store.client.flushall()
        await agrees(None)
        await rows.set("n", 1)
        assert await rows.get("n") == await rows.get("n") == 1
        await writer.create_hash("b", int).set("n", 2)
        await until(lambda: "k.b" not in cache.copies, 1)
        assert await rows.get("n") == 2
        await rows.set("n", 3)
        assert await rows.get("n") == 3, "one reads what one has written"


async def test_an_answer_that_an_invalidation_overtook_is_not_kept(server: EmbeddedServer) -> None:
    async with knowledge(unix(server)) as writer, knowledge(unix(server)) as reader:
        copies, source = reader.create_keyspace("a", int, cached=True), writer.create_keyspace("a", int)
        cache = reader.store.cache
        await until(lambda: cache.is_up, 5)

        class Late:
            """A client whose answers come after the next change."""

            async def execute_command(self, *command: Any) -> Any:
                answer = await reader.store.client.execute_command(*command)
                await source.set("x", 2)
                await until(lambda: "k.a.x" not in cache.copies, 1)
                return answer

        await source.set("x", 1)
        await asyncio.sleep(0.05)
        assert await cache.fetch("k.a.x", None, copies.form, Late()) == 1
        assert await copies.get("x") == 2


# -- outages ---------------------------------------------------------------------------------------------------------


async def test_calls_fail_within_seconds_in_an_outage_and_work_after_it(server: EmbeddedServer) -> None:
    async with FaultProxy(f"unix:{server.socket}") as proxy, knowledge(proxy.url()) as k:
        speeds = k.create_keyspace("speeds", int)
        await speeds.set("a", 1)
        proxy.black_hole()
        start = time.monotonic()
        results = await asyncio.gather(*(speeds.get("a") for _ in range(50)), return_exceptions=True)
        took = time.monotonic() - start
        assert all(isinstance(result, mape.RemoteError) for result in results)
        assert took < 5
        proxy.heal()
        back = time.monotonic()
        while True:
            try:
                assert await speeds.get("a") == 1
                break
            except mape.RemoteError:
                await asyncio.sleep(0.05)
        print(
            f"black hole: 50 calls failed after {took:.1f} s, the next worked {time.monotonic() - back:.2f} s after it"
        )


async def test_who_waits_for_a_queue_notices_an_outage(server: EmbeddedServer) -> None:
    async with FaultProxy(f"unix:{server.socket}") as proxy, knowledge(proxy.url()) as k:
        waiting = asyncio.ensure_future(k.create_queue("jobs").get())
        await asyncio.sleep(0.2)
        proxy.black_hole()
        with pytest.raises(mape.RemoteError):
            await asyncio.wait_for(waiting, 6)


async def test_a_wait_lasts_as_long_as_it_is_asked_to(server: EmbeddedServer) -> None:
    async with knowledge(unix(server)) as k:
        queue = k.create_queue("jobs")
        short, long, endless = (asyncio.ensure_future(queue.get(seconds)) for seconds in (1.2, 5, 0))
        start = time.monotonic()
        with pytest.raises(asyncio.QueueEmpty):
            await short
        assert time.monotonic() - start == pytest.approx(1.2, abs=0.2)
        await asyncio.sleep(1.0)
        assert not long.done()
        assert not endless.done()
        await queue.put("a")
        await queue.put("b")
        assert sorted([await long, await endless]) == ["a", "b"]


async def test_sixty_who_wait_for_queues_leave_room_for_others(server: EmbeddedServer) -> None:
    async with knowledge(unix(server)) as k:
        queue = k.create_queue("jobs", int)
        waiting = [asyncio.ensure_future(queue.get(10)) for _ in range(60)]
        await asyncio.sleep(0.1)
        start = time.monotonic()
        for number in range(60):
            await queue.put(number)
        assert time.monotonic() - start < 1
        assert sorted(await asyncio.gather(*waiting)) == list(range(60))


async def test_steps_without_scripts_do_the_same(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async with knowledge(unix(server)) as k:
        for script in ("COMPARE_AND", "ACQUIRE", "POP_FIELD", "INSERT"):
            monkeypatch.setattr(atomic, script, "return redis.error_reply('ERR unknown command')")
        counts, row = k.create_keyspace("counts", int), k.create_list("row", int)
        await asyncio.gather(*(counts.update("n", lambda n: (n or 0) + 1) for _ in range(20)))
        assert await counts.get("n") == 20
        await row.extend([1, 3])
        await row.insert(1, 2)
        await row.insert(0, 0)
        assert await row.slice(0, 9) == [0, 1, 2, 3]
        one, other = k.create_lock("bridge"), k.create_lock("bridge")
        assert await one.acquire()
        assert not await other.acquire(blocking=False)
        await one.release()
        assert isinstance(one, Lock)


# -- a cluster -------------------------------------------------------------------------------------------------------


def free_ports(count: int) -> list[int]:
    """Ports whose cluster bus, 10,000 above, is in range."""
    with ExitStack() as sockets:
        doors = [sockets.enter_context(socket.socket()) for _ in range(10 * count)]
        for door in doors:
            door.bind(("127.0.0.1", 0))
        ports: list[int] = [door.getsockname()[1] for door in doors]
    return [port for port in ports if port < 55_000][:count]


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[str]:
    """Three nodes with a third of the slots each."""
    ports = free_ports(3)
    servers: list[asyncio.subprocess.Process] = []
    nodes: list[Any] = [Redis(port=port) for port in ports]
    try:
        for port in ports:
            options = (
                "--cluster-enabled",
                "yes",
                "--cluster-config-file",
                str(tmp_path / f"{port}.conf"),
                "--save",
                "",
            )
            servers.append(
                await asyncio.create_subprocess_exec(
                    str(find_server()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path), *options,
                    stdout=asyncio.subprocess.DEVNULL,
                )
            )  # fmt: skip
        for number, node in enumerate(nodes):
            await until_true(node.ping, 10)
            await node.execute_command("CLUSTER ADDSLOTSRANGE", 5462 * number, min(5462 * number + 5461, 16383))
            await nodes[0].execute_command("CLUSTER MEET", "127.0.0.1", ports[number])

        async def is_whole() -> bool:
            return all([(await node.execute_command("CLUSTER INFO"))["cluster_state"] == "ok" for node in nodes])

        await until_true(is_whole, 20)
        yield "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in ports)
    finally:
        for node in nodes:
            await node.aclose()
        for each in servers:
            each.terminate()
            await each.wait()


async def until_true(condition: Callable[[], Any], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while True:
            try:
                if await condition():
                    return
            except (OSError, RedisConnectionError):  # it is not there yet
                await asyncio.sleep(0)
            await asyncio.sleep(0.05)


async def test_steps_are_single_on_a_cluster_too(cluster: str) -> None:
    async with knowledge(cluster) as k:
        counts, cars = k.create_keyspace("counts", int), k.create_hash("cars")
        names = [f"n{number}" for number in range(8)]
        await asyncio.gather(*(counts.update(name, lambda n: (n or 0) + 1) for name in names for _ in range(25)))
        assert dict([pair async for pair in counts]) == dict.fromkeys(names, 25)
        assert await counts.update({"a": 1, "b": 2, "c": 3})
        with pytest.raises(mape.PeerError, match="same key slot"):
            await counts.update({"d": 1, "e": 2}, True)
        assert await counts.clear() == 11
        await cars.set("a", "x")
        assert await cars.pop("a") == "x"
        one, other = k.create_lock("bridge"), k.create_lock("bridge")
        async with one:
            assert not await other.acquire(blocking=False)
        assert await other.acquire()
        await other.release()
        with pytest.raises(mape.ConfigError, match="node by node"):
            k.notifications(print, "cars")


async def test_the_program_on_the_page_prints_what_the_page_says(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/howto/knowledge.md").read_text()
    program, printed = (
        re.search(f"```{title}\\n(.*?)```", page, re.DOTALL)
        for title in ('python title="bridge.py"', 'text title="python bridge.py"')
    )
    assert program is not None
    assert printed is not None
    (tmp_path / "bridge.py").write_text(program[1])
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "bridge.py", cwd=tmp_path, stdout=asyncio.subprocess.PIPE
    )
    assert (await asyncio.wait_for(run.communicate(), 20))[0].decode() == printed[1]
    assert run.returncode == 0
