"""Where to write, from settings or from a client; mistakes say what to set."""

from __future__ import annotations

import base64
from typing import Any

import influxdb_client
import pytest

import mape
from mape.errors import ConfigError
from mape.remote.influxdb import is_configured
from mape.remote.influxdb.target import target_of
from mape.settings import load

FULL = {"url": "http://localhost:8086", "token": "t0ps3cret", "org": "my org", "bucket": "b&c"}


THEIR: Any = influxdb_client  # which has no types


def section(**values: object) -> object:
    return load(overrides={"influxdb": values}, environ={}).influxdb


def test_the_address_has_all_that_the_server_asks_for() -> None:
    target = target_of(section(**FULL))

    assert str(target.write_url) == "http://localhost:8086/api/v2/write?org=my+org&bucket=b%26c&precision=ns"
    assert target.authorization == "Token t0ps3cret"


def test_what_stands_before_the_api_stays_and_no_org_is_none() -> None:
    target = target_of(section(url="https://example.org/influx/", bucket="b"))

    assert str(target.write_url) == "https://example.org/influx/api/v2/write?bucket=b&precision=ns"
    assert target.authorization is None


def test_version_1_is_told_a_name_and_a_password() -> None:
    target = target_of(section(url="http://h:1", bucket="db/autogen", username="me", password="pä"))  # noqa: S106

    assert target.authorization == "Basic " + base64.b64encode("me:pä".encode()).decode()


def test_the_token_is_not_shown() -> None:
    target = target_of(section(**FULL))

    assert "t0ps3cret" not in f"{target} {target!r}"


def test_a_client_brings_address_token_and_organization() -> None:
    with THEIR.InfluxDBClient("http://theirs:1", token="theirs", org="they") as client:  # noqa: S106
        target = target_of(section(bucket="ours"), client=client)

    assert (str(target.url), target.bucket, target.org) == ("http://theirs:1", "ours", "they")
    assert target.authorization == "Token theirs"


def test_an_own_bucket_goes_before_the_settings() -> None:
    assert target_of(section(**FULL), "mine").bucket == "mine"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "influxdb.url and influxdb.bucket not set.*MAPE_INFLUXDB__URL"),
        ({"url": "http://h"}, "influxdb.bucket not set.*MAPE_INFLUXDB__BUCKET"),
        ({"url": "localhost:8086", "bucket": "b"}, "as http://"),
        ({"url": "ftp://h", "bucket": "b"}, "as http://"),
        ({"url": "http://h?x=1", "bucket": "b"}, "as http://"),
        ({"url": "http://h:port", "bucket": "b"}, "no address"),
        ({"url": "http://me:pw@h", "bucket": "b"}, "set influxdb.username"),
        ({"url": "http://h", "bucket": "b", "token": "a\nb"}, "line break"),
    ],
)
def test_a_mistake_says_what_to_set(values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        target_of(section(**values))
    assert "pw" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(("values", "expected"), [({}, False), ({"url": "http://h"}, False), (FULL, True)])
def test_an_app_knows_whether_it_can_write(values: dict[str, object], *, expected: bool) -> None:
    app = mape.App(load(overrides={"influxdb": values}, environ={}))

    assert is_configured(app) is expected
    assert is_configured(app, "mine") is bool(values)


def test_an_app_without_settings_cannot_write() -> None:
    assert not is_configured(mape.App())
