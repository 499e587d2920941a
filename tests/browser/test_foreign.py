"""Who may not look or act: other sites' pages, and whoever has no token; and where the token is, and is not."""

# ruff: noqa: E501 - the lines of scripts and texts

from __future__ import annotations

import http.client
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Opener
from tests.browser.eyes import live, picked, told, until
from tests.browser.plant import Plant

pytestmark = pytest.mark.system

Planter = Callable[..., Plant]

TOKEN = "s3cret-of-the-test-7c1f"  # noqa: S105 - it opens a program of this test

# -- the policy --------------------------------------------------------------------------------------------------------


def assert_strict(opened: Opener, url: str) -> None:
    """Fail unless each file of the page comes with the policy, and no code is inline."""
    page = opened(url)
    live(page)
    urls = told(page, "performance.getEntriesByType('resource').map(each => each.name)")
    shell = [url for url in urls if "/page/" in url]
    assert len(shell) > 20
    for each in [page.url, *shell]:
        headers = page.request.get(each).headers
        policy = headers.get("content-security-policy", "none")
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy
        assert headers.get("x-content-type-options") == "nosniff"
        assert headers.get("referrer-policy") == "no-referrer"
        assert headers.get("cross-origin-resource-policy") == "same-origin"
    inline = page.evaluate("() => document.querySelectorAll('script:not([src]), style').length")
    print(f"\nthe policy stands on {len(shell) + 1} answers; {inline} scripts or styles are inline")
    assert inline == 0


def test_every_answer_of_the_shell_carries_the_policy_and_no_code_is_inline(opened: Opener, plant: Planter) -> None:
    assert_strict(opened, plant("house").url)


def test_a_shell_without_the_policy_would_be_found(opened: Opener, plant: Planter) -> None:
    with pytest.raises(AssertionError, match="default-src"):
        assert_strict(opened, plant("house", bugs="open_to_all").url)


