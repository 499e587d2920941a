"""Keeps secrets out of what people print, log and paste into issues."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["MASK", "masked"]

MASK = "***"

_SECRET_NAME = re.compile(r"token|passw|passphrase|secret|credential|api_?key|private_?key", re.IGNORECASE)
# Up to the last @: a password may hold a bare slash or @. Rather a host masked too many than a password shown.
_URL_PASSWORD = re.compile(r"(://[^\s:/?#@]*):(\S*)@")
_QUERY_SECRET = re.compile(r"([?&][^=&\s]*(?:token|passw|secret|key)[^=&\s]*=)[^&#\s]+", re.IGNORECASE)


def masked(name: str, value: Any) -> Any:
    """Give `value` as it may be shown: whole where `name` is harmless, masked where either looks like a secret."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {key: masked(f"{name}.{key}", entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return tuple(masked(name, entry) for entry in value)
    if _SECRET_NAME.search(name):
        return MASK
    return _masked_text(value) if isinstance(value, str) else value


def _masked_text(text: str) -> str:
    text = _URL_PASSWORD.sub(rf"\1:{MASK}@", text)
    return _QUERY_SECRET.sub(rf"\1{MASK}", text)
