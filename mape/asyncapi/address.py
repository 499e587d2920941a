"""Names that a document may use: keys, servers without credentials, patterns as templates. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Keys", "server_of", "template"]

_PIECE = re.compile(r"\[(?P<letters>[^\]^!\\-]+)\]|(?P<wild>[*?])|(?P<plain>[^\\\[\]{}*?]+)")


class Keys:
    """Makes keys for a table of the document: what they stand for, in letters that every tool takes; each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, *names: str) -> str:
        """Return a key for something that is called so."""
        key = wanted = re.sub(r"[^A-Za-z0-9_.-]+", "_", "_".join(filter(None, names))).strip("_") or "unnamed"
        number = 1
        while key in self._taken:
            number += 1
            key = f"{wanted}_{number}"
        self._taken.add(key)
        return key


def server_of(protocol: str, address: str) -> dict[str, Any]:
    """Return a server object for an address that holds no credentials, as sinks and sources give it."""
    if "://" not in address:
        return {"host": address or "localhost", "protocol": protocol}
    scheme, _, rest = address.partition("://")
    if scheme == "unix":
        return {"host": "localhost", "protocol": protocol, "description": f"The socket {address}."}
    hosts, slash, path = rest.partition("/")
    found: dict[str, Any] = {"host": urlsplit(f"//{hosts}").netloc or hosts, "protocol": scheme}
    if slash and path:
        found["pathname"] = f"/{path}"
    return found


def template(pattern: str) -> tuple[str | None, dict[str, Any]]:
    """Return a glob pattern as an address with parameters, and those; None where it says more than a template can.

    ``car_*`` is ``car_{any}``, ``car_?`` is ``car_{letter}``, ``car_[xy]`` is ``car_{one}`` with the choices x and y.
    """
    parameters: dict[str, Any] = {}
    pieces, place = [], 0
    for match in _PIECE.finditer(pattern):
        if match.start() != place:
            return None, {}
        place = match.end()
        pieces.append(match["plain"] or _parameter(match["wild"], match["letters"], parameters))
    return ("".join(pieces), parameters) if place == len(pattern) else (None, {})


def _parameter(wild: str | None, letters: str | None, parameters: dict[str, Any]) -> str:
    if letters:
        name = _new("one", parameters)
        parameters[name] = {"description": "One of these.", "enum": sorted(set(letters))}
    else:
        name = _new("any" if wild == "*" else "letter", parameters)
        parameters[name] = {"description": "Any text." if wild == "*" else "Any letter."}
    return f"{{{name}}}"


def _new(name: str, taken: Iterable[str]) -> str:
    count = sum(each.rstrip("0123456789") == name for each in taken)
    return f"{name}{count + 1}" if count else name
