"""Everything that can be set: one class a section, one line a setting.

A new setting is a line in its section. A new section is a class and a line in `Settings`. Checks, variables, error
messages and ``mape config explain`` follow from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mape.settings.kind import AtLeast
from mape.settings.masking import masked

__all__ = ["Log", "Mailbox", "OwnSection", "Redis", "Rest", "Section", "Setting", "Settings", "Shutdown"]

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
    """What is written to the log."""

    level: Literal["debug", "info", "warning", "error", "critical"] = "info"


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
    """Where streams and shared knowledge travel; None: nowhere."""

    url: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Rest(Section):
    """Where the REST server listens; None: it does not."""

    host_port: str | None = None


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
