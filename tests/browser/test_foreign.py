"""Who may not look or act: other sites' pages, and whoever has no token; and where the token is, and is not."""

# ruff: noqa: E501 - the lines of scripts and texts

from __future__ import annotations

import http.client
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Opener
from tests.browser.eyes import live, picked, told
from tests.browser.plant import Plant

pytestmark = pytest.mark.system

Planter = Callable[..., Plant]

TOKEN = "s3cret-of-the-test-7c1f"  # noqa: S105 - it opens a program of this test

# -- the policy --------------------------------------------------------------------------------------------------------


def test_every_answer_of_the_shell_carries_the_policy_and_no_code_is_inline(opened: Opener, plant: Planter) -> None:
    page = opened(plant("house").url)
    live(page)
    urls = told(page, "performance.getEntriesByType('resource').map(each => each.name)")
    shell = [url for url in urls if "/page/" in url]
    assert len(shell) > 20
    for url in [page.url, *shell]:
        answer = page.request.get(url)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    inline = page.evaluate("() => document.querySelectorAll('script:not([src]), style').length")
    assert inline == 0


# -- other sites -------------------------------------------------------------------------------------------------------

ATTACK = """async ([target, token]) => {
    const got = [];
    const headers = token ? {authorization: `Bearer ${token}`} : {};
    const late = new Promise(done => setTimeout(done, 1500, 'late'));
    const attempt = async (name, act) => {
        const answer = await Promise.race([act().catch(() => null), late]);
        if (answer !== null && answer !== 'late') got.push(`${name}: ${answer}`);
    };
    const read = (path, options = {}) => async () => {
        const answer = await fetch(target + path, {...options, signal: AbortSignal.timeout(1400)});
        return answer.type === 'opaque' ? null : answer.status + (await answer.text()).slice(0, 60);
    };
    const text = {method: 'POST', body: '70.5', headers: {'content-type': 'text/plain'}};
    const push = '/live/push?path=air.hygrometer';
    await Promise.all([
        attempt('read', read('/live/hello')),
        attempt('read with a token', read('/live/hello', {headers})),
        attempt('read with credentials', read('/live/knowledge', {credentials: 'include'})),
        attempt('read the page', read('/')),
        attempt('stream', read('/live/stream')),
        attempt('read blindly', read('/live/hello', {mode: 'no-cors'})),
        attempt('push', read(push, {method: 'POST', body: '70.5', headers: {...headers, 'content-type': 'application/json'}})),
        attempt('push blindly', read(push, {...text, mode: 'no-cors'})),
        attempt('stop', read('/live/stop?path=air.damp', {...text, headers: {...headers, 'content-type': 'text/plain'}})),
        attempt('stop blindly', read('/live/stop?path=air.damp', {...text, mode: 'no-cors'})),
        attempt('change', read('/live/knowledge?scope=app&key=inhabitants', {method: 'PUT', body: '{"value": 9}', headers})),
        attempt('beacon', async () => { navigator.sendBeacon(target + push, '70.5'); return null; }),
        attempt('script', () => new Promise(done => { const each = document.createElement('script');
            each.onload = () => done('loaded'); each.onerror = () => done(null); each.src = target + '/page/state/store.js'; document.body.append(each); })),
        attempt('script of data', () => new Promise(done => { const each = document.createElement('script');
            each.onload = () => done('loaded'); each.onerror = () => done(null); each.src = target + '/live/hello'; document.body.append(each); })),
        attempt('events', () => new Promise(done => { const each = new EventSource(target + '/live/stream');
            each.onopen = () => done('open'); each.onerror = () => { each.close(); done(null); }; })),
        attempt('socket', () => new Promise(done => { const each = new WebSocket(target.replace('http', 'ws') + '/ws/loops/air/elements/hygrometer');
            each.onopen = () => done('open'); each.onerror = () => done(null); })),
        attempt('form', () => new Promise(done => { const form = document.createElement('form'); const frame = document.createElement('iframe');
            frame.name = 'answer'; document.body.append(frame); form.method = 'POST'; form.enctype = 'text/plain'; form.target = 'answer';
            form.action = target + push; const field = document.createElement('input'); field.name = '70.5'; form.append(field);
            document.body.append(form); form.submit(); setTimeout(done, 500, null); })),
    ]);
    const frame = document.createElement('iframe');
    const loaded = new Promise(done => { frame.onload = done; setTimeout(done, 1500); });
    frame.src = target + '/';
    document.body.append(frame);
    await loaded;
    let inside = null;
    try { inside = frame.contentWindow.document.body.innerHTML; } catch { inside = null; }
    if (inside) got.push(`frame: ${inside.slice(0, 80)}`);
    return got; }"""


