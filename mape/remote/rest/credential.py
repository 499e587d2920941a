"""Who may do what: tokens and the scopes they have."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from enum import StrEnum

from mape.errors import ConfigError

__all__ = ["ALL", "Credentials", "Scope", "words"]


class Scope(StrEnum):
    """What a token may do."""

    READ = "read"
    """Look: loops, elements, streams, metrics, documentation."""
    WRITE = "write"
    """Give items to elements."""
    CONTROL = "control"
    """Start and stop elements; send ``on_error`` and ``on_completed``."""


ALL = frozenset(Scope)


def words(setting: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the entries of a list, or of a text with spaces or commas between."""
    return tuple(setting.replace(",", " ").split()) if isinstance(setting, str) else setting


class Credentials:
    """The tokens that a server knows; only their hashes are kept.

    Args:
        token: The one with all scopes.
        tokens: ``read+write:TOKEN``, see `mape.settings`.

    Raises:
        ConfigError: A token or a scope is malformed; the message does not show the token.
    """

    def __init__(self, token: str | None = None, tokens: str | tuple[str, ...] = ()) -> None:
        self._known: dict[bytes, frozenset[Scope]] = {}
        if token is not None:
            self._known[_digest(_checked(token, "rest.token"))] = ALL
        for number, entry in enumerate(words(tokens), 1):
            where = f"entry {number} of rest.tokens"
            scopes, colon, text = entry.partition(":")
            if not colon:
                raise ConfigError(f"{where} must be 'scope+scope:TOKEN'; scopes are {', '.join(Scope)}")
            if unknown := sorted(set(scopes.split("+")) - set(Scope)):
                raise ConfigError(f"{where}: no scope {unknown[0]!r:.40}; there are {', '.join(Scope)}")
            digest = _digest(_checked(text, where))
            self._known[digest] = self._known.get(digest, frozenset()) | {Scope(each) for each in scopes.split("+")}

    def __bool__(self) -> bool:
        return bool(self._known)

    def scopes_of(self, authorization: bytes) -> frozenset[Scope] | None:
        """Return what the sender of an ``Authorization`` header may do; None if it is nobody we know.

        ``Bearer TOKEN``; or ``Basic``, with any name and the token as password, so that a browser can ask a person.
        All known tokens are compared, each in constant time.
        """
        presented = _digest(_presented(authorization))
        found: frozenset[Scope] | None = None
        for known, scopes in self._known.items():
            if hmac.compare_digest(known, presented):
                found = scopes
        return found


def _presented(authorization: bytes) -> bytes:
    kind, _, text = authorization.partition(b" ")
    if kind.lower() == b"bearer":
        return text.strip()
    if kind.lower() == b"basic":
        try:
            return base64.b64decode(text.strip(), validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return b""
    return b""


def _digest(token: str | bytes) -> bytes:
    return hashlib.sha256(token.encode() if isinstance(token, str) else token).digest()


def _checked(token: str, where: str) -> str:
    """Return a token that can stand in a header.

    Raises:
        ConfigError: It cannot, or it is empty.
    """
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(f"{where} must be printable ASCII without spaces; `openssl rand -hex 32` makes a good token")
    return token
