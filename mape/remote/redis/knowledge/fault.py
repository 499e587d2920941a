"""What redis-py raises, as errors of mape: one tree for whoever works with shared knowledge."""

from __future__ import annotations

from typing import Any

from redis import exceptions as redis_errors

from mape.errors import ConnectError, DecodeError, EncodeError, MapeError, PeerError, SendError

__all__ = ["REDIS_FAULTS", "translated"]

REDIS_FAULTS = (redis_errors.RedisError, OSError, TimeoutError)
"""What a client of redis-py may raise because of the server, the network or an argument."""


def translated(error: BaseException, arguments: tuple[Any, ...]) -> Exception:  # noqa: PLR0911 - one for each kind
    """Return the error of mape for what the command `arguments` met."""
    command = str(arguments[0]).partition(" ")[0] if arguments else "a command"
    on = f" on key {_text(arguments[1])!r:.200}" if arguments[1:] else ""
    text = str(error)[:200]
    if isinstance(error, MapeError):
        return error
    if isinstance(error, redis_errors.DataError | UnicodeError):
        return EncodeError(f"{command}{on} was not sent: {text}")
    if isinstance(error, redis_errors.RedisClusterException):
        return PeerError(f"the redis cluster cannot do {command}{on}: {text}")
    if isinstance(error, redis_errors.ResponseError):
        if text.startswith("WRONGTYPE"):
            return DecodeError(
                f"{command}{on}: the key holds another kind of collection; it is somebody else's, or old"
            )
        busy = text.startswith(("LOADING", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "OOM", "BUSY"))
        return (SendError if busy else PeerError)(f"redis refused {command}{on}: {text}")
    if isinstance(error, redis_errors.AuthenticationError | redis_errors.AuthorizationError):
        return PeerError(f"redis refused the credentials of redis.url: {text}")
    if isinstance(error, redis_errors.TimeoutError | TimeoutError):
        return SendError(f"no answer to {command}{on} in time; whether it was done is not known")
    return ConnectError(f"redis cannot be reached for {command}{on}: {text or type(error).__name__}")


def _text(key: Any) -> str:
    return key.decode(errors="replace") if isinstance(key, bytes) else str(key)
