"""What keeps strangers out of the REST server, with real sockets, figures, and planted bugs that must be found."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

import mape
from mape.remote.rest import RestServer
from mape.remote.rest.routes import ROUTES
from mape.settings.schema import Rest
from tests.system.rest_program import POST, PROGRAM, begin, show

pytestmark = pytest.mark.system


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[tuple[str, list[Any]]]:
    """Give the URL of a server over one element, and what that has taken."""
    app = mape.App()
    seen: list[Any] = []
    app.loop("car").execute(uid="drive")(seen.append)
    server = RestServer(app, Rest(**{"host_port": "127.0.0.1:0", "rate": 0.0, **settings}))
    async with app:
        yield server.url, seen


@contextmanager
def program(text: str = PROGRAM) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process, url = begin(text)
    try:
        yield process, url
    finally:
        process.kill()
        process.communicate()


async def raw(url: str, request: bytes) -> bytes:
    """Send bytes as they are and return all that comes back."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        writer.write(request)
        async with asyncio.timeout(15):
            return await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def status(url: str, target: str, *headers: str, method: str = "GET") -> int:
    """Return the status of one request."""
    lines = [f"{method} {target} HTTP/1.1", *headers, "connection: close", "content-length: 0"]
    if not any(line.lower().startswith("host:") for line in headers):
        lines.insert(1, f"host: {urlsplit(url).netloc}")
    answer = await raw(url, "\r\n".join([*lines, "", ""]).encode("latin-1"))
    return int(answer.split(b" ", 2)[1]) if answer else 0


# -- tokens ----------------------------------------------------------------------------------------------------------

UPGRADE = ("upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==")


async def statuses(url: str, *headers: str) -> dict[str, int]:
    """Ask every route of the table, a WebSocket and paths that do not exist."""
    found = {}
    for route in ROUTES:
        path = route.path.format(loop="car", element="drive", file="docs.js")
        if route.method == "WEBSOCKET":
            asked = [f"GET {path} HTTP/1.1", f"host: {urlsplit(url).netloc}", "connection: upgrade", *UPGRADE, *headers]
            answer = await raw(url, "\r\n".join([*asked, "", ""]).encode())
            found[f"WEBSOCKET {path}"] = int(answer.split(b" ", 2)[1])
        else:
            found[f"{route.method} {path}"] = await status(url, path, *headers, method=route.method)
    found["GET /nowhere"] = await status(url, "/nowhere", *headers)
    return found


async def test_with_a_token_set_nobody_comes_in_without() -> None:
    async with serving(token="secret") as (url, seen):  # noqa: S106
        without = await statuses(url)
        wrong = await statuses(url, "authorization: Bearer wrong")

    show("no credential", routes=len(without), answers=set(without.values()))
    assert set(without.values()) == {401}
    assert set(wrong.values()) == {401}
    assert seen == []


