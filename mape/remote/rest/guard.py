"""Who gets in: looks at a request before anything else does, HTTP and WebSocket alike; pure.

On this machine's own loopback address, programs are let in without a token. Pages in a browser on this machine are not:
a page of somebody else's names its origin, or has been given our address under a name of its own (DNS rebinding).
"""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from mape.errors import ConfigError
from mape.remote.rest.address import Address, host_of, is_ip, is_loopback
from mape.remote.rest.answer import Answer, WireScope, refusal
from mape.remote.rest.credential import ALL, Credentials, Scope, words
from mape.remote.rest.rate import Rate
from mape.settings.schema import Rest

__all__ = ["Guard"]

HEADERS = 100
HEAD_BYTES = 32 * 1024
QUERY_BYTES = 8 * 1024
BEARER = (b"www-authenticate", b'Bearer realm="mape"')
CHALLENGE = (BEARER, (b"www-authenticate", b'Basic realm="mape"'))


class Guard:
    """Decides about each request.

    Args:
        settings: ``rest`` of the settings.
        address: Where the server listens.
        now: A monotonic clock [s].

    Raises:
        ConfigError: Beyond this machine without a token; a malformed token.
    """

    def __init__(self, settings: Rest, address: Address, now: Callable[[], float]) -> None:
        self.credentials = Credentials(settings.token, settings.tokens)
        self.is_open = settings.auth == "none" or (address.is_local and not self.credentials)
        if not (self.is_open or self.credentials):
            raise ConfigError(
                f"the REST server would listen at {address}, beyond this machine, without a token: set rest.token "
                "(as MAPE_REST__TOKEN), or rest.auth: none if everybody may come in, or listen at 127.0.0.1"
            )
        self._is_local = address.is_local
        self._hosts = _names(address, words(settings.hosts))
        self._rate = Rate(settings.rate, now)

    def admit(self, scope: WireScope) -> frozenset[Scope] | Answer:
        """Return what the sender of a request may do, or why it may not come in."""
        return self.turn_away(scope) or self._scopes(scope["headers"], _client(scope))

    def turn_away(self, scope: WireScope) -> Answer | None:
        """Return why a request may not come in, whoever sends it and whatever for; None if it may."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if len(headers) > HEADERS or sum(len(name) + len(value) for name, value in headers) > HEAD_BYTES:
            return refusal(431, f"send at most {HEADERS} headers of {HEAD_BYTES} bytes together")
        if len(scope["query_string"]) > QUERY_BYTES:
            return refusal(414, f"send a query of at most {QUERY_BYTES} bytes")
        if wait := self._rate.wait(_client(scope)):
            after = ((b"retry-after", str(math.ceil(wait)).encode()),)
            return refusal(429, "too many requests: send many items in one request, or set rest.rate", after)
        return self._foreign(headers)

    def _foreign(self, headers: Iterable[tuple[bytes, bytes]]) -> Answer | None:
        """Refuse what a page of somebody else's sends."""
        hosts = [value for name, value in headers if name == b"host"]
        host = host_of(hosts[0].decode("latin-1")) if len(hosts) == 1 else None
        if host is None:
            return refusal(400, "send one Host header: the server's name or address")
        if not self._is_known(host):
            return refusal(403, "the server is not known by the name in the Host header: add it to rest.hosts")
        for name, value in headers:
            if name == b"origin" and _netloc(value) != hosts[0].decode("latin-1").lower():
                return refusal(403, "requests from other sites' pages are refused: the Origin is not this server")
            if name == b"sec-fetch-site" and value in {b"cross-site", b"same-site"} and not _navigates(headers):
                return refusal(403, "requests from other sites' pages are refused")
        return None

    def _is_known(self, host: str) -> bool:
        if "*" in self._hosts or host in self._hosts or is_loopback(host):
            return True
        return is_ip(host) and not self._is_local  # an address cannot be rebound; a name can

    def _scopes(self, headers: Iterable[tuple[bytes, bytes]], client: str) -> frozenset[Scope] | Answer:
        if self.is_open:
            return ALL
        given = [value for name, value in headers if name == b"authorization"]
        scopes = self.credentials.scopes_of(given[0]) if len(given) == 1 else None
        if scopes is not None:
            return scopes
        challenge = (BEARER,) if _is_script(headers) else CHALLENGE
        if given:
            self._rate.fine(client)
            return refusal(401, "the token is not known here", challenge)
        return refusal(401, "send a token: 'Authorization: Bearer TOKEN'", challenge)


def _names(address: Address, hosts: tuple[str, ...]) -> frozenset[str]:
    """Return the names that the server may be called by."""
    own = socket.gethostname().lower()
    bound = {address.host.lower()} if not is_ip(address.host) else set()
    machine = set() if address.is_local else {own, own.partition(".")[0], f"{own.partition('.')[0]}.local"}
    return frozenset({"localhost", *bound, *machine, *(host.lower() for host in hosts)})


def _netloc(origin: bytes) -> str:
    """Return the ``host[:port]`` of an Origin header."""
    try:
        parts = urlsplit(origin.decode("latin-1"))
    except ValueError:
        return ""
    return parts.netloc.lower() if parts.scheme in {"http", "https"} else ""


def _client(scope: WireScope) -> str:
    return str((scope.get("client") or ("",))[0])


def _is_script(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a page of ours asks: to be challenged by ``Basic``, a browser would open a dialog over the page's own."""
    return any(name == b"x-mape-page" or (name, value) == (b"sec-fetch-dest", b"empty") for name, value in headers)


def _navigates(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a person followed a link to here, which is harmless: the other site sees nothing of it."""
    found = dict(headers)
    return found.get(b"sec-fetch-mode") == b"navigate" and found.get(b"sec-fetch-dest") == b"document"
