"""Where a Redis is: the forms of ``redis.url``, read strictly and shown without credentials. Pure.

======================================================  ==================================================
``redis://[user:password@]host[:port][/db]``            one server; ``rediss://`` with TLS
``unix:///path/to/socket[?db=0]``                       one server, by its socket
``redis+cluster://host:port,...``                       a cluster, from any of its nodes; ``rediss+cluster://``
``redis+sentinel://host:port,...[/service[/db]]``       what the sentinels say is the primary; ``rediss+sentinel://``
``embedded``                                            a server of this process' own, which dies with it
``embedded:NAME``                                       one for all processes of a user on this machine
``memory``, ``memory://NAME``                           none: an imitation in this process, for tests
======================================================  ==================================================

What stands behind the ``?`` belongs to TLS (``ssl_ca_certs``, ``ssl_certfile``, ``ssl_keyfile``, ``ssl_cert_reqs``,
``ssl_check_hostname``), to sockets (``db``, ``username``, ``password``) or to sentinels that want credentials of
their own (``sentinel_username``, ``sentinel_password``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NoReturn
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from mape.errors import ConfigError

__all__ = ["Address", "Kind", "parse_address"]

PORT = 6379
SENTINEL_PORT = 26379
SERVICE = "mymaster"
"""What Redis' own example configuration of a sentinel calls its primary."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")
FORMS = "write redis://host:6379, unix:///path, redis+cluster://h1:p,h2:p, redis+sentinel://h1:p,h2:p/service, embedded"
TLS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")
CERTIFICATE_CHECKS = ("required", "optional", "none")


class Kind(StrEnum):
    """What answers at an address."""

    SERVER = "server"
    UNIX = "unix"
    CLUSTER = "cluster"
    SENTINEL = "sentinel"
    EMBEDDED = "embedded"
    MEMORY = "memory"
    GIVEN = "given"
    """A client that the person made: it knows its address itself."""


@dataclass(frozen=True)
class Address:
    """Where a Redis is; as text it has no credentials, so that it can be logged.

    Args:
        hosts: Host and port; several for a cluster and for sentinels.
        path: A socket.
        name: The service of sentinels, or the name of an embedded or an in-memory server; "" is nobody else's.
        options: TLS options and the sentinels' credentials, by redis-py's names.
    """

    kind: Kind
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""
    name: str = ""
    db: int = 0
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    has_tls: bool = False
    options: tuple[tuple[str, str | bool], ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        db = f"/{self.db}" if self.db else ""
        match self.kind:
            case Kind.GIVEN:
                return "the client that was given"
            case Kind.UNIX:
                return f"unix://{self.path}{f'?db={self.db}' if self.db else ''}"
            case Kind.EMBEDDED | Kind.MEMORY:
                separator = ":" if self.kind is Kind.EMBEDDED else "://"
                return f"{self.kind}{separator}{self.name}" if self.name else str(self.kind)
            case _:
                scheme = "rediss" if self.has_tls else "redis"
                family = "" if self.kind is Kind.SERVER else f"+{self.kind}"
                name = f"/{self.name}" if self.name else ""
                return f"{scheme}{family}://{self._hosts()}{name}{db}"

    def _hosts(self) -> str:
        return ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts)


def parse_address(url: str, source: str = "redis.url") -> Address:
    """Read `url`, see the module.

    Args:
        source: Where it was written, for the error: ``mape.yml:3``.

    Raises:
        ConfigError: It has none of the forms; names `source`, and shows nothing that may be a credential.
    """
    return _Reader(url.strip(), source).read()


