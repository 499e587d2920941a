"""A codec of somebody's own that does not keep its promise."""

from __future__ import annotations

from typing import Any

from mape.codecs import Frame, JsonCodec

__all__ = ["Clumsy"]


class Clumsy(JsonCodec):
    """Raises what it should not."""

    def decode(self, payload: bytes, kind: Any = None, /) -> Frame:
        if b"poison" in payload:
            raise KeyError("secret" * 100)
        return super().decode(payload, kind)