async def test_a_guard_that_does_not_see_websockets_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: a token check for HTTP alone, as middlewares have it."""
    from mape.remote.rest.credential import ALL
    from mape.remote.rest.guard import Guard

    real = Guard.admit
    monkeypatch.setattr(Guard, "admit", lambda self, scope: ALL if scope["type"] == "websocket" else real(self, scope))
    async with serving(token="secret") as (url, _):  # noqa: S106
        with pytest.raises(TimeoutError):  # the WebSocket is open, and stays so
            await asyncio.wait_for(statuses(url), 3)


async def test_a_token_does_what_its_scopes_say() -> None:
    tokens = ("read:r", "write:w", "control:c", "read+write+control:all")
    async with serving(tokens=tokens) as (url, _):
        found = {}
        for token in "rwc":
            for route in ROUTES:
                if route.method == "WEBSOCKET" or route.name == "stream":
                    continue
                path = route.path.format(loop="car", element="drive", file="docs.js")
                answer = await status(url, path, f"authorization: Bearer {token}", method=route.method)
                is_theirs = route.scope is not None and route.scope.value[0] == token
                found[token, route.name] = (answer == 403, not is_theirs)
        control = await status(url, f"{POST}?notification=completed", "authorization: Bearer w", method="POST")

    wrong = [key for key, (was_refused, should_be) in found.items() if was_refused != should_be]
    show("scopes", asked=len(found), refused=sum(refused for refused, _ in found.values()), wrong=wrong)
    assert wrong == []
    assert control == 403


# -- pages of other sites --------------------------------------------------------------------------------------------


async def foreign(url: str, target: str, *more: str, method: str = "GET") -> list[int]:
    """Ask as pages of other sites do: two of another name, two of another origin, and one that says so."""
    own = urlsplit(url).netloc
    pages = [
        ("host: evil.example",),
        (f"host: 127.0.0.1.evil.example:{urlsplit(url).port}",),
        (f"host: {own}", "origin: http://evil.example"),
        (f"host: {own}", "origin: null"),
        (f"host: {own}", "sec-fetch-site: cross-site"),
    ]
    return [await status(url, target, *headers, *more, method=method) for headers in pages]


async def test_foreign_hosts_and_origins_are_refused() -> None:
    async with serving() as (url, seen):
        own = urlsplit(url).netloc
        answers = await foreign(url, "/loops") + await foreign(url, POST, method="POST")
        sockets = await foreign(url, POST, "connection: upgrade", *UPGRADE)
        mine = await status(url, "/loops", f"host: {own}", f"origin: {url}")
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(url + POST, origin="http://evil.example")

    show("foreign", http=set(answers), websocket=set(sockets))
    assert set(answers) == {403}
    assert set(sockets) == {403}
    assert caught.value.status == 403
    assert mine == 200
    assert seen == []


@pytest.mark.parametrize(("planted", "let_in"), [("_is_known", 2), ("_foreign", 5)])
async def test_a_guard_that_does_not_look_would_be_found(
    monkeypatch: pytest.MonkeyPatch, planted: str, let_in: int
) -> None:
    """The planted bugs: the server goes by any name; neither names nor origins are looked at."""
    from mape.remote.rest.guard import Guard

    monkeypatch.setattr(Guard, planted, lambda *_: planted == "_is_known" or None)
    async with serving() as (url, _):
        answers = await foreign(url, "/loops")

    assert answers == [200] * let_in + [403] * (5 - let_in)


# -- strange requests ------------------------------------------------------------------------------------------------

STRANGE = {
    "//evil.example/loops": {404},
    "http://evil.example/loops": {404},
    "/loops/../../etc/passwd": {404},
    "/static/../server.py": {404},
    "/static/..%2fserver.py": {404},
    "/static/%2e%2e/server.py": {404},
    "/loops/%00": {404},
    "/loops/car%2Felements": {200, 404},
    "/loops/%ff%fe": {404},
    "/loops/car/elements/__class__": {404},
    "/loops?" + "x=1&" * 1_500: {200},
    "/loops?" + "x" * 9_000: {414},
    "/loops?" + "x" * 70_000: {400, 414},
    POST + "/stream?port=" + "x" * 3_000: {422},
    POST + "/stream?" + "&".join(f"a{n}=1" for n in range(500)): {422},
}


async def test_strange_targets_get_sane_answers() -> None:
    async with serving() as (url, _):
        answers = {target[:40]: await status(url, target) for target in STRANGE}
        malformed = [
            await raw(url, request)
            for request in (
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
                b"GET /loops HTTP/1.1\r\n\r\n",
                b"GET /loops HTTP/x.y\r\nhost: a\r\n\r\n",
                b"GET  HTTP/1.1\r\n\r\n",
                b"POST /loops HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
                b"POST /loops HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: -1\r\n\r\n",
            )
        ]
        alive = await status(url, "/health/live")

    wrong = {target: answers[target[:40]] for target, fine in STRANGE.items() if answers[target[:40]] not in fine}
    assert wrong == {}
    assert {answer.split(b" ")[1] for answer in malformed} == {b"400"}
    assert alive == 200


async def test_what_comes_in_is_not_shown_again() -> None:
    mark = "c0ffee-mark"
    async with serving(tokens="read:r write:w") as (url, _), aiohttp.ClientSession(url) as session:
        for method, target, body in (
            ("GET", f"/loops/{mark}", None),
            ("GET", f"/{mark}", None),
            ("GET", f"{POST}/stream?{mark}={mark}", None),
            ("POST", POST, f'{{"{mark}'),
            ("POST", f"{POST}?port={mark}", mark),
            ("POST", POST, mark),
        ):
            for headers in ({"authorization": "Bearer w"}, {"authorization": "Bearer r"}, {"authorization": mark}):
                async with session.request(method, target, data=body, headers={"origin": "", **headers}) as reply:
                    assert mark not in await reply.text()
                kind = {"content-type": f"application/json; {mark}"}
                async with session.request(method, target, data=body, headers={**kind, **headers}) as reply:
                    assert mark not in await reply.text()
                    assert reply.status >= 400


# -- bodies ----------------------------------------------------------------------------------------------------------

MEGABYTE = 1_000_000


def memory(process: subprocess.Popen[str], entry: str) -> int:
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(text.partition(f"{entry}:")[2].split()[0]) * 1024


def memory_anew(process: subprocess.Popen[str]) -> int:
    """Return the memory that a process has, and forget the most it had."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    return memory(process, "VmRSS")


