"""Puts the layers together: collects entries, checks each against the schema, and makes `Settings` of the last ones."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from mape.errors import ConfigError
from mape.settings.origin import Entry, from_arguments, from_document, from_variables
from mape.settings.schema import Settings
from mape.settings.vocabulary import checked, is_own, own_section, sections

__all__ = ["FILE_NAME", "LARGEST_BYTES", "load"]

FILE_NAME: Final = "mape.yml"
LARGEST_BYTES: Final = 256 * 1024
"""The largest file that is read: a configuration is written by hand."""


def load(
    config_file: str | os.PathLike[str] | None = None,
    overrides: Mapping[str, object] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Settings:
    """Read the settings: defaults, then mape.yml, .env, ``MAPE_...`` variables and arguments; later ones win.

    Args:
        config_file: Instead of mape.yml in `directory`; must be there.
        overrides: Nested mappings, or names as ``redis.url`` or ``redis__url``.
        environ: Instead of the process' environment.
        directory: Where mape.yml and .env are looked for; the current directory by default.

    Raises:
        ConfigError: Anything is wrong; says what, where it stands, and the cure.
    """
    folder = Path() if directory is None else directory
    entries = [
        *_from_file(folder / FILE_NAME if config_file is None else Path(config_file), is_named=config_file is not None),
        *_from_dotenv(folder / ".env"),
        *from_variables(os.environ if environ is None else environ),
        *from_arguments(overrides or {}),
    ]
    return _settings(checked(entry) for entry in entries)


def _from_file(path: Path, *, is_named: bool) -> Iterator[Entry]:
    text = _read(path, is_named=is_named)
    if text is not None:
        from mape.settings.document import parse

        yield from from_document(parse(text, str(path)))


def _from_dotenv(path: Path) -> Iterator[Entry]:
    if path.is_dir():  # a virtual environment of that name
        return
    text = _read(path, is_named=False)
    if text is not None:
        from mape.settings.dotenv import parse_dotenv

        variables, lines = parse_dotenv(text, str(path))
        yield from from_variables(variables, lambda name: f"{path}:{lines[name]}")


def _read(path: Path, *, is_named: bool) -> str | None:
    """Give the file's text, or None where it may be absent and is.

    Raises:
        ConfigError: It cannot be read, is too large, or is not UTF-8.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        if is_named:
            raise ConfigError(f"{path}: there is no such file; correct the name, or make it") from None
        return None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path}: cannot be read: {reason}; check what it is and who may read it") from error
    if len(content) > LARGEST_BYTES:
        raise ConfigError(f"{path}: larger than {LARGEST_BYTES // 1024} kB; a configuration is smaller than that")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8; save the file as UTF-8") from None


def _settings(entries: Iterable[Entry]) -> Settings:
    top: dict[str, Any] = {}
    known: dict[str, dict[str, Any]] = {name: {} for name in sections()}
    own: dict[str, dict[str, Any]] = {}
    sources: dict[tuple[str, ...], str] = {}
    for entry in entries:
        first, *rest = entry.path
        if is_own(first):
            _put(own.setdefault(first, {}), rest, entry.value)
        elif rest:
            known[first][rest[0]] = entry.value
        elif first not in known:
            top[first] = entry.value
        sources[entry.path] = entry.source
    top |= {name: section(**known[name]) for name, section in sections().items()}
    return Settings(**top, _own={name: own_section(values) for name, values in own.items()}, _sources=sources)


def _put(section: dict[str, Any], path: list[str], value: Any) -> None:
    """Put `value` at `path`; a mapping in the place of a value replaces it, an empty one takes nothing away."""
    if not path:
        return
    *above, last = path
    for key in above:
        if not isinstance(section.get(key), dict):
            section[key] = {}
        section = section[key]
    is_empty = isinstance(value, Mapping) and not value
    if not (is_empty and isinstance(section.get(last), dict)):
        section[last] = value
