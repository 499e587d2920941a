"""Where points are written: address, bucket and credentials, from the settings or from a client of influxdb_client."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from yarl import URL

from mape.errors import ConfigError

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Target", "is_configured", "target_of"]


@dataclass(frozen=True)
class Target:
    """A bucket of a server.

    Args:
        url: Of the server, with what stands before ``/api``.
        bucket: Where points go; with InfluxDB 1.8 ``database/retention_policy``.
        org: The organization; InfluxDB 1.8, 3 and VictoriaMetrics need none.
        authorization: The header; never shown.
    """

    url: URL
    bucket: str
    org: str | None = None
    authorization: str | None = field(default=None, repr=False)

    @property
    def write_url(self) -> URL:
        """Where points are posted."""
        query = {"org": self.org, "bucket": self.bucket, "precision": "ns"}
        return (self.url / "api/v2/write").with_query({key: value for key, value in query.items() if value})

    def __str__(self) -> str:
        return f"bucket {self.bucket!r} at {self.url}"


def is_configured(app: App, bucket: str | None = None) -> bool:
    """Whether the settings say where to write, so that an `InfluxObserver` will work."""
    settings = app.settings.influxdb
    return bool(settings.url and (bucket or settings.bucket))


def target_of(settings: Any, bucket: str | None = None, client: Any = None) -> Target:
    """Return where to write.

    Args:
        settings: The section ``influxdb``.
        bucket: Instead of the section's.
        client: An ``InfluxDBClient`` or ``InfluxDBClientAsync``, whose address, organization and token hold.

    Raises:
        ConfigError: Something is missing or malformed; says what to set.
    """
    source = settings if client is None else client
    needed = {"url": source.url, "bucket": bucket or settings.bucket}
    if missing := [f"influxdb.{name}" for name, value in needed.items() if not value]:
        raise ConfigError(
            f"{' and '.join(missing)} not set, so InfluxObserver does not know where to write: set it in mape.yml, "
            f"or as MAPE_{missing[0].upper().replace('.', '__')}, or ask influxdb.is_configured(app) before it is used"
        )
    try:
        url = URL(str(needed["url"]))
    except ValueError as error:
        raise ConfigError(f"influxdb.url is no address: {error}; as in http://localhost:8086") from error
    if url.scheme not in {"http", "https"} or not url.host or url.query_string:
        raise ConfigError("influxdb.url must be as http://localhost:8086 or https://influx.example.org, nothing after")
    if url.user or url.password:
        raise ConfigError("influxdb.url holds a password, which would be logged: set influxdb.username and .password")
    return Target(url, str(needed["bucket"]), getattr(source, "org", None) or None, _authorization(source))


def _authorization(source: Any) -> str | None:
    """Return the header for a token or, with InfluxDB 1.8, a name and password; None where there is neither."""
    username, password = getattr(source, "username", None), getattr(source, "password", None)
    if token := source.token:
        header = f"Token {token}"
    elif username and password:
        header = "Basic " + b64encode(f"{username}:{password}".encode()).decode()
    else:
        return None
    if not header.isascii() or not header.isprintable():
        raise ConfigError("influxdb.token holds characters that no token has: a line break at its end, perhaps")
    return header
