"""Where an element of another app is: its URL, made so that no name in it can lead anywhere else; pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from mape.errors import WiringError
from mape.flow.services import Channel
from mape.path import check_uid

__all__ = ["SHARED_LOOP", "Target", "address"]

SHARED_LOOP = "sources"
"""The loop that a name without one is looked up in: ``cars`` is ``sources.cars``."""
PORTS = ("in", "out")
LONGEST = 2


def address(path: str) -> tuple[str, str]:
    """Return the loop and the element of ``element``, ``loop.element`` or ``level.loop.element``.

    Raises:
        WiringError: It is none of these.
    """
    names = str(path).split(".")
    if len(names) > LONGEST + 1:
        raise WiringError(f"{path!r:.80} is no path of an element: write loop.element")
    for name in names:
        check_uid(name, "path of an element")
    return (SHARED_LOOP, names[0]) if len(names) == 1 else (names[-2], names[-1])


@dataclass(frozen=True)
class Target:
    """A port of an element on a server.

    Args:
        origin: Scheme, host and port.
        host: Lower case, without brackets.
        prefix: What the server's own paths begin with, as behind a proxy; mostly "".
        loop, element, port: Which port.
    """

    origin: str
    host: str
    prefix: str
    loop: str
    element: str
    port: str

    @classmethod
    def parse(cls, base_url: str, path: str, port: str = "in") -> Target:
        """Put a target together.

        Raises:
            WiringError: The URL is not ``http://host:port`` or ``https://...``, holds a password, a query or a
                fragment; or the path or the port is malformed.
        """
        if port not in PORTS:
            raise WiringError(f"an element has no port {port!r:.40}: take 'in' or 'out'")
        shown = f"{str(base_url).rpartition('@')[2]!r:.120}"
        try:
            parts = urlsplit(str(base_url).strip())
            host, number = parts.hostname, parts.port
        except ValueError as error:
            raise WiringError(f"{shown} is no URL of a server: {error}") from error
        if parts.scheme not in {"http", "https"} or not host:
            raise WiringError(f"{shown} is no URL of a server: write http://host:port")
        if parts.username is not None or parts.password is not None:
            raise WiringError(f"the URL of {shown} holds credentials, which would end up in logs: give token= instead")
        if parts.query or parts.fragment:
            raise WiringError(f"{shown} must end after host and port: the element is named by its path")
        if not host.isascii():
            host = host.encode("idna").decode()
        name = f"[{host}]" if ":" in host else host
        origin = f"{parts.scheme}://{name}" + (f":{number}" if number is not None else "")
        return cls(origin, host, _prefix(parts.path), *address(path), port)

    @property
    def path(self) -> str:
        """The path below the origin."""
        return f"{self.prefix}/loops/{quote(self.loop, safe='')}/elements/{quote(self.element, safe='')}"

    @property
    def url(self) -> str:
        """Where to POST."""
        return f"{self.origin}{self.path}?port={self.port}"

    def channel(self, protocol: str, content_type: str, *, sends: bool) -> Channel:
        """Describe it as a way of items."""
        server = (
            self.origin + self.prefix if protocol == "http" else f"ws{(self.origin + self.prefix).removeprefix('http')}"
        )
        path = self.path.removeprefix(self.prefix)
        return Channel(path, protocol, server, sends, "element", content_type, {"port": self.port})

    def socket_url(self, codec: str, *, takes: bool) -> str:
        """Where to connect a WebSocket, to send items to the port or to watch it."""
        query = f"take={self.port}&counts=yes" if takes else f"take=none&give={self.port}"
        return f"ws{self.origin.removeprefix('http')}{self.path}?{query}&codec={quote(codec, safe='')}"

    def __str__(self) -> str:
        return f"{self.origin}{self.prefix}/{self.loop}.{self.element}?port={self.port}"


def _prefix(path: str) -> str:
    """Return a path to put others behind: never one that begins like a host, or climbs."""
    names = [name for name in path.split("/") if name]
    if ".." in names or "." in names:
        raise WiringError(f"the URL's path {path!r:.80} must not climb: leave '.' and '..' out")
    return "".join(f"/{quote(name, safe='%')}" for name in names)
