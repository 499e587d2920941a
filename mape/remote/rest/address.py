"""Where the server listens: ``host:port``, and by which names it may be called."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from dataclasses import dataclass
from typing import Any

from mape.errors import ConfigError

__all__ = ["Address", "host_of", "is_ip", "is_loopback"]

BACKLOG = 128
HIGHEST_PORT = 65_535
NEIGHBOURS = 20
"""Ports that are tried where any from one on will do."""


@dataclass(frozen=True)
class Address:
    """A host and a port; port 0 is any that is free.

    Args:
        is_lowest: Whether the port is only the lowest that will do: the first free one of twenty is taken, else any.
    """

    host: str
    port: int
    is_lowest: bool = False

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``host:port``, ``[v6]:port`` or ``:port``, which is this machine only; ``:8000+`` is 8000 or higher.

        Raises:
            ConfigError: It is none of these.
        """
        host, colon, port = text.strip().rpartition(":")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if not colon or (":" in host and bare == host) or "/" in host or "@" in host or not port.isascii():
            raise ConfigError(f"rest.host_port must be 'host:port', ':port' or '[v6 address]:port'; got {text!r:.80}")
        digits = port.removesuffix("+")
        if not digits.isdigit() or int(digits) > HIGHEST_PORT:
            raise ConfigError(f"rest.host_port {text!r:.80} must end in a port from 0 to {HIGHEST_PORT}")
        return cls(bare or "127.0.0.1", int(digits), digits != port)

    @property
    def is_local(self) -> bool:
        """Whether only programs on this machine can reach it."""
        return is_loopback(self.host)

    def bind(self) -> socket.socket:
        """Return a listening socket.

        Raises:
            ConfigError: The port is taken, needs more rights, or is on no address of this machine.
        """
        last = 0 if self.is_lowest else self.port
        above = range(self.port, min(self.port + NEIGHBOURS, HIGHEST_PORT + 1)) if self.is_lowest else ()
        for port in (*above, last):
            try:
                return self._listen(port)
            except OSError as error:
                if port == last or error.errno != errno.EADDRINUSE:
                    raise ConfigError(f"the REST server cannot listen at {self}: {_reason(error)}") from error
        raise AssertionError("the last port was not tried")

    def _listen(self, port: int) -> socket.socket:
        found = socket.getaddrinfo(self.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = min(found, key=lambda each: each[0] != socket.AF_INET)
        return _listener(family, place)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}{'+' if self.is_lowest else ''}"


def _listener(family: int, place: Any) -> socket.socket:
    """Listen; the protocol is named because asyncio sends answers without delay only where it is (40 ms else)."""
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere this option would let two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program listens there; end it, or give rest.host_port another port (0 is any free one)"
    if error.errno == errno.EACCES:
        return "ports below 1024 need more rights; give rest.host_port a higher one"
    return f"{error.strerror or error}; give rest.host_port an address of this machine, 127.0.0.1 or 0.0.0.0"


def is_ip(host: str) -> bool:
    """Whether `host` is an address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine and cannot be anything else."""
    if host.lower() == "localhost":
        return True
    return is_ip(host) and ipaddress.ip_address(host).is_loopback


def host_of(netloc: str) -> str | None:
    """Return the host of ``host[:port]``, lower case, without brackets; None if it is malformed."""
    host, bracket, port = netloc.partition("]")
    if host.startswith("["):
        if not bracket or not (port == "" or (port.startswith(":") and port[1:].isdigit())) or not is_ip(host[1:]):
            return None
        return host[1:].lower()
    host, colon, port = netloc.partition(":")
    if not host or (colon and not (port.isascii() and port.isdigit())) or any(each in host for each in "/@\\? ,"):
        return None
    return host.lower().removesuffix(".")
