"""Texts that nobody should trust: on every screen they are text, and nothing in them runs."""

# ruff: noqa: E501 - the lines of scripts and texts

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Opener, replacing
from tests.browser.eyes import live, log, picked, told, until
from tests.browser.plant import Plant

pytestmark = pytest.mark.system

Planter = Callable[..., Plant]

RUN = "window.ran=1"
CLASSIC = (
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg/onload={RUN}>",
    '"><iframe srcdoc="<script>parent.ran=1</script>">',
    f"' onfocus='{RUN}' autofocus='",
    f"<a href=javascript:{RUN}>here</a>",
    f"javascript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    f"${{{RUN}}}",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    "<style>*{display:none}</style><link rel=stylesheet href=//evil.test/x.css>",
    "<base href=//evil.test/><form action=//evil.test/><button>",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "toString",
    "\u202egnp.exe\u202c\u2066\u2067",
    "zero\u200bwidth\u200d\ufeff\u00ad",
    "nul\x00bell\x07escape\x1b[31mred",
    "lone\ud800surrogates\udfff",
    "line\u2028and\u2029paragraph\r\nevent: bye\ndata: {}\n\n",
    "Z\u0351\u036b\u0343" * 30,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 20,
    "x" * 1_000_000,
    "<b>" * 100_000,
    "",
    " \t\n ",
)
ALLOWED = "a article aside body button canvas code dd details dialog div dl dt fieldset footer form g h1 h2 h3 h4 header html head "
ALLOWED += "i input kbd label legend li link main meta nav noscript ol option p path circle rect line polyline polygon "
ALLOWED += (
    "pre script search section select small span strong summary svg table tbody td textarea th thead time title tr ul "
)
ALLOWED += "ellipse b em template output meter progress text"
TRACES = f"""() => {{
    const allowed = new Set({json.dumps(ALLOWED.split())});
    const traces = window.ran === undefined ? [] : ['it ran'];
    for (const each of document.querySelectorAll('*')) {{
        if (!allowed.has(each.localName)) traces.push(`<${{each.localName}}>`);
        for (const {{name, value}} of each.attributes) {{
            if (/^on|^srcdoc|^formaction/.test(name)) traces.push(`${{name}}=${{value.slice(0, 80)}}`);
            if (/^\\s*(javascript|data|vbscript):/i.test(value) && /^(href|src|action|xlink:href)$/.test(name)) traces.push(value.slice(0, 80));
        }}
    }}
    if (document.querySelectorAll('script').length !== 1) traces.push('a script more');
    if (Object.prototype.polluted !== undefined || ({{}}).x !== undefined) traces.push('a polluted prototype');
    return traces; }}"""


def assert_clean(page: Page) -> None:
    """Fail if something of what was shown is more than text."""
    assert page.evaluate(TRACES) == []


def unfold(page: Page) -> None:
    """Open what can be opened in the sheet: items, failures, keys; some of each."""
    for selector in (".part-fold[aria-expanded=false]", ".item-fold[aria-expanded=false]", ".known-fold", ".tree-fold"):
        for button in page.locator(f".sheet {selector}").all()[:6]:
            if button.count():
                button.click()


def walk(page: Page) -> str:
    """Look at every screen; return all that was shown."""
    seen = [page.locator("header.bar").inner_text()]
    for tab in ("element", "log", "trace", "knowledge", "settings"):
        for path in ("trap.shown", "trap.failing") if tab == "element" else ("",):
            picked(page, path, tab)
            page.locator(".sheet-body .panel").first.wait_for()
            unfold(page)
            assert_clean(page)
            seen.append(page.locator(".sheet").inner_text())
    return "\n".join(seen)


def push(program: Plant, texts: list[str]) -> None:
    """Have the program pass these, as values and as keys, fail with them, and know them."""
    program.ask(f"(texts := json.loads({json.dumps(texts)!r})) and 0")
    program.ask('[app["trap.shown"].port_in.on_next(text) for text in texts] and 0')
    program.ask('app["trap.shown"].port_in.on_next({text[:300]: [text] for text in texts})')
    program.ask(
        'app["trap.shown"].port_in.on_next({"__proto__": {"polluted": 1, "x": 1}, "constructor": {"prototype": 1}})'
    )
    program.ask("[app.k.__setitem__(text[:200] or '-', text) for text in texts] and 0")
    program.ask("[app.k.__setitem__(f'number {text[:100]}', index) for index, text in enumerate(texts)] and 0")


