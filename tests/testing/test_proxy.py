"""FaultProxy: what each fault does to connections on this machine, and that it ends when it is healed."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mape.testing import FaultProxy

SHORT = 0.05
"""Long enough for this machine's own network, which needs less than a millisecond [s]."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo:
    """Sends back what comes; counts what it heard."""

    def __init__(self) -> None:
        self.heard = b""
        self.writers: list[asyncio.StreamWriter] = []
        self.ends = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while chunk := await reader.read(65536):
                self.heard += chunk
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            self.ends += 1
            writer.close()


@asynccontextmanager
async def proxied(path: Path | None = None) -> AsyncIterator[tuple[FaultProxy, Echo]]:
    echo = Echo()
    if path is None:
        server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        proxy = FaultProxy(f"{host}:{port}")
    else:
        server = await asyncio.start_unix_server(echo.serve, path / "server")
        proxy = FaultProxy(f"unix:{path / 'server'}", listen=f"unix:{path / 'proxy'}")
    async with proxy:
        yield proxy, echo
    server.close()
    for writer in echo.writers:
        writer.transport.abort()
    await server.wait_closed()


@asynccontextmanager
async def client(proxy: FaultProxy) -> AsyncIterator[Streams]:
    kind, _, rest = proxy.address.partition(":")
    if kind == "unix":
        reader, writer = await asyncio.open_unix_connection(rest)
    else:
        reader, writer = await asyncio.open_connection(kind, int(rest))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def ask(streams: Streams, text: bytes) -> bytes:
    reader, writer = streams
    writer.write(text)
    async with asyncio.timeout(1):
        return await reader.readexactly(len(text))


async def hears_nothing(streams: Streams) -> bool:
    try:
        async with asyncio.timeout(SHORT):
            await streams[0].read(1)
    except TimeoutError:
        return True
    return False


async def settled(condition: Callable[[], bool]) -> bool:
    for _ in range(100):
        if condition():
            return True
        await asyncio.sleep(0.005)
    return False


@pytest.mark.parametrize("is_unix", [False, True])
async def test_without_a_fault_everything_passes_and_is_counted(is_unix: bool, tmp_path: Path) -> None:
    async with proxied(tmp_path if is_unix else None) as (proxy, echo), client(proxy) as streams:
        blob = bytes(range(256)) * 4000
        assert await ask(streams, blob) == blob
        assert proxy.stats.bytes_up == proxy.stats.bytes_down == len(blob)
        assert (proxy.stats.accepted, proxy.connections, proxy.stats.swallowed_bytes) == (1, 1, 0)
        assert echo.heard == blob


async def test_an_end_in_good_order_passes_after_what_was_sent_before() -> None:
    async with proxied() as (proxy, echo), client(proxy) as (reader, writer):
        blob = b"x" * 3_000_000
        writer.write(blob)
        writer.write_eof()
        async with asyncio.timeout(2):
            assert await reader.read() == blob
        assert await settled(lambda: echo.ends == 1 and proxy.connections == 0)
        assert proxy.stats.resets == 0


async def test_a_client_that_reads_slowly_gets_all_though_the_server_has_ended() -> None:
    async with proxied() as (proxy, echo):
        host, port = proxy.address.split(":")
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            door.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(door, (host, int(port)))
            await loop.sock_sendall(door, b"x" * 90_000)
            door.shutdown(socket.SHUT_WR)
            assert await settled(lambda: echo.ends == 1)
            await asyncio.sleep(SHORT)
            count = 0
            while chunk := await loop.sock_recv(door, 65536):
                count += len(chunk)
            assert count == 90_000


async def test_a_reset_breaks_connections_and_takes_new_ones() -> None:
    async with proxied() as (proxy, _):
        async with client(proxy) as streams:
            await ask(streams, b"a")
            proxy.reset()
            with pytest.raises(ConnectionResetError):
                await ask(streams, b"b")
        async with client(proxy) as streams:
            assert await ask(streams, b"c") == b"c"


@pytest.mark.parametrize("is_unix", [False, True])
async def test_refused_until_healed_at_the_same_address(is_unix: bool, tmp_path: Path) -> None:
    async with proxied(tmp_path if is_unix else None) as (proxy, _):
        address = proxy.address
        async with client(proxy) as streams:
            await ask(streams, b"a")
            proxy.refuse()
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError, BrokenPipeError)):
                await ask(streams, b"b")
        for _ in range(2):
            with pytest.raises(ConnectionRefusedError):
                async with client(proxy):
                    pass
        proxy.heal()
        async with client(proxy) as streams:
            assert await ask(streams, b"c") == b"c"
        assert proxy.address == address


async def test_a_black_hole_swallows_and_closes_nothing() -> None:
    async with proxied() as (proxy, echo), client(proxy) as old:
        await ask(old, b"a")
        proxy.black_hole()
        old[1].write(b"lost")
        async with client(proxy) as new:
            new[1].write(b"lost too")
            assert await hears_nothing(old)
            assert await hears_nothing(new)
            assert echo.heard == b"a"
            assert echo.ends == 0
            assert proxy.stats.swallowed_bytes == 12


