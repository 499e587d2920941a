from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from redis.asyncio import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from mape.errors import MailboxFullError
from mape.remote.redis.knowledge.batching import BatchingRedis

pytestmark = pytest.mark.virtual_time

Answer = Callable[[tuple[bytes, ...]], Any]
SILENT = object()


class FakeConnection:
    """Says to each command what `answer` makes of it; `writes` are the commands of each write."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.socket_timeout = answer, 2.0
        self.writes: list[list[tuple[bytes, ...]]] = []
        self.is_connected, self._answers = True, deque[Any]()
        self._is_new = False

    async def send_packed_command(self, packed: bytes) -> None:
        commands, parts = [], deque(packed.split(b"\r\n"))
        while parts and (head := parts.popleft()):
            commands.append(tuple((parts.popleft(), parts.popleft())[1] for _ in range(int(head[1:]))))
        self.writes.append(commands)
        self._answers.extend(self.answer(command) for command in commands)
        self._is_new = True

    async def send_command(self, *args: Any) -> None:
        self.writes.append([args])
        self._answers.append(self.answer(args))

    async def read_response(self) -> Any:
        if self._is_new:  # what has arrived is read without waiting
            self._is_new = False
            await asyncio.sleep(0.001)
        answer = self._answers.popleft()
        if answer is SILENT:
            await asyncio.sleep(86_400)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def disconnect(self, nowait: object = None) -> None:
        self.is_connected = nowait is self

    @property
    def retry(self) -> Any:
        return self

    async def call_with_retry(self, call: Any, _: Any) -> Any:
        return await call()


class FakePool(ConnectionPool):
    """Hands out one connection after another."""

    def __init__(self, answer: Answer = lambda command: command[-1], fault: Exception | None = None) -> None:
        super().__init__()
        self.answer, self.fault = answer, fault
        self.made: list[FakeConnection] = []
        self.idle: list[FakeConnection] = []

    async def get_connection(self, *_: Any, **__: Any) -> Any:
        if self.fault:
            raise self.fault
        if self.idle:
            return self.idle.pop()
        self.made.append(FakeConnection(self.answer))
        return self.made[-1]

    async def release(self, connection: Any) -> None:
        if connection.is_connected:
            self.idle.append(connection)

    @property
    def writes(self) -> list[list[tuple[bytes, ...]]]:
        return [write for connection in self.made for write in connection.writes]


def client(pool: FakePool, **options: Any) -> BatchingRedis:
    return BatchingRedis(connection_pool=pool, **options)


async def test_calls_of_one_turn_travel_in_one_write_and_get_their_own_answers() -> None:
    pool = FakePool()
    redis = client(pool)
    answers = await asyncio.gather(*(redis.execute_command("GET", f"k{number}") for number in range(100)))
    assert answers == [b"k%d" % number for number in range(100)]
    assert [len(write) for write in pool.writes] == [100]


async def test_calls_reach_the_server_in_the_order_in_which_they_were_made() -> None:
    pool = FakePool()
    redis = client(pool)

    async def caller(name: str) -> None:
        for number in range(5):
            await redis.execute_command("APPEND", name, number)

    await asyncio.gather(*(caller(name) for name in "abc"))
    sent = [command for write in pool.writes for command in write]
    for name in (b"a", b"b", b"c"):
        assert [command[2] for command in sent if command[1] == name] == [b"0", b"1", b"2", b"3", b"4"]


async def test_what_is_called_while_answers_come_goes_on_the_way_before_the_last_answer() -> None:
    pool = FakePool()
    redis = client(pool)
    first = [asyncio.ensure_future(redis.execute_command("GET", str(number))) for number in range(200)]
    await first[0]
    late = redis.execute_command("GET", "late")
    await first[150]
    assert (b"GET", b"late") in pool.writes[-1]
    assert not first[199].done()
    assert await late == b"late"


async def test_the_commands_of_redis_py_convert_answers_as_ever() -> None:
    redis = client(FakePool(lambda command: {b"HGETALL": [b"a", b"1"], b"EXISTS": 1, b"SET": b"OK"}[command[0]]))
    assert await redis.hgetall("h") == {b"a": b"1"}  # type: ignore[misc] # of redis-py: maybe a dict
    assert await redis.set("a", "b") is True
    assert await redis.exists("a") == 1


async def test_an_error_is_that_of_its_own_caller() -> None:
    redis = client(FakePool(lambda command: ResponseError("WRONGTYPE") if command[1] == b"bad" else command[1]))
    answers = await asyncio.gather(
        *(redis.execute_command("GET", key) for key in ("a", "bad", "b")), return_exceptions=True
    )
    assert answers[0] == b"a"
    assert isinstance(answers[1], ResponseError)
    assert answers[2] == b"b"


async def test_an_answer_that_cannot_be_converted_is_that_of_its_own_caller() -> None:
    redis = client(FakePool(lambda command: b"no float" if command[0] == b"INCRBYFLOAT" else b"a"))
    answers: Any = await asyncio.gather(
        redis.execute_command("INCRBYFLOAT", "a", 1), redis.execute_command("GET", "a"), return_exceptions=True
    )
    assert isinstance(answers[0], ValueError)
    assert answers[1] == b"a"


@pytest.mark.parametrize("argument", [None, True, object(), "\ud800"])
async def test_a_command_that_cannot_be_written_costs_its_own_caller_only(argument: Any) -> None:
    pool = FakePool()
    redis = client(pool)
    answers: Any = await asyncio.gather(
        redis.execute_command("SET", "a", argument), redis.execute_command("GET", "a"), return_exceptions=True
    )
    assert isinstance(answers[0], DataError)
    assert answers[1] == b"a"
    assert pool.writes == [[(b"GET", b"a")]]


async def test_a_caller_that_is_cancelled_harms_nobody() -> None:
    pool = FakePool()
    redis = client(pool)

    async def call(key: str) -> Any:
        return await redis.execute_command("GET", key)

    calls = [asyncio.create_task(call(key)) for key in "abc"]
    await asyncio.sleep(0)
    calls[1].cancel()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert answers[0] == b"a"
    assert isinstance(answers[1], asyncio.CancelledError)
    assert answers[2] == b"c"
    assert await call("d") == b"d", "the answers are still in step"


@pytest.mark.parametrize(
    "command", [("BLPOP", "a", 0), ("blpop", "a", 0), (b"BRPOP", "a", 0), ("XREAD", b"BLOCK", 0), ("CLIENT ID",)]
)
async def test_commands_that_block_have_a_connection_of_their_own(command: tuple[Any, ...]) -> None:
    pool = FakePool(lambda sent: SILENT if sent[0] != b"GET" else b"a")
    redis = client(pool)
    blocked = asyncio.ensure_future(redis.execute_command(*command))
    await asyncio.sleep(0.1)
    assert await redis.execute_command("GET", "a") == b"a"
    assert len(pool.made) == 2
    blocked.cancel()


async def test_names_of_several_words_are_split() -> None:
    pool = FakePool()
    await client(pool).execute_command("CONFIG GET", "save")
    assert pool.writes == [[(b"CONFIG", b"GET", b"save")]]


async def test_every_kind_of_argument_is_written_as_redis_py_writes_it() -> None:
    pool = FakePool()
    await client(pool).execute_command("SET", "zü", b"\xff\x00", 7, -1, 1.5, memoryview(b"m"))
    assert pool.writes == [[(b"SET", "zü".encode(), b"\xff\x00", b"7", b"-1", b"1.5", b"m")]]


async def test_silence_ends_at_the_deadline_and_the_connection_is_dropped() -> None:
    pool = FakePool(lambda _: SILENT)
    redis = client(pool, deadline=3.0)
    start = asyncio.get_running_loop().time()
    with pytest.raises(RedisTimeoutError):
        await redis.execute_command("GET", "a")
    assert asyncio.get_running_loop().time() - start == pytest.approx(3.0, abs=0.1)
    assert not pool.made[0].is_connected
    pool.answer = lambda _: b"back"
    assert await redis.execute_command("GET", "a") == b"back"
    assert len(pool.made) == 2


async def test_a_broken_connection_fails_what_was_sent_and_carries_the_rest_on_the_next() -> None:
    pool = FakePool(lambda _: RedisConnectionError("reset"))
    redis = client(pool)
    sent = asyncio.ensure_future(redis.execute_command("INCR", "a"))
    while not pool.made or not pool.made[0].writes:  # noqa: ASYNC110 - the first turn in which it is so
        await asyncio.sleep(0)
    waiting = redis.execute_command("INCR", "b")
    pool.answer = lambda _: 1
    with pytest.raises(RedisConnectionError):
        await sent
    assert await waiting == 1
    assert pool.writes == [[(b"INCR", b"a")], [(b"INCR", b"b")]], "nothing is sent twice"


async def test_without_a_connection_everybody_is_told() -> None:
    redis = client(FakePool(fault=RedisConnectionError("refused")))
    answers = await asyncio.gather(*(redis.execute_command("GET", "a") for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [RedisConnectionError] * 3


async def test_beyond_the_bound_a_call_is_refused_at_once() -> None:
    pool = FakePool()
    redis = client(pool, size=2)
    calls = [redis.execute_command("GET", str(number)) for number in range(3)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert answers[:2] == [b"0", b"1"]
    assert isinstance(answers[2], MailboxFullError)
    assert await redis.execute_command("GET", "3") == b"3", "there is room again"


async def test_the_connection_goes_back_as_it_was() -> None:
    pool = FakePool()
    await client(pool).execute_command("GET", "a")
    await asyncio.sleep(0.01)
    assert [connection.socket_timeout for connection in pool.idle] == [2.0]


async def test_nothing_stays_behind_when_it_is_quiet() -> None:
    redis = client(FakePool())
    before = asyncio.all_tasks()
    await redis.execute_command("GET", "a")
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == before