async def upload(url: str, *, is_chunked: bool) -> tuple[bytes, int]:
    """Send 200 MB as fast as the server takes it; return its answer and how much it took."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    length = b"transfer-encoding: chunked" if is_chunked else b"content-length: 200000000"
    writer.write(b"POST %s HTTP/1.1\r\nhost: %s\r\n%s\r\n\r\n" % (POST.encode(), place.netloc.encode(), length))
    block, sent = b"0" * 100_000, 0
    if is_chunked:
        block = b"%x\r\n%s\r\n" % (len(block), block)
    reply = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))  # while it sends on, as clients do
    with contextlib.suppress(OSError):  # the server has closed; its answer is here already
        async with asyncio.timeout(60):
            while sent < 200 * MEGABYTE:
                writer.write(block)
                await writer.drain()
                sent += 100_000
            if is_chunked:
                writer.write(b"0\r\n\r\n")
    try:
        async with asyncio.timeout(30):
            return await reply, sent
    except (OSError, asyncio.IncompleteReadError):
        return b"", sent
    finally:
        writer.transport.abort()


async def growth(program_text: str, *, is_chunked: bool) -> tuple[int, bytes, int]:
    """Return by how much the server's memory grew at most, its answer, and how much it took."""
    with program(program_text) as (process, url):
        async with aiohttp.ClientSession(url) as session:
            for _ in range(20):
                await (await session.post(POST, data=b"1" * 900_000, headers={"content-type": "text/plain"})).read()
        before = memory_anew(process)
        answer, sent = await upload(url, is_chunked=is_chunked)
        return memory(process, "VmHWM") - before, answer, sent


@pytest.mark.parametrize("is_chunked", [False, True], ids=["announced", "chunked"])
async def test_a_body_of_200_mb_is_refused_in_little_memory(*, is_chunked: bool) -> None:
    grown, answer, sent = await growth(PROGRAM, is_chunked=is_chunked)

    show("200 MB", grown_mb=round(grown / MEGABYTE, 2), taken_mb=round(sent / MEGABYTE, 1), answer=answer[:12])
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert grown < 5 * MEGABYTE


async def test_a_server_that_reads_it_all_would_be_found() -> None:
    """The planted bug: a limit that is too high."""
    unlimited = PROGRAM.replace('"rest.rate": 0', '"rest.rate": 0, "rest.max_body_bytes": 10**9, "rest.timeout": 60')
    grown, answer, _ = await growth(unlimited, is_chunked=True)

    show("200 MB, read", grown_mb=round(grown / MEGABYTE, 2))
    assert not answer.startswith(b"HTTP/1.1 413 ")
    assert grown > 50 * MEGABYTE


# -- time and number -------------------------------------------------------------------------------------------------


