"""A large program on the page, and a long day: it stays fluent, and does not grow."""

# ruff: noqa: E501 - the lines of scripts and texts

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page

from tests.browser.conftest import Opener
from tests.browser.eyes import live, picked, told, until
from tests.browser.plant import Plant

pytestmark = pytest.mark.system

Planter = Callable[..., Plant]

FLUENT = 30
"""Frames a second."""
DOTS = "document.querySelector('#graph').stage.motion.dots.length"
HEAP = 200
"""[MB]"""
GROWTH = 1.0
"""What a day may add to the heap after its first hour, at most [MB]: 4 bytes a pulse, 400 each time all is drawn."""
FRAMES = """span => new Promise(done => {
    const start = performance.now();
    let [frames, last, longest] = [0, start, 0];
    const count = now => {
        frames += 1;
        longest = Math.max(longest, now - last);
        last = now;
        if (now - start < span) requestAnimationFrame(count);
        else done([1000 * frames / (now - start), longest]);
    };
    requestAnimationFrame(count);
})"""


def frames(page: Page, span: float = 1.6, times: int = 3) -> tuple[float, float]:
    """Frames a second, in the median of so many times, and the longest one [ms]."""
    found = [page.evaluate(FRAMES, span * 1000) for _ in range(times)]
    return statistics.median(each[0] for each in found), max(each[1] for each in found)


def collected(session: CDPSession) -> tuple[float, int, int]:
    """What is left after the garbage is gone: heap [MB], nodes of the document, listeners."""
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    counters = session.send("Memory.getDOMCounters")
    heap = session.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    return heap, counters["nodes"], counters["jsEventListeners"]


def crowd(plant: Planter) -> Plant:
    """500 elements in 50 loops, at 1,000 items a second."""
    program = plant("many")
    program.ask("feed(1000, *[f'level{n % 5}.loop{n:02}.step0' for n in range(50)])")
    return program


def test_five_hundred_elements_at_a_thousand_items_a_second_are_fluent(opened: Opener, plant: Planter) -> None:
    program = crowd(plant)
    page = live(opened(program.url), 500)
    until(page, "Object.values(s.pulse).filter(figures => figures.rate > 5).length > 400")
    session = page.context.new_cdp_session(page)
    whole = frames(page)
    until(page, f"{DOTS} > 10")  # they come with each pulse, in bursts
    dots = told(page, DOTS)
    told(page, "document.querySelector('#graph').stage.view.zoom_by(4)")
    near = frames(page, times=1)
    picked(page, "loop00.step0")
    panel = frames(page, times=1)
    heap, nodes, _ = collected(session)

    print(
        f"\n500 elements, 1,000 items/s: {whole[0]:.0f} frames/s (longest {whole[1]:.0f} ms), from near {near[0]:.0f}, "
        f"with a panel {panel[0]:.0f}; {dots} dots; heap {heap:.1f} MB, {nodes} nodes"
    )
    assert min(whole[0], near[0], panel[0]) > FLUENT
    assert heap < HEAP


def test_a_page_that_draws_too_much_and_holds_too_much_would_be_found(opened: Opener, plant: Planter) -> None:
    slow = "draw(now) { for (const end = performance.now() + 150; performance.now() < end;);"
    hoard = "globalThis.hoard = Array.from({length: 30}, () => new Array(1e6).fill(0.5));\n"
    planted = {
        "graph/motion.js": ("draw(now) {", slow),
        "state/events.js": ("const LOG_KEPT", f"{hoard}const LOG_KEPT"),
    }
    page = live(opened(crowd(plant).url, planted=planted), 500)
    until(page, f"{DOTS} > 10")
    rate, longest = frames(page, span=1, times=1)
    heap, *_ = collected(page.context.new_cdp_session(page))
    print(f"\n{rate:.0f} frames/s (longest {longest:.0f} ms), heap {heap:.0f} MB")
    assert rate < FLUENT
    assert heap > HEAP


# -- a long day --------------------------------------------------------------------------------------------------------

