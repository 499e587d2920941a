"""Whose page it is, where it is served, and when nothing is served."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import mape
from mape.application import prepare_apps
from mape.cli.page import HOST, Page, equipped, first_free, give_page
from mape.errors import ConfigError
from mape.item import Event
from mape.remote.rest import RestServer
from mape.settings import load
from mape.testing import run_virtual

NAMED = {"rest.host_port": "127.0.0.1:0"}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def servers(app: mape.App) -> list[RestServer]:
    return [each for each in app.services if isinstance(each, RestServer)]


def opened(app: mape.App, *, is_shown: bool = True) -> list[RestServer]:
    """Open the page of an app that does not run, and return the servers that it then has."""
    run_virtual(Page(app, is_shown=is_shown).open)
    return servers(app)


def test_an_app_without_settings_gets_a_server_at_the_first_free_port() -> None:
    app = mape.App()

    (server,) = opened(app)

    assert str(server.address) == "127.0.0.1:8000+"
    assert app.is_configured


def test_an_app_with_a_place_gets_its_server_there() -> None:
    app = mape.App(load(overrides=NAMED))

    (server,) = opened(app)

    assert str(server.address) == "127.0.0.1:0"


def test_an_app_with_a_server_of_its_own_gets_no_other() -> None:
    app = mape.App()
    mine = RestServer(app, load(overrides=NAMED).rest)

    assert opened(app) == [mine]


def test_without_a_page_an_app_gets_what_its_settings_ask_for(tmp_path: Path) -> None:
    assert opened(mape.App(), is_shown=False) == []
    (tmp_path / "mape.yml").write_text('rest:\n  host_port: "127.0.0.1:0"\n')
    assert len(opened(mape.App(), is_shown=False)) == 1


def test_an_app_that_has_settings_keeps_them(tmp_path: Path) -> None:
    app = mape.App(load(overrides={"seed": 3}))
    (tmp_path / "mape.yml").write_text("seed: 4\n")

    assert equipped(app).settings.seed == 3
    assert equipped(mape.App()).settings.seed == 4


def test_wrong_settings_are_an_error_and_no_page(tmp_path: Path) -> None:
    (tmp_path / "mape.yml").write_text("sede: 4\n")

    with pytest.raises(ConfigError, match="did you mean seed"):
        opened(mape.App())


def test_the_knowledge_that_an_app_shares_already_stays_shared(tmp_path: Path) -> None:
    (tmp_path / "mape.yml").write_text("redis:\n  url: memory\n")
    app = mape.init()
    store = app.store

    opened(app)

    assert app.store is store


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001/"),
        ("http://0.0.0.0:6060", "http://127.0.0.1:6060/"),
        ("http://[::]:6060", "http://[::1]:6060/"),
        ("http://[fe80::1]:6060", "http://[fe80::1]:6060/"),
        ("http://car:6060", "http://car:6060/"),
    ],
)
def test_the_address_is_one_that_can_be_opened_here(url: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    app = mape.App(load(overrides=NAMED))
    opened(app)

    class FakeServer:
        path, stage = "fake", Page.stage

        def __init__(self) -> None:
            self.url = url

    app.services.add(FakeServer())  # type: ignore[arg-type]
    app.events.send(Event("listening", "fake", "listens", 0.0))
    app.events.send(Event("connected", "fake", "is there", 0.0))

    out, err = capsys.readouterr()
    assert (out, err) == ("", f"live page: {shown}\n")


def test_without_the_extra_there_is_a_hint(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "mape.remote.rest.server", None)
    monkeypatch.delitem(sys.modules, "mape.remote.rest.server")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    app = mape.App()

    run_virtual(Page(app).open)

    assert capsys.readouterr().err.startswith("no live page: pip install 'mape-toolkit[rest]' brings it")
    assert [each.path for each in app.services] == []


def test_a_port_that_is_asked_for_is_the_lowest_that_will_do() -> None:
    app = mape.App()

    run_virtual(Page(app, port=8123).open)

    assert str(servers(app)[0].address) == "127.0.0.1:8123+"


def test_the_first_free_port_is_one_that_can_be_had() -> None:
    port = first_free()

    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((HOST, port))
        taken.listen()
        assert first_free() != port


def pages(app: mape.App) -> int:
    return sum(isinstance(each, Page) for each in app.services)


async def opened_twice(app: mape.App) -> None:
    for _ in range(2):
        async with app:
            pass


@pytest.fixture
def _pages_for_all() -> Iterator[None]:
    prepare_apps(partial(give_page, is_shown=False, opens_browser=False, port=8000))
    yield
    prepare_apps(None)


@pytest.mark.usefixtures("_pages_for_all")
def test_every_app_that_opens_is_given_one_page(tmp_path: Path) -> None:
    (tmp_path / "mape.yml").write_text("seed: 5")
    one, other = mape.App(), mape.App(load())

    for app in (one, other):
        asyncio.run(opened_twice(app))

    assert [pages(one), pages(other)] == [1, 1]
    assert one.settings.seed == 5


@pytest.mark.usefixtures("_pages_for_all")
def test_an_app_in_virtual_time_has_no_page() -> None:
    app = mape.App()

    run_virtual(opened_twice(app))

    assert pages(app) == 0
    assert not app.is_configured


def test_without_mape_run_nobody_is_given_a_page() -> None:
    app = mape.App()

    asyncio.run(opened_twice(app))

    assert pages(app) == 0