def test_code_that_is_inline_would_be_found(opened: Opener, plant: Planter) -> None:
    planted = {"app.js": ("begin();", 'begin(); document.head.append(document.createElement("style"));')}
    with pytest.raises(AssertionError, match="1 == 0"):
        assert_strict(partial(opened, planted=planted), plant("house").url)
    assert any("Applying inline style violates" in text for text in opened.complaints)  # type: ignore[attr-defined]
    opened.complaints.clear()  # type: ignore[attr-defined]


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
        attempt('post blindly', read('/loops/air/elements/hygrometer', {method: 'POST', body: new TextEncoder().encode('70.5'), mode: 'no-cors'})),
        attempt('stop', read('/live/stop?path=air.damp', {...text, headers: {...headers, 'content-type': 'text/plain'}})),
        attempt('stop blindly', read('/live/stop?path=air.damp', {...text, mode: 'no-cors'})),
        attempt('change', read('/live/knowledge?scope=app&key=inhabitants', {method: 'PUT', body: '{"value": 9}',
            headers: {...headers, 'content-type': 'application/json'}})),
        attempt('beacon', async () => { navigator.sendBeacon(target + push, '70.5'); return null; }),
        attempt('script', () => new Promise(done => { const each = document.createElement('script');
            each.onload = () => done('loaded'); each.onerror = () => done(null); each.src = target + '/page/state/store.js'; document.body.append(each); })),
        attempt('script of data', () => new Promise(done => { const each = document.createElement('script');
            each.onload = () => done('loaded'); each.onerror = () => done(null); each.src = target + '/live/hello'; document.body.append(each); })),
        attempt('events', () => new Promise(done => { const each = new EventSource(target + '/live/stream');
            each.onopen = () => done('open'); each.onerror = () => { each.close(); done(null); }; })),
        attempt('socket', () => new Promise(done => { const each = new WebSocket(target.replace('http', 'ws') + '/loops/air/elements/hygrometer');
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


def seen(house: Plant) -> list[str]:
    """What another site's page has done to the program."""
    received = house.ask('app["air.hygrometer"].stats.received')
    return [
        *(["pushed"] if received else []),
        *(["changed"] if house.ask("app.k.inhabitants") != 3 else []),
        *(["stopped"] if house.ask('app["air.damp"].is_running') is False else []),
    ]


def attacked(chromium: Browser, house: Plant, foreign: str, token: str) -> tuple[set[str], list[str]]:
    """What another site's page has read or opened, and what it has done."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(foreign)
    got = page.evaluate(ATTACK, [house.url.rstrip("/"), token])
    framed = [
        frame for frame in page.frames if frame.url.startswith(house.url) and frame.query_selector("#app, header")
    ]
    context.close()
    return {each.split(":")[0] for each in got} | ({"frame"} if framed else set()), seen(house)


@pytest.mark.parametrize("token", ["", TOKEN])
def test_another_sites_page_reads_nothing_and_does_nothing(
    chromium: Browser, plant: Planter, foreign: str, token: str
) -> None:
    house = plant("house", **({"rest.token": token} if token else {}))
    got, done = attacked(chromium, house, foreign, token)
    print(f"\n{ATTACK.count('attempt(')} attempts and a frame: {sorted(got)} came through, {done} happened")

    assert got == set()
    assert done == []


def test_a_server_that_asks_nobody_where_they_come_from_would_be_found(
    chromium: Browser, plant: Planter, foreign: str
) -> None:
    """The planted bug: Origin, Host and Sec-Fetch-Site are not looked at."""
    house = plant("house", bugs="unguarded")
    got, done = attacked(chromium, house, foreign, "")
    print(f"\nunguarded: {sorted(got)} came through, {done} happened")

    assert got == {"socket"}, "what is read still fails: browsers ask the answers for leave"
    assert done == ["pushed", "stopped"]
    with pytest.raises(AssertionError):
        assert_only_by_its_own_name(house)


def test_a_server_that_lets_every_site_in_would_be_found(chromium: Browser, plant: Planter, foreign: str) -> None:
    """The planted bug: as above, and all answers say that other sites may read and frame them."""
    house = plant("house", bugs="unguarded,open_to_all", **{"rest.token": TOKEN})
    got, done = attacked(chromium, house, foreign, TOKEN)
    print(f"\nopen to all: {sorted(got)} came through, {done} happened")

    assert got >= {"read", "read with a token", "read the page", "script", "frame", "push", "change"}
    assert done == ["pushed", "changed", "stopped"]


def test_a_name_that_somebody_points_at_this_machine_gets_no_answer(plant: Planter) -> None:
    assert_only_by_its_own_name(plant("house"))


def assert_only_by_its_own_name(house: Plant) -> None:
    """Fail if the server answers to a name that it does not have."""
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


def token_faults(opened: Opener, house: Plant, planted: dict[str, tuple[str, str]] | None = None) -> list[str]:
    """Where the token can be seen that should not be, after a person has used the page; and whether it is asked again."""
    page = opened(house.url, planted=planted)
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
    timed = page.evaluate("() => JSON.stringify(performance.getEntries())")
    state = json.dumps(told(page, "s"), default=str)
    kept = page.evaluate("() => [document.cookie, JSON.stringify(localStorage), name, JSON.stringify(history.state)]")
    page.reload()
    until(page, "s.status === 'live' || s.status === 'token'")
    is_asked_again = told(page, "s.status") == "token"
    house.end()

    assert any(TOKEN in request.all_headers().get("authorization", "") for request in asked), "it is not sent at all"
    places = {
        "the page": shown,
        "the state": state,
        "the address": page.url,
        "a URL": " ".join([*(request.url for request in asked), timed]),
        "a referrer": " ".join(request.all_headers().get("referer", "") for request in asked),
        "a body": " ".join(request.post_data or "" for request in asked),
        "a cookie": kept[0],
        "what the device keeps": kept[1],
        "the name of the window": kept[2] + kept[3],
        "the log": house.errors(),
    }
    print(f"\nlooked for the token in {len(asked)} requests and {sum(map(len, places.values()))} characters")
    found = [f"it stands in {name}" for name, text in places.items() if TOKEN in text]
    return [*found, *(["it is asked for again"] if is_asked_again else [])]


def test_the_token_is_asked_for_once_and_is_nowhere_to_be_seen(opened: Opener, plant: Planter) -> None:
    assert token_faults(opened, plant("house", **{"rest.token": TOKEN})) == []


def test_a_token_that_lies_about_would_be_found(opened: Opener, plant: Planter) -> None:
    """The planted bugs: the page leaves it wherever a page can, and forgets it; the server logs it."""
    lying = """held = value; document.cookie = `t=${value}`; history.replaceState(null, "", `?t=${value}`);
        localStorage.setItem("t", value); window.name = value; document.documentElement.title = value; return;"""
    url = 'new URL(path.replace(/^\\//, ""), ROOT);'
    planted = {
        "server/token.js": ("held = value;", lying),
        "server/api.js": (f"const url = {url}", f"const url = {url} if (token.get()) url.hash = token.get();"),
    }
    found = token_faults(opened, plant("house", bugs="chatty", **{"rest.token": TOKEN}), planted)
    print("; ".join(found))
    places = (
        "the page",
        "the address",
        "a URL",
        "a cookie",
        "what the device keeps",
        "the name of the window",
        "the log",
    )
    assert found == [*(f"it stands in {place}" for place in places), "it is asked for again"]


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
