"""Looks for what is probably wrong with settings although each of them is right: open doors, missing extras."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mape.cli.examination import DISTRIBUTION, missing_packages
from mape.cli.finding import Finding, Kind
from mape.errors import ConfigError

if TYPE_CHECKING:
    from mape.settings import Settings

__all__ = ["exposures", "unread_settings"]

SETTING = {"rest": "rest.host_port", "redis": "redis.url"}
"""What an error of a section is about."""


def exposures(settings: Settings) -> list[Finding]:
    """Look at the settings together."""
    sources = {setting.key: setting.source for setting in settings.explain()}
    found: list[Finding] = []
    for look in (_missing_extras, _rest, _redis, _influxdb):
        try:
            found += [_placed(finding, sources) for finding in look(settings)]
        except ConfigError as error:
            found.append(_placed(_refused(SETTING[look.__name__.strip("_")], str(error)), sources))
    return found


def unread_settings(folder: Path) -> Iterator[Finding]:
    """Find settings beside a program that nobody reads, since it is started from another folder."""
    if folder.resolve() == Path.cwd():
        return
    for name in ("mape.yml", ".env"):
        if (folder / name).is_file():
            problem = "is not read, since settings are those of the folder where a program is started"
            yield Finding(Kind.CONFIG, str(folder / name), problem, f"start it there: cd {folder}")


def _refused(setting: str, sentence: str) -> Finding:
    """Make a finding of an error, whose cure stands behind its last semicolon or colon."""
    sentence = sentence.removeprefix(f"{setting}: ")
    problem, mark, cure = sentence.partition("; ") if "; " in sentence else sentence.rpartition(": set ")
    return Finding(Kind.CONFIG, setting, problem or cure, f"set {cure}" if mark == ": set " else cure or "mend it")


def _placed(finding: Finding, sources: dict[str, str]) -> Finding:
    """Say where the setting was set."""
    place = sources.get(finding.path, "")
    return Finding(finding.kind, finding.path, finding.problem, finding.cure, place)


def _missing_extras(settings: Settings) -> Iterator[Finding]:
    for extra, setting, value in (
        ("rest", "rest.host_port", settings.rest.host_port),
        ("redis", "redis.url", settings.redis.url),
        ("influxdb", "influxdb.url", settings.influxdb.url),
    ):
        if value is not None and (missing := missing_packages(extra)):
            problem = f"is set, but {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed"
            yield Finding(Kind.EXTRA, setting, problem, f"pip install '{DISTRIBUTION}[{extra}]'")


def _rest(settings: Settings) -> Iterator[Finding]:
    """Ask the guard itself whether it would let the server start.

    Raises:
        ConfigError: It would not.
    """
    if settings.rest.host_port is None:
        return
    from mape.remote.rest.address import Address
    from mape.remote.rest.guard import Guard

    address = Address.parse(settings.rest.host_port)
    Guard(settings.rest, address, lambda: 0.0)
    if not address.is_local and settings.rest.auth == "none":
        problem = f"is none, and {address} is beyond this machine: whoever reaches it may read and steer everything"
        yield Finding(Kind.EXPOSED, "rest.auth", problem, "set rest.token (as MAPE_REST__TOKEN), and drop rest.auth")


def _redis(settings: Settings) -> Iterator[Finding]:
    """Find servers in the network that ask for no password.

    Raises:
        ConfigError: The address is malformed.
    """
    if settings.redis.url is None:
        return
    from mape.remote.redis.address import parse_address
    from mape.remote.rest.address import is_loopback

    address = parse_address(settings.redis.url)
    far = [host for host, _ in address.hosts if not is_loopback(host)]
    if far and not address.password:
        problem = f"names a server at {far[0]} without a password: whoever reaches it may read and change all knowledge"
        yield Finding(Kind.EXPOSED, "redis.url", problem, "give the server a password, as redis://:PASSWORD@host:6379")


def _influxdb(settings: Settings) -> Iterator[Finding]:
    if settings.influxdb.url is not None and settings.influxdb.bucket is None:
        yield Finding(Kind.CONFIG, "influxdb.url", "is set without a bucket: nothing is written", "set influxdb.bucket")