@pytest.fixture
def foreign() -> Iterator[str]:
    """The URL of another site's page."""

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<!doctype html><title>another site</title><body>"
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("token", ["", TOKEN])
def test_another_sites_page_reads_nothing_and_does_nothing(
    chromium: Browser, plant: Planter, foreign: str, token: str
) -> None:
    house = plant("house", **({"rest.token": token} if token else {}))
    context = chromium.new_context()
    page = context.new_page()
    page.goto(foreign)
    got = page.evaluate(ATTACK, [house.url.rstrip("/"), token])
    framed = [
        frame for frame in page.frames if frame.url.startswith(house.url) and frame.query_selector("#app, header")
    ]
    context.close()

    assert got == []
    assert framed == [], "the page lets itself be framed"
    assert house.ask('app["air.hygrometer"].stats.received') == 0
    assert house.ask("app.k.inhabitants") == 3
    assert house.ask('app["air.damp"].is_running') in {True, None}


def test_a_name_that_somebody_points_at_this_machine_gets_no_answer(plant: Planter) -> None:
    house = plant("house")
    for path in ("/", "/page/state/store.js", "/live/hello"):
        connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=10)
        connection.request("GET", path, headers={"host": f"evil.test:{house.port}"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status in {400, 403, 421}, path
        assert b"<script" not in body
        assert b"pid" not in body


# -- the token ---------------------------------------------------------------------------------------------------------


def enter(page: Page, token: str, *, is_kept: bool = False) -> None:
    """Type a token."""
    field = page.get_by_role("textbox", name="Token")
    expect(field).to_be_focused()
    field.fill(token)
    if is_kept:
        page.get_by_label("Remember on this device").check()
    page.keyboard.press("Enter")


def test_the_token_is_asked_for_once_and_is_nowhere_to_be_seen(opened: Opener, plant: Planter) -> None:
    house = plant("house", **{"rest.token": TOKEN})
    page = opened(house.url)
    asked: list[Any] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - playwright writes into it
    page.on("dialog", lambda dialog: pytest.fail(f"the browser asks itself: {dialog.message}"))
    expect(page.locator(".status")).to_have_text("token needed")
    assert told(page, "s.hello") is None

    enter(page, "not this one")
    expect(page.get_by_role("alert")).to_have_text("The server does not know this token.")
    enter(page, TOKEN)
    live(page, 10)
    picked(page, "heating.thermometer")
    page.get_by_label("room").fill("attic")
    page.get_by_label("celsius").fill("7")
    page.get_by_role("button", name="Push", exact=True).click()
    page.get_by_text("pushed").first.wait_for()
    for tab in ("knowledge", "settings", "log"):
        picked(page, "", tab)
    shown = page.content() + page.evaluate(
        "() => JSON.stringify([...document.querySelectorAll('input')].map(i => i.value))"
    )
    page.reload()
    live(page, 10)

    assert TOKEN not in shown
    assert TOKEN not in json.dumps(told(page, "s", None), default=str)
    assert not [request.url for request in asked if TOKEN in request.url]
    assert not [request for request in asked if "referer" in request.all_headers() and "/live/" in request.url]
    assert not [request for request in asked if TOKEN in (request.post_data or "")]
    assert any(TOKEN in request.all_headers().get("authorization", "") for request in asked)
    assert page.evaluate("() => [document.cookie, localStorage.getItem('mape.token')]") == ["", None]
    assert page.evaluate("() => performance.getEntries().filter(each => each.name.includes('s3cret')).length") == 0
    house.end()
    assert TOKEN not in house.errors()


def test_a_token_stays_in_its_tab_unless_the_device_is_to_remember_it(opened: Opener, plant: Planter) -> None:
    house = plant("house", **{"rest.token": TOKEN})
    page = opened(house.url)
    enter(page, TOKEN)
    live(page, 10)
    second = page.context.new_page()
    second.goto(house.url)
    expect(second.locator(".status")).to_have_text("token needed")
    enter(second, TOKEN, is_kept=True)
    live(second, 10)
    third = page.context.new_page()
    third.goto(house.url)
    live(third, 10)

    third.keyboard.press("?")
    third.get_by_role("button", name="Forget the token").click()

    expect(third.locator(".status")).to_have_text("token needed")
    expect(third.get_by_role("textbox", name="Token")).to_be_focused()
    assert third.evaluate("() => [sessionStorage.length, localStorage.getItem('mape.token')]") == [0, None]
    assert "thermometer" not in third.content()
    third.reload()
    expect(third.locator(".status")).to_have_text("token needed")


def test_a_token_with_fewer_rights_sees_and_may_not_act(opened: Opener, plant: Planter) -> None:
    house = plant(
        "house", **{"rest.token": TOKEN, "rest.tokens": "read:only-look-0123456789 write:only-push-0123456789"}
    )
    page = opened(house.url)
    enter(page, "only-push-0123456789")
    expect(page.get_by_role("heading", name="This token may not look")).to_be_visible()
    page.get_by_role("button", name="Use another token").click()
    enter(page, "only-look-0123456789")
    live(page, 10)
    picked(page, "heating.thermometer")

    expect(page.get_by_role("button", name="Push", exact=True)).to_be_disabled()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
