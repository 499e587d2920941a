"""Why bytes could not be decoded, in words that are short and safe to log, whatever the bytes."""

from __future__ import annotations

from typing import Any

import msgspec

from mape.errors import DecodeError

__all__ = ["poison", "reason_of", "unreadable"]

SHOWN = 60
"""How much of the input a reason shows [bytes]."""
SAID = 140
"""How much of what a library says is passed on, as it may quote the input [characters]."""


def unreadable(error: Exception, payload: Any) -> DecodeError:
    """The error for a payload of which nothing can be used."""
    return DecodeError(f"unreadable payload: {reason_of(error)}{_shown(payload)}")


def poison(error: Exception, index: int, raw: Any) -> DecodeError:
    """The error that stands in for one bad item."""
    return DecodeError(f"item {index} is unreadable: {reason_of(error)}{_shown(raw)}")


def reason_of(error: Exception) -> str:
    """What `error` says of the input."""
    if isinstance(error, RecursionError):
        return "nested too deep"
    if isinstance(error, MemoryError):
        return "no memory for it"
    if isinstance(error, UnicodeDecodeError):
        return f"text that is not UTF-8, {error.reason}"
    if isinstance(error, (msgspec.MsgspecError, ValueError, TypeError)):
        said = str(error)
    else:
        said = f"{type(error).__name__}: {error}"
    said = ascii(said)[1:-1]
    return said if len(said) <= SAID else f"{said[:SAID]}..."


def _shown(payload: Any) -> str:
    """The beginning of the input, escaped."""
    if not isinstance(payload, (bytes, bytearray, memoryview, msgspec.Raw)):
        return ""
    view = memoryview(payload)
    begin = ascii(bytes(view[:SHOWN]))[1:]
    return f", in {begin[:SHOWN]}{'...' if len(view) > SHOWN or len(begin) > SHOWN else ''}"