def test_the_classics_are_text_on_every_screen(opened: Opener, plant: Planter) -> None:
    title = CLASSIC[2]
    program = plant("trap", **{"rest.title": title, "rest.hosts": CLASSIC[1]})
    page = live(opened(program.url), 2)
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    picked(page, "trap.shown")
    push(program, list(CLASSIC))
    until(page, "s.log.filter(entry => entry.kind === 'failure').length > 20")
    until(page, "s.items['trap.shown']?.out.length > 3")

    text = walk(page)

    expect(page.locator("h1")).to_have_text(title)
    assert page.title() == title
    for one in (CLASSIC[0], CLASSIC[2], "__proto__", "constructor"):
        assert one in text, f"{one!r} is not shown"
    assert "\u202e" not in text, "the direction of what follows can be turned"
    assert "\x00" not in text
    assert told(page, "s.status") == "live", "a text ended the stream"
    assert any(CLASSIC[0] in entry for entry in log(page))
    assert told(page, "s.log.every(entry => entry.text.length < 5000)")


@pytest.mark.parametrize("width", [1440, 360])
def test_channels_and_searches_are_text_too(opened: Opener, plant: Planter, width: int) -> None:
    program = plant("wires", **{"redis.url": "memory"})
    page = live(opened(program.url, width=width), 2)
    until(page, "s.graphs[''].edges.filter(edge => edge.end).length === 4")
    graph = page.locator("#graph").bounding_box()
    assert graph is not None
    ends = page.evaluate("""() => [...document.querySelector('#graph').stage.scene.nodes.values()]
        .filter(node => node.kind === 'channel').map(node => document.querySelector('#graph').stage.place_of(node.id))""")
    assert len(ends) == 4
    for end in ends:
        page.mouse.move(graph["x"] + end["x"], graph["y"] + end["y"])
        page.mouse.move(graph["x"] + end["x"] + 1, graph["y"] + end["y"])
        page.wait_for_timeout(30)
        assert_clean(page)
    if width > 1000:
        page.get_by_role("combobox", name="Search elements").fill(CLASSIC[2])
        expect(page.get_by_text("Nothing has that in its name.")).to_be_visible()
        assert_clean(page)


@pytest.fixture(scope="module")
def looked(chromium: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page that is kept, and what it complained of."""
    complaints: list[str] = []
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
    yield page, complaints
    context.close()


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
MARKUP = st.lists(
    st.sampled_from([*"<>\"'&;=/`{}$\x00\n\r ", "script", "onerror", "=window.ran=1", "img ", "svg ", "\u202e"])
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | MARKUP.map("".join),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT | MARKUP.map("".join), inner, max_size=4),
    max_leaves=12,
)


def test_what_hypothesis_thinks_of_is_text(plant: Planter, looked: tuple[Page, list[str]]) -> None:
    program, (page, complaints) = plant("trap"), looked
    page.goto(program.url)
    live(page, 2)
    picked(page, "trap.shown")

    while not told(page, "s.items['trap.shown']?.seen.in"):  # until the server has heard what is looked at
        program.ask("app['trap.shown'].port_in.on_next(0)")
        page.wait_for_timeout(50)

    @settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.lists(VALUES, min_size=20, max_size=30))
    def check(values: list[Any]) -> None:
        before = told(page, "s.items['trap.shown']?.seen.in ?? 0")
        program.ask(f"[app['trap.shown'].port_in.on_next(value) for value in json.loads({json.dumps(values)!r})] and 0")
        until(page, f"(s.items['trap.shown']?.seen.in ?? 0) >= {before + len(values)}")
        assert told(page, "s.status") == "live"
        assert page.evaluate(TRACES) == []
        assert complaints == []

    check()
    for tab in ("log", "knowledge"):
        picked(page, "", tab)
        unfold(page)
        assert page.evaluate(TRACES) == []
    picked(page, "trap.shown")
    unfold(page)
    assert page.evaluate(TRACES) == []
    assert complaints == []


@pytest.mark.parametrize("has_policy", [True, False])
def test_one_place_that_parses_what_it_shows_would_be_found(
    chromium: Browser,
    plant: Planter,
    has_policy: bool,
) -> None:
    program = plant("trap")
    context = chromium.new_context(bypass_csp=not has_policy)
    said: list[str] = []
    parse = " if (event.items[0]) document.querySelector('.bar').insertAdjacentHTML('beforeend', event.items[0].value);"
    begin = "function on_items(event) {"
    context.route("**/page/state/events.js", replacing(begin, begin + parse, said))
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(program.url)
    live(page, 2)
    picked(page, "trap.shown")
    program.ask(f"app['trap.shown'].port_in.on_next({CLASSIC[2]!r})")
    try:
        if has_policy:
            page.wait_for_timeout(100)
            deadline_until(page, said)
        else:
            page.wait_for_function("() => window.ran === 1")
            assert "it ran" in page.evaluate(TRACES)
    finally:
        context.close()


def deadline_until(page: Page, said: list[str]) -> None:
    """Wait until the policy has objected."""
    for _ in range(100):
        if any(re.search("TrustedHTML|Content Security Policy", text) for text in said):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"the policy let it pass: {said}")
