"""What ``mape doctor`` looks at: packages, settings, servers; each look becomes one finding."""

from __future__ import annotations

import asyncio
import platform
import re
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mape.errors import ConnectError, MapeError

if TYPE_CHECKING:
    from mape.settings import Settings

__all__ = ["Finding", "State", "examine", "missing_packages"]

DISTRIBUTION = "mape-toolkit"
REACH = 2.0
"""How long a server may take to answer [s]."""
_EXTRA = re.compile(r"""extra\s*==\s*['"](?P<extra>[\w-]+)['"]""")
_NAME = re.compile(r"[\w.-]+")


class State(StrEnum):
    """How it is with something."""

    OK = "ok"
    OFF = "off"
    """Not there, and not asked for."""
    BAD = "BAD"


@dataclass(frozen=True)
class Finding:
    """One line of the result.

    Args:
        state: Whether it is well.
        what: The thing looked at.
        found: What was seen.
        cure: What to do about it; "" where there is nothing to do.
    """

    state: State
    what: str
    found: str
    cure: str = ""

    @property
    def is_well(self) -> bool:
        """Whether nothing must be done."""
        return self.state is not State.BAD


def examine(config_file: str | None = None) -> list[Finding]:
    """Look at everything; an error on the way is a finding."""
    from mape.settings import load

    findings = [_python(), *_extras()]
    try:
        settings = load(config_file)
    except MapeError as error:
        return [*findings, Finding(State.BAD, "settings", str(error), "mend what the sentence names")]
    findings.append(_settings(settings))
    for look in (_redis, _rest, _influxdb):
        findings += _walled(look, settings)
    return findings


def missing_packages(extra: str) -> list[str]:
    """Return what an extra needs and is not installed, as this installation's own metadata has it."""
    if not _is_installed(DISTRIBUTION):
        return []  # run from its sources: what is missing says so when it is needed
    missing = []
    for line in metadata.requires(DISTRIBUTION) or ():
        requirement, _, marker = line.partition(";")
        found = _EXTRA.search(marker)
        if found is None or found["extra"] != extra or _is_for_others(marker):
            continue
        name = _NAME.match(requirement)
        if name and name[0] != DISTRIBUTION and not _is_installed(name[0]):
            missing.append(name[0])
    return missing


def _is_for_others(marker: str) -> bool:
    """Whether a requirement is not for this machine, by the two kinds of condition that our metadata has."""
    is_excluded = "sys_platform !=" in marker and f"'{sys.platform}'" in marker.replace('"', "'")
    return is_excluded or ("platform_machine in" in marker and platform.machine() not in marker)


def _is_installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _python() -> Finding:
    from mape import __version__

    return Finding(State.OK, "mape", f"{__version__}, Python {platform.python_version()} on {platform.system()}")


def _extras() -> Iterator[Finding]:
    for extra, purpose in {
        "rest": "a REST server, and sending to others",
        "redis": "streams and shared knowledge",
        "influxdb": "time series",
        "demo": "the demos",
    }.items():
        missing = missing_packages(extra)
        if missing:
            cure = f"pip install '{DISTRIBUTION}[{extra}]' for {purpose}"
            yield Finding(State.OFF, f"extra {extra}", f"not installed: {', '.join(missing)}", cure)
        else:
            yield Finding(State.OK, f"extra {extra}", "installed")


def _settings(settings: Settings) -> Finding:
    chosen = [setting for setting in settings.explain() if not setting.is_default]
    if not chosen:
        return Finding(State.OK, "settings", "none: defaults hold", "write mape.yml to change some")
    sources = dict.fromkeys(setting.source.split(":")[0] for setting in chosen)
    return Finding(State.OK, "settings", f"{len(chosen)} set, by {', '.join(sources)}")


def _walled(look: Callable[[Settings], Finding], settings: Settings) -> list[Finding]:
    what = look.__name__.strip("_")
    try:
        return [look(settings)]
    except MapeError as error:
        return [Finding(State.BAD, what, str(error), "mend what the sentence names")]
    except ModuleNotFoundError as error:
        cure = f"pip install '{DISTRIBUTION}[{what}]'"
        return [Finding(State.BAD, what, f"configured, but {error.name} is not installed", cure)]


def _redis(settings: Settings) -> Finding:
    if settings.redis.url is None:
        return Finding(State.OFF, "redis", "not configured", "redis.url: embedded needs nothing installed")
    import mape
    from mape.remote.redis import connection_of, parse_address

    address = parse_address(settings.redis.url)

    async def ask() -> None:
        app = mape.App(settings)
        connection = connection_of(app)
        async with app:
            await connection.wait_up(REACH)

    try:
        asyncio.run(ask())
    except ConnectError as error:
        return Finding(State.BAD, "redis", str(error), "start it, or set redis.url: embedded needs nothing installed")
    return Finding(State.OK, "redis", f"{address} answers")


def _rest(settings: Settings) -> Finding:
    if settings.rest.host_port is None:
        return Finding(State.OFF, "rest", "not configured", "rest.host_port: 127.0.0.1:8000 to let others in")
    from mape.remote.rest.address import Address

    address = Address.parse(settings.rest.host_port)
    address.bind().close()
    return Finding(State.OK, "rest", f"{address} is free")


def _influxdb(settings: Settings) -> Finding:
    section = settings.influxdb
    if section.url is None:
        return Finding(State.OFF, "influxdb", "not configured", "influxdb.url, .token, .org, .bucket to write series")
    parts = urlsplit(section.url)
    place = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    try:
        with closing(socket.create_connection(place, timeout=REACH)):
            return Finding(State.OK, "influxdb", f"{place[0]}:{place[1]} answers")
    except OSError as error:
        cure = "start it, or mend influxdb.url"
        return Finding(State.BAD, "influxdb", f"{place[0]}:{place[1]} cannot be reached: {error}", cure)