async def test_after_a_black_hole_new_connections_work_and_those_that_lost_bytes_stay_silent() -> None:
    async with proxied() as (proxy, echo), client(proxy) as loser, client(proxy) as quiet:
        await ask(loser, b"a")
        await ask(quiet, b"b")
        proxy.black_hole()
        loser[1].write(b"lost")
        assert await hears_nothing(loser)
        proxy.heal()
        loser[1].write(b"on")
        assert await hears_nothing(loser)
        assert await ask(quiet, b"c") == b"c"
        async with client(proxy) as new:
            assert await ask(new, b"d") == b"d"
        assert echo.heard == b"abcd"


async def test_the_end_of_a_client_is_kept_from_the_server_as_long_as_the_black_hole_lasts() -> None:
    async with proxied() as (proxy, echo):
        async with client(proxy) as streams:
            await ask(streams, b"a")
            proxy.black_hole()
        await asyncio.sleep(SHORT)
        assert echo.ends == 0
        proxy.heal()
        assert await settled(lambda: echo.ends == 1 and proxy.connections == 0)


async def test_a_server_that_dies_in_a_black_hole_is_not_heard_of() -> None:
    async with proxied() as (proxy, echo), client(proxy) as streams:
        await ask(streams, b"a")
        proxy.black_hole()
        echo.writers[0].transport.abort()
        assert await hears_nothing(streams)


async def test_a_black_hole_takes_new_connections_though_the_server_is_dead() -> None:
    async with FaultProxy("127.0.0.1:1") as proxy:
        proxy.black_hole()
        async with client(proxy) as streams:
            streams[1].write(b"lost")
            assert await hears_nothing(streams)


async def test_a_freeze_loses_nothing() -> None:
    async with proxied() as (proxy, _), client(proxy) as streams:
        proxy.freeze()
        streams[1].write(b"later")
        assert await hears_nothing(streams)
        proxy.heal()
        async with asyncio.timeout(1):
            assert await streams[0].readexactly(5) == b"later"


async def test_a_delay_is_added_both_ways_and_does_not_slow_down_the_flow() -> None:
    async with proxied() as (proxy, _), client(proxy) as (reader, writer):
        proxy.delay(SHORT)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for _ in range(10):
            writer.write(b"x")
            await asyncio.sleep(0.002)
        async with asyncio.timeout(2):
            await reader.readexactly(10)
        took = loop.time() - begin
        assert 2 * SHORT <= took < 6 * SHORT


async def test_what_is_delayed_arrives_at_once_when_the_delay_ends() -> None:
    async with proxied() as (proxy, _), client(proxy) as (reader, writer):
        proxy.delay(60)
        writer.write(b"x")
        await asyncio.sleep(SHORT)
        proxy.heal()
        async with asyncio.timeout(1):
            assert await reader.readexactly(1) == b"x"


async def test_connections_are_cut_once_so_many_bytes_have_passed() -> None:
    async with proxied() as (proxy, echo):
        async with client(proxy) as streams:
            proxy.cut_after(10)
            assert await ask(streams, b"1234") == b"1234"
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await ask(streams, b"5678")
        assert echo.heard == b"12345678"
        async with client(proxy) as streams:
            assert await ask(streams, b"once") == b"once"


async def test_a_limit_holds_until_it_is_healed() -> None:
    async with proxied() as (proxy, _), client(proxy) as (reader, writer):
        proxy.limit(20_000)
        writer.write(b"x" * 100_000)
        await asyncio.sleep(0.2)
        assert 1_000 <= proxy.stats.bytes_up <= 10_000
        proxy.heal()
        async with asyncio.timeout(1):
            assert len(await reader.readexactly(100_000)) == 100_000


async def test_a_client_of_a_dead_server_is_reset() -> None:
    async with FaultProxy("127.0.0.1:1") as proxy, client(proxy) as (reader, _):
        with pytest.raises(ConnectionResetError):
            await reader.read(1)


async def test_the_address_as_a_url(tmp_path: Path) -> None:
    async with FaultProxy("127.0.0.1:1") as proxy:
        assert proxy.url("redis", "/0") == f"redis://{proxy.address}/0"
    async with FaultProxy("unix:/nowhere", listen=f"unix:{tmp_path}/p") as proxy:
        assert (proxy.address, proxy.url()) == (f"unix:{tmp_path}/p", f"unix://{tmp_path}/p")
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("target", ["", "localhost", "localhost:http", ":80"])
def test_a_place_of_another_form_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="write host:port or unix:/path"):
        FaultProxy(target)


async def test_nothing_is_left_of_a_proxy_that_ends_in_the_midst_of_a_fault() -> None:
    async with proxied() as (proxy, _), client(proxy) as streams:
        proxy.freeze()
        streams[1].write(b"x")
        await asyncio.sleep(0.01)
    assert proxy.connections == 0
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("fault proxy")] == []


async def test_a_connection_that_is_reset_before_its_first_step_leaves_no_socket_behind() -> None:
    async with proxied() as (proxy, _):
        host, _, port = proxy.address.rpartition(":")
        for number in range(20):
            with socket.create_connection((host, int(port))):
                while proxy.stats.accepted == number:  # noqa: ASYNC110 - it waits for what has no event
                    await asyncio.sleep(0)
                proxy.reset()
    gc.collect()  # an unclosed socket is a warning, and a warning an error
