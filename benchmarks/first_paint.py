"""How soon a person sees the live page: from asking for it to the first pixels, and to a graph that moves."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.measure import ROUNDS, Row
from tests.browser.conftest import CHROMIUM, OPTIONS

PROGRAM = """
import mape
import reactivex

app = mape.App()
for number in range({loops}):
    loop = app.loop(f"loop{{number:02}}")
    elements = [loop.plan(uid=f"step{{step}}")(lambda item: item) for step in range({each})]
    mape.connect(*elements)
    reactivex.interval(0.5, scheduler=app.scheduler).subscribe(elements[0])
"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
MOVING = """async elements => {
    const {store} = await import('/page/state/store.js');
    const state = store.get(), graphs = Object.values(state.graphs);
    return graphs.reduce((sum, graph) => sum + graph.elements.length, 0) >= elements
        && Object.values(state.pulse).some(figures => figures.received);
}"""


def rows() -> Iterator[Row]:
    for loops, each in ((3, 4), (50, 10)):
        elements = loops * each
        with serving(PROGRAM.format(loops=loops, each=each)) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
            seen(browser, url, elements)
            rounds = [seen(browser, url, elements) for _ in range(ROUNDS)]
            browser.close()
        paint, moving = (statistics.median(column) for column in zip(*rounds, strict=True))
        what = f"live page of {elements} elements"
        yield Row(f"{what}, first paint", f"{paint * 1e3:.0f} ms", "headless, empty cache", paint, 1.0, True)
        yield Row(f"{what}, complete and moving", f"{moving:.2f} s", "headless, empty cache", moving, 2.0, True)


def seen(browser: Browser, url: str, elements: int) -> tuple[float, float]:
    """Open the page in a context of its own; when it was painted first, and when it was complete [s]."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    begin = time.perf_counter()
    page.goto(url, wait_until="commit")
    while not page.evaluate(MOVING, elements):
        page.wait_for_timeout(20)
    moving = time.perf_counter() - begin
    paint = page.evaluate(f"() => {PAINT}")
    context.close()
    return paint / 1e3, moving


@contextmanager
def serving(program: str) -> Iterator[str]:
    """Run a program with its page, as `mape run` does; its URL."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text(program, encoding="utf-8")
        command = [sys.executable, "-m", "mape", "run", str(path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder)
        assert process.stdout is not None
        try:
            yield next(found[0] for line in process.stdout if (found := re.search(r"http://[\d.:]+", line)))
        finally:
            process.terminate()
            process.wait()