class _Reader:
    """Reads one URL."""

    def __init__(self, url: str, source: str) -> None:
        self.url = url
        self.source = source

    def refuse(self, reason: str, cure: str = FORMS) -> NoReturn:
        raise ConfigError(f"{self.source}: the address of the Redis server {reason}; {cure}") from None

    def read(self) -> Address:
        word, _, name = self.url.partition(":")
        if word in {"embedded", "memory"}:
            return Address(Kind(word), name=self._name(name.removeprefix("//"), is_given=":" in self.url))
        try:
            parts = urlsplit(self.url)
        except ValueError:
            self.refuse("is malformed", "check its brackets; an IPv6 address stands in them: redis://[::1]:6379")
        secure, _, family = parts.scheme.partition("+")
        if parts.scheme == "unix":
            return self._unix(parts)
        if secure not in {"redis", "rediss"} or family not in {"", "cluster", "sentinel"} or "://" not in self.url:
            self._refuse_scheme(parts.scheme)
        if parts.fragment or "#" in self.url:
            self.refuse("has a #", "a # in a password is written %23")
        kind = Kind(family or "server")
        return self._network(parts, kind, has_tls=secure == "rediss")

    def _refuse_scheme(self, scheme: str) -> NoReturn:
        shown = f"begins with {scheme[:20]!r}" if "://" in self.url and scheme else "has no scheme"
        self.refuse(shown if self.url else "is empty")

    def _name(self, name: str, *, is_given: bool) -> str:
        if (name or is_given) and not NAME.fullmatch(name):
            self.refuse(
                f"names {name[:40]!r}", "a name has up to 32 letters, digits, _ and -, and begins with a letter"
            )
        return name

    def _unix(self, parts: SplitResult) -> Address:
        options = self._options(parts, {"db", "username", "password"})
        if not parts.path.startswith("/") or len(parts.path) < 2 or parts.hostname:  # noqa: PLR2004 - a / and a letter
            self.refuse("has no path to a socket", "write unix:///run/redis.sock, with three slashes")
        username = options.get("username") or (unquote(parts.username) if parts.username else None)
        db = self._db(options.get("db", "0"))
        return Address(
            Kind.UNIX, path=unquote(parts.path), db=db, username=username, password=options.get("password") or None
        )

    def _network(self, parts: SplitResult, kind: Kind, *, has_tls: bool) -> Address:
        credentials, _, netloc = parts.netloc.rpartition("@")
        username, _, password = credentials.partition(":")
        default = SENTINEL_PORT if kind is Kind.SENTINEL else PORT
        hosts = tuple(self._host(each, default) for each in netloc.split(","))
        if kind is Kind.SERVER and len(hosts) > 1:
            self.refuse("has several hosts", "write redis+cluster:// or redis+sentinel://")
        path = [unquote(each) for each in parts.path.split("/")[1:] if each]
        allowed = {*TLS_OPTIONS} if has_tls else set()
        allowed |= {"sentinel_username", "sentinel_password"} if kind is Kind.SENTINEL else set()
        allowed |= {"db"} if kind is Kind.SERVER else set()
        options = self._options(parts, allowed)
        name = path.pop(0) if kind is Kind.SENTINEL and path else SERVICE if kind is Kind.SENTINEL else ""
        db = self._db(options.pop("db", path.pop(0) if path else "0"))
        if path or (kind is Kind.CLUSTER and db):
            self.refuse("has a path too long", "a cluster has database 0 only; otherwise /db, or /service/db")
        return Address(
            kind,
            hosts,
            name=name,
            db=db,
            username=unquote(username) or None,
            password=unquote(password) or None,
            has_tls=has_tls,
            options=tuple((key, self._option(key, value)) for key, value in sorted(options.items())),
        )

    def _host(self, text: str, default: int) -> tuple[str, int]:
        match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:\[\]/?#@,]*))(?::([0-9]{1,5}))?", text)
        if match is None:
            self.refuse(
                "has a malformed host or port",
                "write host:port; characters such as / # ? @ : in a password are percent-encoded, %2F for /",
            )
        port = int(match[3] or default)
        if not 0 < port < 65536:  # noqa: PLR2004 - ports
            self.refuse(f"has the port {port}", "ports go from 1 to 65535")
        host = match[1] or match[2]
        if not host:
            self.refuse("has no host", FORMS)
        return host, port

    def _db(self, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,5}", text):
            self.refuse("has a database that is no number", "write redis://host:6379/0")
        return int(text)

    def _options(self, parts: SplitResult, allowed: set[str]) -> dict[str, str]:
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        for unknown in sorted(set(options) - allowed):
            known = f"known here: {', '.join(sorted(allowed))}" if allowed else "none is known here"
            self.refuse(f"has the option {unknown[:40]!r}", known)
        return options

    def _option(self, name: str, value: str) -> str | bool:
        if name == "ssl_cert_reqs" and value not in CERTIFICATE_CHECKS:
            self.refuse("has a wrong ssl_cert_reqs", f"write {', '.join(CERTIFICATE_CHECKS)}")
        if name != "ssl_check_hostname":
            return value
        if value.lower() not in {"true", "false"}:
            self.refuse("has a wrong ssl_check_hostname", "write true or false")
        return value.lower() == "true"