TIME = """(() => {
    let ahead = 0; // [ms]
    const [now, frame] = [performance.now.bind(performance), window.requestAnimationFrame.bind(window)];
    performance.now = () => now() + ahead;
    window.requestAnimationFrame = act => frame(time => act(time + ahead));
    window.later = span => { ahead += span; };
})()"""
HOUR = """async ({hours, first}) => {
    const {take} = await import('/page/state/events.js');
    const {store} = await import('/page/state/store.js');
    const paths = store.get().graphs[''].elements.map(element => element.path);
    const start = Date.now() / 1000; // [s]
    const tell = (name, event) => take(name, JSON.stringify(event));
    for (let n = first; n < first + 36000 * hours; n++) {
        window.later(100);
        const t = start + n / 10;
        const e = {};
        for (const index of [0, 1, 2]) {
            const path = paths[(n + index) % paths.length];
            e[path] = [n + 10, n + 10, n + 10, n % 7, n >> 8, n % 30, 0.001 + (n % 100) / 1e5, 0.002, 1];
        }
        const pulse = {peer: '', t, e};
        if (n % 5 === 0) pulse.k = {app: {inhabitants: n % 50}, 'loop:rooms.heating': {opening: (n * 7) % 100}};
        tell('pulse', pulse);
        if (n % 5 === 1) tell('items', {peer: '', path: 'heating.comfort', port: n % 2 ? 'in' : 'out', seen: n, items: [
            {t, cause: (n * 7919).toString(16).padStart(16, '0'), value: {$type: 'Reading', room: `room ${n}`, celsius: n % 40},
             text: `Reading ${n}`, numbers: {celsius: n % 40}}]});
        if (n % 10 === 2) tell('log', {entries: [{n, t, peer: '', kind: n % 20 === 2 ? 'failure' : 'gap', path: paths[n % 9],
            text: `what happened at ${n}`, cause: (n * 31).toString(16), traceback: `Traceback ${'of some length '.repeat(20)} ${n}`,
            item: `item ${n}`, more: 0}]});
        if (n % 50 === 3) tell('knowledge', {peer: '', changed: [{scope: 'app', key: 'inhabitants'}]});
        if (n % 100 === 4) tell('trace', {peer: '', cause: (n * 17).toString(16), first: 0, is_done: true, hops: paths.slice(0, 4).map(
            path => ({t, peer: '', path, port: 'in', kind: 'in', text: `hop ${n}`, value: {n}, took: null}))});
        if (n % 6000 === 5) tell('graph', {...store.get().graphs[''], version: n});
        if (n % 100 === 6) await null; // whoever listens hears of it, and draws
        if (n % 3600 === 7) await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    }
    await new Promise(done => setTimeout(done, 400));
}"""


def day(page: Page, hours: float) -> list[tuple[float, int, int]]:
    """What is left after the first hour, and at the end."""
    session = page.context.new_cdp_session(page)
    left, first = [], 0
    for span in (1.0, hours - 1):
        page.evaluate(HOUR, {"hours": span, "first": first})
        first += round(36_000 * span)
        left.append(collected(session))
    return left


def prepared(opened: Opener, plant: Planter, **options: Any) -> Page:
    """Return a page whose time can be turned, with an open panel."""
    page = opened(plant("house").url, **options)
    page.context.add_init_script(TIME)
    page.reload()
    live(page, 10)
    page.set_default_timeout(90_000)
    return page


@pytest.mark.parametrize("tab", ["element", "log"])
def test_a_page_that_was_open_for_eight_hours_has_not_grown(opened: Opener, plant: Planter, tab: str) -> None:
    page = prepared(opened, plant)
    picked(page, "heating.comfort", tab)
    hours = 8 if tab == "element" else 2

    (heap, nodes, listeners), (heap_end, nodes_end, listeners_end) = day(page, hours)

    print(
        f"\n{tab}, {hours} h ({36_000 * hours} pulses): heap {heap:.2f} -> {heap_end:.2f} MB, "
        f"nodes {nodes} -> {nodes_end}, listeners {listeners} -> {listeners_end}"
    )
    assert told(page, "s.log.length") == 500
    assert told(page, "Object.keys(s.traces).length") <= 20
    assert heap_end - heap < GROWTH
    assert abs(nodes_end - nodes) < 60
    assert abs(listeners_end - listeners) < 30


def test_a_log_without_an_end_would_be_found(opened: Opener, plant: Planter) -> None:
    page = prepared(opened, plant, planted={"state/events.js": ("LOG_KEPT = 500", "LOG_KEPT = 1e9")})
    (heap, *_), (heap_end, *_) = day(page, 2)
    print(f"\na log without an end, 2 h: heap {heap:.2f} -> {heap_end:.2f} MB")
    assert heap_end - heap > GROWTH
