"""Addresses: every form of ``redis.url``, and no credential in anything that is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.errors import ConfigError
from mape.remote.redis.address import Address, Kind, parse_address

FORMS = {
    "redis://host": Address(Kind.SERVER, (("host", 6379),)),
    "redis://host:1/3": Address(Kind.SERVER, (("host", 1),), db=3),
    "redis://host?db=3": Address(Kind.SERVER, (("host", 6379),), db=3),
    "redis://[::1]:7": Address(Kind.SERVER, (("::1", 7),)),
    "redis://me:p%40ss%2F@host": Address(Kind.SERVER, (("host", 6379),), username="me", password="p@ss/"),  # noqa: S106
    "redis://:secret@host": Address(Kind.SERVER, (("host", 6379),), password="secret"),  # noqa: S106
    "rediss://host?ssl_ca_certs=/ca.pem&ssl_check_hostname=false": Address(
        Kind.SERVER,
        (("host", 6379),),
        has_tls=True,
        options=(("ssl_ca_certs", "/ca.pem"), ("ssl_check_hostname", False)),
    ),
    "unix:///run/redis.sock": Address(Kind.UNIX, path="/run/redis.sock"),
    "unix:///a%20b?db=2&username=me&password=pw": Address(Kind.UNIX, path="/a b", db=2, username="me", password="pw"),  # noqa: S106
    "redis+cluster://a:1,b:2,c": Address(Kind.CLUSTER, (("a", 1), ("b", 2), ("c", 6379))),
    "rediss+cluster://me:pw@a": Address(Kind.CLUSTER, (("a", 6379),), username="me", password="pw", has_tls=True),  # noqa: S106
    "redis+sentinel://a:1,b": Address(Kind.SENTINEL, (("a", 1), ("b", 26379)), name="mymaster"),
    "redis+sentinel://:pw@a/service/2?sentinel_password=s": Address(
        Kind.SENTINEL,
        (("a", 26379),),
        name="service",
        db=2,
        password="pw",  # noqa: S106
        options=(("sentinel_password", "s"),),
    ),
    "embedded": Address(Kind.EMBEDDED),
    "embedded:traffic": Address(Kind.EMBEDDED, name="traffic"),
    "memory": Address(Kind.MEMORY),
    "memory://traffic": Address(Kind.MEMORY, name="traffic"),
    "  redis://host\n": Address(Kind.SERVER, (("host", 6379),)),
}


@pytest.mark.parametrize("url", FORMS)
def test_every_form_is_read(url: str) -> None:
    assert parse_address(url) == FORMS[url]


@pytest.mark.parametrize("url", FORMS)
def test_what_is_shown_is_read_the_same_but_for_credentials_and_tls_files(url: str) -> None:
    address = parse_address(url)
    shown = parse_address(str(address))
    assert (shown.kind, shown.hosts, shown.path, shown.name, shown.db, shown.has_tls) == (
        address.kind,
        address.hosts,
        address.path.replace("%20", " "),
        address.name,
        address.db,
        address.has_tls,
    )


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "is empty"),
        ("localhost:6379", "has no scheme"),
        ("http://host", "begins with 'http'"),
        ("redis+clutser://a", "begins with 'redis\\+clutser'"),
        ("redis:host", "has no scheme"),
        ("redis://", "has no host"),
        ("redis://host:0", "the port 0"),
        ("redis://host:70000", "the port 70000"),
        ("redis://host:http", "malformed host or port"),
        ("redis://a:1,b:2", "several hosts"),
        ("redis://host/first", "no number"),
        ("redis://host/0/1", "path too long"),
        ("redis://host?db=-1", "no number"),
        ("redis://host?timeout=1", "the option 'timeout'"),
        ("redis://host?ssl_ca_certs=x", "the option 'ssl_ca_certs'"),
        ("rediss://host?ssl_cert_reqs=maybe", "ssl_cert_reqs; write required, optional, none"),
        ("rediss://host?ssl_check_hostname=1", "ssl_check_hostname; write true or false"),
        ("redis+cluster://a/1", "database 0 only"),
        ("redis+sentinel://a/s/0/1", "path too long"),
        ("redis://[::1", "malformed"),
        ("unix://run/redis.sock", "three slashes"),
        ("unix://", "three slashes"),
        ("embedded:", "a name has"),
        ("embedded:../x", "a name has"),
        ("memory://a.b", "a name has"),
    ],
)
def test_anything_else_is_refused_with_the_place_where_it_was_written(url: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=f"^mape.yml:3: the address of the Redis server .*{reason}"):
        parse_address(url, "mape.yml:3")


SECRET = "hunter2"  # noqa: S105 - the one to look for


@pytest.mark.parametrize(
    "url",
    [
        f"redis://me:{SECRET}@host:http",
        f"redis://me:{SECRET}/x@host",
        f"redis://me:{SECRET}#x@host",
        f"redis://me:{SECRET}?x@host",
        f"redis//me:{SECRET}@host",
        f"me:{SECRET}@host",
        f"redis://:{SECRET}@",
        f"redis://:[{SECRET}@host",
        f"redis+sentinel://a?sentinel_password={SECRET}&x=1",
        f"unix://run/x?password={SECRET}",
        f"{SECRET}://host",
    ],
)
def test_an_error_shows_no_credential(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_address(url)
    if url.startswith(SECRET):
        return  # what stands before :// is shown, and no place for a secret
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url",
    [
        f"redis://{SECRET}:{SECRET}@host",
        f"unix:///x?password={SECRET}",
        f"redis+sentinel://a?sentinel_password={SECRET}",
    ],
)
def test_an_address_shows_no_credential(url: str) -> None:
    address = parse_address(url)
    assert SECRET not in f"{address} {address!r}"


@given(st.text(max_size=60) | st.text(max_size=40).map(lambda text: f"redis://{text}"))
def test_whatever_is_written_is_an_address_or_one_error(text: str) -> None:
    try:
        found: object = parse_address(text)
    except ConfigError as error:
        found = error
    assert len(str(found)) < 400