async def half_sent(url: str, number: int, seconds: float) -> tuple[int, float, float, int]:
    """Hold half-sent requests open, each with a byte now and then, while an honest client asks on.

    Returns:
        How many are still open after `seconds`, when the last one was closed [s], the longest the honest client
        waited [s], and how often it was served.
    """
    place = urlsplit(url)
    pairs = [await asyncio.open_connection(place.hostname, place.port) for _ in range(number)]
    start = time.monotonic()
    for _, writer in pairs:
        writer.write(b"POST /loops HTTP/1.1\r\nhost: %s\r\nx-slow: " % place.netloc.encode())
    closed: list[float] = []
    tasks = [asyncio.create_task(_drip(*pair, start, closed)) for pair in pairs]
    longest, served = 0.0, 0
    async with aiohttp.ClientSession(url) as session:
        while time.monotonic() - start < seconds and len(closed) < number:
            asked = time.monotonic()
            async with session.get("/health/live") as reply:
                served += reply.status == 200
            longest = max(longest, time.monotonic() - asked)
            await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for _, writer in pairs:
        writer.transport.abort()
    return number - len(closed), max(closed, default=0.0), longest, served


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, start: float, closed: list[float]) -> None:
    ended = asyncio.ensure_future(reader.read())
    with contextlib.suppress(OSError):
        while not ended.done():
            writer.write(b"x")
            await asyncio.wait({ended}, timeout=2)
        ended.result()
    closed.append(time.monotonic() - start)


async def test_half_sent_requests_are_closed_while_an_honest_client_is_served() -> None:
    with program() as (_, url):
        left, last, longest, served = await half_sent(url, 300, 13)

    show(
        "300 half-sent",
        still_open=left,
        last_closed_s=round(last, 1),
        honest_longest_ms=round(longest * 1e3),
        served=served,
    )
    assert left == 0
    assert last < 12
    assert served > 50
    assert longest < 1


async def test_a_server_that_waits_for_ever_would_be_found() -> None:
    """The planted bug: heads have no deadline."""
    planted = "from mape.remote.rest.protocol import HttpProtocol\nHttpProtocol._late = lambda self: None\n"
    with program(planted + PROGRAM.replace('"rest.rate": 0', '"rest.rate": 0, "rest.timeout": 1')) as (_, url):
        left, _, _, _ = await half_sent(url, 30, 3)

    assert left == 30


async def test_there_are_not_more_connections_than_the_bound() -> None:
    async with serving(connections=20) as (url, _):
        place = urlsplit(url)
        pairs = [await asyncio.open_connection(place.hostname, place.port) for _ in range(20)]
        refused = await raw(url, b"")
        for _, writer in pairs:
            writer.transport.abort()
        again = 0
        async with asyncio.timeout(10):  # until the server has heard that they are gone
            while again != 200:
                again = await status(url, "/health/live")

    assert refused.startswith(b"HTTP/1.1 503 ")
    assert again == 200


async def test_a_client_over_its_rate_is_told_when_to_come_back() -> None:
    async with serving(rate=20.0) as (url, _), aiohttp.ClientSession(url) as session:
        answers = []
        for _ in range(60):
            async with session.get("/health/live") as reply:
                answers.append((reply.status, reply.headers.get("retry-after")))

    assert answers[:20] == [(200, None)] * 20
    assert (429, "1") in answers


# -- beyond this machine ---------------------------------------------------------------------------------------------


def test_a_program_that_would_listen_beyond_this_machine_without_a_token_does_not_start() -> None:
    open_to_all = PROGRAM.replace("127.0.0.1:0", "0.0.0.0:0")
    with pytest.raises(AssertionError, match=r"ConfigError: .*rest\.token.*rest\.auth: none"):
        begin(open_to_all)


def test_it_starts_with_a_token_or_on_purpose() -> None:
    for setting in ('"rest.token": "secret"', '"rest.auth": "none"'):
        with program(PROGRAM.replace("127.0.0.1:0", "0.0.0.0:0").replace('"rest.rate": 0', setting)) as (_, url):
            assert url.startswith("http://0.0.0.0:")


def test_a_server_that_takes_every_address_for_this_machine_would_be_found() -> None:
    """The planted bug: whatever it is bound to counts as loopback."""
    planted = "from mape.remote.rest.address import Address\nAddress.is_local = property(lambda self: True)\n"
    with program(planted + PROGRAM.replace("127.0.0.1:0", "0.0.0.0:0")) as (_, url):
        assert url.startswith("http://0.0.0.0:")
