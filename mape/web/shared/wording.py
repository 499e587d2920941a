"""Bytes of the store as values, and what a person types as bytes; pure.

Where this process made the collection itself, it knows their type. Elsewhere the bytes have to do: what reads as JSON
is shown as that, all else is text; and what is written there must look like what is there.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from mape.errors import CodecError, DecodeError
from mape.remote.redis.knowledge.form import Form
from mape.web.knowledge import fitted
from mape.web.tree import CUT, clean

__all__ = ["NO_BYTES", "Wording", "beginning", "type_of"]

SHOWN: Final = 256
"""Characters of a text that was not read to its end."""
ANY: Final[Form[Any]] = Form(Any)
NO_BYTES: Final = "these are bytes, which cannot be typed here: they can only be set by a program"


class Wording:
    """Reads and writes the values of one collection.

    Args:
        form: That of its values; None where another program made it.
    """

    def __init__(self, form: Form[Any] | None = None) -> None:
        self.form = form

    @property
    def type(self) -> str:
        """What its values are; "" where nobody here knows."""
        return "" if self.form is None else type_of(self.form.kind)

    def read(self, raw: bytes) -> Any:
        """Return the value of some bytes, which may be anything; never raises."""
        if self.form is not None:
            try:
                return self.form.decode(raw, "")
            except CodecError:
                pass  # somebody else's: shown as what it looks like
        return _guessed(raw)

    def is_foreign(self, raw: bytes) -> bool:
        """Whether bytes are no value of the type that they should be."""
        try:
            if self.form is not None:
                self.form.decode(raw, "")
        except CodecError:
            return True
        return False

    def write(self, value: Any, present: bytes | None) -> bytes:
        """Return plain JSON as bytes of the type.

        Args:
            present: What stands there, or another value of the same collection; None where there is none.

        Raises:
            CodecError: It does not fit.
        """
        if self.form is None or (present is not None and self.is_foreign(present)):
            return _alike(value, present)
        if self.form.kind is Any:
            return _alike_json(value, present)
        if self.form.kind is bytes:
            raise DecodeError(NO_BYTES)
        if self.form.kind is str:
            return self.form.encode(value)
        try:
            typed = self.form.decode(ANY.encode(value), "")
        except DecodeError as error:
            why = str(error.__cause__ or error)[:200]
            raise DecodeError(f"the value does not fit {self.type}: {clean(why)}") from None
        return self.form.encode(typed)


def type_of(kind: Any) -> str:
    """Return how a type is called on the page."""
    if kind is Any:
        return ""
    return clean(kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", ""))[:80]


def beginning(raw: bytes, length: int) -> dict[str, Any]:
    """Return the tree of a value of `length` bytes of which only the beginning was read."""
    text = raw.decode(errors="replace")[:SHOWN]
    return {CUT: max(1, length - len(text.encode())), "text": text}


def _guessed(raw: bytes) -> Any:
    try:
        value = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        value = None
        if raw == b"null":
            return None
    else:
        if not isinstance(value, str):  # a text in quotes is shown with them, because that is what it is
            return value
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _alike(value: Any, present: bytes | None) -> bytes:
    """Write a value so that it looks like what is there."""
    held = _guessed(present) if present is not None else value
    if isinstance(held, bytes):
        raise DecodeError(NO_BYTES)
    if held is None and present is not None and value is not None:
        raise DecodeError("nothing here knows what type these values have: what is there is null")
    new = _number(value, held) if _is_number(held) else fitted(value, held)
    if not isinstance(new, str):
        return ANY.encode(new)
    try:
        return new.encode()
    except UnicodeError:
        raise DecodeError("the text holds half a surrogate pair") from None


def _alike_json(value: Any, present: bytes | None) -> bytes:
    held = ANY.decode(present, "") if present is not None else value
    return ANY.encode(fitted(value, held))


def _number(value: Any, held: Any) -> Any:
    if not _is_number(value):
        raise DecodeError("the value must be a number, as the present one")
    return float(value) if isinstance(held, float) and isinstance(value, int) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
