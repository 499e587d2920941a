"""What ``mape send`` and ``mape tap`` talk to: a REST server or a Redis, named by options or by the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mape.errors import ConfigError

if TYPE_CHECKING:
    from mape.settings import Settings

__all__ = ["Peer", "choose_peer"]

REACH = 0.5
"""How long a program on this machine may take to let us in [s]."""


@dataclass(frozen=True)
class Peer:
    """Where to; either `url` (REST) or `redis` is set.

    Args:
        settings: What holds, for the rest.
        url: Of a REST server.
        redis: Address of a Redis server.
        token: For the REST server.
    """

    settings: Settings
    url: str | None = None
    redis: str | None = None
    token: str | None = None

    @property
    def shown(self) -> str:
        """The place, without what is secret in it."""
        if self.url or self.redis is None:
            return str(self.url)
        from mape.remote.redis import parse_address

        return str(parse_address(self.redis, "--redis"))


def choose_peer(url: str | None, redis: str | None, token: str | None, config_file: str | None = None) -> Peer:
    """Return what the options name, else what the settings do: the REST server first, then Redis.

    Where the settings say nothing either, it is the program that `mape run` runs here.

    Raises:
        ConfigError: They name none, or two.
    """
    from mape.settings import load

    settings = load(config_file)
    if url and redis:
        raise ConfigError("--url and --redis are two places: give one of them")
    token = token or settings.rest.token
    if url:
        return Peer(settings, url=url if "://" in url else f"http://{url}", token=token)
    if redis:
        return Peer(settings, redis=redis)
    if settings.rest.host_port:
        from mape.remote.rest.address import Address

        place = str(Address.parse(settings.rest.host_port)).removesuffix("+")
        return Peer(settings, url=f"http://{place}", token=token)
    if settings.redis.url:
        return Peer(settings, redis=settings.redis.url)
    if (page := _default_page()) is not None:
        return Peer(settings, url=page, token=token)
    raise ConfigError(
        "nowhere to go: start a program by mape run; or give --url or --redis; or set rest.host_port or redis.url"
    )


def _default_page() -> str | None:
    """Return where `mape run` serves a program that says nothing else, if something listens there."""
    import socket

    from mape.cli.page import HOST, PORT

    try:
        socket.create_connection((HOST, PORT), timeout=REACH).close()
    except OSError:
        return None
    return f"http://{HOST}:{PORT}"
