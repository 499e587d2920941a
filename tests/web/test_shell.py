from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest

import mape
from mape.remote.rest import RestServer
from mape.settings.schema import Rest
from mape.web import add_page
from mape.web.shell import FOLDER, KINDS, POLICY, Shell
from tests.remote.rest.wire import call

GZIP = [("accept-encoding", "gzip, br")]


class _Request:
    def __init__(self, file: str, **headers: str) -> None:
        room, _, name = file.rpartition("/")
        self.names = {"room": room, "file": name} if room else {"file": file}
        self._headers = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}

    def header(self, name: bytes) -> bytes:
        return self._headers.get(name, b"")


def request(file: str, **headers: str) -> Any:
    return _Request(file, **headers)


def server(**settings: Any) -> Any:
    return add_page(RestServer(mape.App(), Rest(host_port="127.0.0.1:8000", **settings))).asgi


@pytest.mark.parametrize("token", [None, "secret"])
async def test_the_page_itself_needs_no_token_and_nothing_else_is_let_in_without(token: str | None) -> None:
    asgi = server(token=token)

    page = await call(asgi, "GET", "/")
    assert page.status == 200
    assert page.header("content-type") == "text/html; charset=utf-8"
    for name in ("app.js", "styles/page.css"):
        assert (await call(asgi, "GET", f"/page/{name}")).status == 200
    for path in ("/live/hello", "/loops", "/metrics", "/docs", "/graph"):
        assert (await call(asgi, "GET", path)).status == (401 if token else 200)


async def test_the_page_may_run_nothing_but_its_own_files() -> None:
    page = await call(server(), "GET", "/")

    assert page.header("content-security-policy") == POLICY.decode()
    assert "unsafe" not in POLICY.decode()
    for name, value in {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "x-frame-options": "DENY",
        "cache-control": "no-cache",
    }.items():
        assert page.header(name) == value


@pytest.mark.parametrize("path", ["/", "/page/app.js"])
async def test_pages_of_others_get_nothing_not_even_the_shell(path: str) -> None:
    asgi = server()

    assert (await call(asgi, "GET", path, headers=[("origin", "http://evil.example")])).status == 403
    assert (await call(asgi, "GET", path, headers=[("host", "evil.example")])).status == 403
    assert (await call(asgi, "GET", path, headers=[("sec-fetch-site", "cross-site")])).status == 403


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../shell.py",
        "..%2fshell.py",
        "/etc/passwd",
        "licences",
        "vendor",
        "vendor/licences",
        "vendor/../app.js",
        "app.js/app.js",
        "graph/app.js",
        "shell.py",
        ".js",
        "nothing.js",
        "app.js/",
        "\x00.js",
    ],
)
def test_only_files_of_the_folder_are_served(name: str) -> None:
    assert Shell().file(request(name)).status == 404


def test_every_file_of_the_page_can_be_served() -> None:
    shell = Shell()
    known = (each for each in (*FOLDER.glob("*"), *FOLDER.glob("*/*")) if each.is_file() and each.suffix in KINDS)
    names = [each.relative_to(FOLDER).as_posix() for each in known]

    assert {"index.html", "state/store.js"} <= set(names)
    for name in names:
        answer = shell.file(request(name))
        assert (answer.status, answer.body) == (200, (FOLDER / name).read_bytes())


def test_who_can_unpack_gets_it_packed_and_who_has_it_gets_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.js").write_text("x = 1;" * 1_000)
    shell = Shell(tmp_path)

    plain, packed = shell.file(request("app.js")), shell.file(request("app.js", accept_encoding="gzip"))
    assert gzip.decompress(packed.body) == plain.body
    assert dict(packed.headers)[b"content-encoding"] == b"gzip"
    tag = dict(plain.headers)[b"etag"].decode()
    known = shell.file(request("app.js", if_none_match=tag))
    assert (known.status, known.body) == (304, b"")


def test_a_file_that_has_changed_is_served_as_it_is_now(tmp_path: Path) -> None:
    (tmp_path / "app.js").write_text("1")
    shell = Shell(tmp_path)
    before = dict(shell.file(request("app.js")).headers)[b"etag"]
    (tmp_path / "app.js").write_text("2")
    os.utime(tmp_path / "app.js", ns=(1, 1))

    answer = shell.file(request("app.js"))
    assert answer.body == b"2"
    assert dict(answer.headers)[b"etag"] != before


def test_a_folder_that_is_not_there_is_no_crash(tmp_path: Path) -> None:
    assert Shell(tmp_path / "gone").index(request("")).status == 404
