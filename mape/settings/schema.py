"""Everything that can be set: one class a section, one line a setting.

A new setting is a line in its section. A new section is a class and a line in `Settings`. Checks, variables, error
messages and ``mape config explain`` follow from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mape.settings.kind import AtLeast, AtMost
from mape.settings.masking import masked

__all__ = [
    "InfluxDB",
    "Log",
    "Mailbox",
    "OwnSection",
    "Redis",
    "Rest",
    "Section",
    "Setting",
    "Settings",
    "Shutdown",
    "Tracing",
]

DEFAULT = "default"


@dataclass(frozen=True)
class Setting:
    """One value in force, as ``mape config explain`` shows it.

    Args:
        key: The whole name, ``redis.url``.
        value: What holds; masked where it looks like a secret.
        source: ``mape.yml:3``, ``.env:1``, ``MAPE_REDIS__URL``, ``argument redis.url`` or ``default``.
        is_default: Whether nobody set it.
    """

    key: str
    value: object
    source: str
    is_default: bool


class Section(Mapping[str, Any]):
    """Read-only settings, as attributes and as items; secrets are masked in its repr."""

    def __getitem__(self, key: str) -> Any:
        if key in iter(self):
            return getattr(self, key)  # a field of the class, never a name from a wire
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return (each.name for each in fields(self) if not each.name.startswith("_"))  # type: ignore[arg-type]

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        entries = ", ".join(f"{key}={masked(key, value)!r}" for key, value in self.items())
        return f"{type(self).__name__}({entries})"


@dataclass(frozen=True, eq=False, repr=False)
class Log(Section):
    """What is written to the log, and how.

    `format` is ``text`` for people, ``json`` for machines, one object a line; ``auto`` is text on a terminal. `level`
    is that of mape, and of your program's own loggers unless it sets logging up; `levels` is for loggers by name,
    ``traffic=debug``: a list, or a text with spaces between. Of lines with the same path, kind and error `repeats` are
    written at once, then how many more there were, each `period` [s]; 0 writes them all.
    """

    level: Literal["debug", "info", "warning", "error", "critical"] = "info"
    format: Literal["auto", "text", "json"] = "auto"
    levels: str | tuple[str, ...] = ()
    repeats: Annotated[int, AtLeast(0)] = 5
    period: Annotated[float, AtLeast(0.1)] = 10.0


@dataclass(frozen=True, eq=False, repr=False)
class Mailbox(Section):
    """The queue in front of an element, unless the element says otherwise."""

    size: Annotated[int, AtLeast(1)] = 1024
    overflow: Literal["drop_oldest", "drop_newest", "latest", "error"] = "drop_oldest"


@dataclass(frozen=True, eq=False, repr=False)
class Shutdown(Section):
    """How long an app may drain before it closes; `deadline` [s]."""

    deadline: Annotated[float, AtLeast(0)] = 10.0


@dataclass(frozen=True, eq=False, repr=False)
class Redis(Section):
    """Where streams and shared knowledge travel.

    `url` is ``redis://host:port``, ``unix:///path``, ``redis+cluster://...``, ``redis+sentinel://...``, ``embedded``,
    ``embedded:NAME`` or ``memory``; None: nowhere. A server that does not answer for `silence` [s] counts as gone.
    """

    url: str | None = None
    silence: Annotated[float, AtLeast(0.5)] = 3.0


@dataclass(frozen=True, eq=False, repr=False)
class Rest(Section):
    """Where the REST server listens (None: it does not), and who may do what there.

    `host_port` is ``host:port``; ``:port`` is this machine only, port 0 is any that is free. `token` allows everything,
    each of `tokens` what stands before its colon: ``read+write:TOKEN``. `hosts` are further names that the server
    is called by; ``*`` is any. Both are lists, or texts with spaces between. `rate` is requests a second of one client,
    0 is any number; `timeout` [s] is how long a client may take to send a request's head, or to take in an answer.

    The live page is called `title` (by default the program's name), and shows what the servers at the URLs of `peers`
    show, too; `peer_token` is what those want to see, and is sent to them only.
    """

    host_port: str | None = None
    auth: Literal["token", "none"] = "token"
    token: str | None = None
    tokens: str | tuple[str, ...] = ()
    hosts: str | tuple[str, ...] = ()
    max_body_bytes: Annotated[int, AtLeast(1024)] = 1_048_576
    rate: Annotated[float, AtLeast(0)] = 5000.0
    connections: Annotated[int, AtLeast(1)] = 512
    stream_items: Annotated[int, AtLeast(1)] = 1024
    timeout: Annotated[float, AtLeast(0.1)] = 10.0
    title: str | None = None
    peers: str | tuple[str, ...] = ()
    peer_token: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class InfluxDB(Section):
    r"""Where time series are written; without `url` and `bucket`: nowhere.

    `token` and `org` as InfluxDB 2 gave them; `username` and `password` with InfluxDB 1.8, whose bucket is
    ``database/policy``. `timeout` [s] is for one request, `interval` [s] the least time between two that are not full
    (`batch_size` points). `queue_size` points of `queue_bytes` wait at most while the server is away. `newlines` in
    strings are kept, or written as ``\n`` for servers that take them for the end of a point. `debug` logs requests.
    """

    url: str | None = None
    token: str | None = None
    org: str | None = None
    bucket: str | None = None
    username: str | None = None
    password: str | None = None
    debug: bool = False
    gzip: bool = False
    timeout: Annotated[float, AtLeast(0.1)] = 10.0
    interval: Annotated[float, AtLeast(0)] = 0.1
    batch_size: Annotated[int, AtLeast(1)] = 5000
    queue_size: Annotated[int, AtLeast(1)] = 100_000
    queue_bytes: Annotated[int, AtLeast(1024)] = 33_554_432
    overflow: Literal["drop_oldest", "drop_newest", "latest", "error"] = "drop_oldest"
    newlines: Literal["keep", "escape"] = "keep"


@dataclass(frozen=True, eq=False, repr=False)
class Tracing(Section):
    """Whether items are followed by OpenTelemetry, and where the spans go; without `endpoint` and `sample`: not at all.

    `sample` is the fraction of the items that enter; without it, all of them. `endpoint` is a collector that speaks
    OTLP/HTTP, ``http://host:4318``, or ``console``; not needed by a program that sets a tracer provider of its own.
    `service` is what the process is called among others.
    """

    endpoint: str | None = None
    sample: Annotated[float | None, AtLeast(0), AtMost(1)] = None
    service: str | None = None


class OwnSection(Mapping[str, Any]):
    """A section that belongs to the user: kept as it was written, read-only, lists as tuples."""

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self.__dict__["_entries"] = dict(entries)

    def __getitem__(self, key: str) -> Any:
        return self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return repr({key: masked(key, value) for key, value in self.items()})

    def __getattr__(self, name: str) -> Any:
        entries = vars(self).get("_entries", {})  # copy and pickle ask before there are any
        if name not in entries:
            raise AttributeError(f"no setting {name!r} in this section; it has: {', '.join(entries) or 'nothing'}")
        return entries[name]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings are read-only; set {name!r} in mape.yml, a variable or an argument")


@dataclass(frozen=True, eq=False, repr=False)
class Settings(Section):
    """The settings in force: ``settings.redis.url``, ``settings["redis"]["url"]``; read-only.

    Sections of your own are there under the names that you gave them.
    """

    debug: bool = False
    seed: int | None = None
    log: Log = field(default_factory=Log)
    mailbox: Mailbox = field(default_factory=Mailbox)
    shutdown: Shutdown = field(default_factory=Shutdown)
    redis: Redis = field(default_factory=Redis)
    rest: Rest = field(default_factory=Rest)
    influxdb: InfluxDB = field(default_factory=InfluxDB)
    tracing: Tracing = field(default_factory=Tracing)
    _own: Mapping[str, OwnSection] = field(default_factory=dict)
    _sources: Mapping[tuple[str, ...], str] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self._own[key] if key in self._own else super().__getitem__(key)

    def __iter__(self) -> Iterator[str]:
        yield from super().__iter__()
        yield from self._own

    if not TYPE_CHECKING:  # a type checker shall find settings.reids; own sections are typed as items

        def __getattr__(self, name: str) -> OwnSection:
            own = vars(self).get("_own", {})  # copy and pickle ask before there are any
            if name not in own:
                known = (each.name for each in fields(self) if not each.name.startswith("_"))
                raise AttributeError(f"no setting {name!r}; there are: {', '.join([*known, *own])}")
            return own[name]

    def explain(self) -> list[Setting]:
        """List every value with where it came from; what looks like a secret is masked."""
        return [self._explained(path, value) for path, value in _leaves(self)]

    def _explained(self, path: tuple[str, ...], value: object) -> Setting:
        source = self._sources.get(path, DEFAULT)
        return Setting(".".join(path), masked(path[-1], value), source, is_default=source == DEFAULT)


def _leaves(section: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Walk over all values below `section`; an empty section of the user's is a value itself."""
    for key, value in section.items():
        if isinstance(value, Section | OwnSection) and value:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value
