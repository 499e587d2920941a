from __future__ import annotations

from typing import Any

import pytest
from redis import exceptions as redis_errors

from mape.errors import ConnectError, DecodeError, EncodeError, PeerError, SendError
from mape.remote.redis.knowledge.fault import translated


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (redis_errors.ResponseError("WRONGTYPE Operation"), DecodeError, "'k.a'"),
        (redis_errors.ResponseError("ERR unknown command"), PeerError, "unknown command"),
        (redis_errors.NoPermissionError("no"), PeerError, "refused GET"),
        (redis_errors.OutOfMemoryError("OOM command not allowed"), SendError, "OOM"),
        (redis_errors.AuthenticationError("WRONGPASS"), PeerError, "credentials"),
        (redis_errors.TimeoutError("late"), SendError, "not known"),
        (TimeoutError(), SendError, "not known"),
        (redis_errors.RedisClusterException("same slot"), PeerError, "same slot"),
        (redis_errors.ConnectionError("refused"), ConnectError, "refused"),
        (OSError("gone"), ConnectError, "gone"),
        (redis_errors.DataError("Invalid input"), EncodeError, "was not sent"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), EncodeError, "was not sent"),
    ],
)
def test_errors_of_redis_become_errors_of_mape(error: Exception, kind: type[Exception], text: str) -> None:
    found = translated(error, ("GET", "k.a"))
    assert type(found) is kind
    assert text in str(found)


def test_an_error_of_mape_stays_what_it_is() -> None:
    error = ConnectError("gone")
    assert translated(error, ("GET", "k.a")) is error


@pytest.mark.parametrize("arguments", [(), ("PING",), ("GET", b"\xff"), ("GET", "x" * 10_000)])
def test_a_strange_command_makes_no_other_error(arguments: tuple[Any, ...]) -> None:
    assert len(str(translated(OSError("gone"), arguments))) < 400
