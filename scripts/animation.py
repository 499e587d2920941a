"""Films ``mape demo`` on its live page for twenty seconds, into ``docs/images/live.gif``: ``make pictures``."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

PLACE = Path(__file__).parents[1] / "docs" / "images" / "live.gif"
CHROMIUM = "/usr/bin/chromium"
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
SIZE = {"width": 1200, "height": 680}
SHOWN = (960, 544)
SECONDS, A_SECOND = 20.0, 6
COLOURS = 96
SCRIPT = {
    4.0: lambda page: page.get_by_role("treeitem", name="judge").first.click(),
    13.0: lambda page: page.get_by_role("treeitem", name="scale").first.click(),
    17.0: lambda page: page.keyboard.press("Escape"),
}
"""What is done when [s]."""


def url_of(process: subprocess.Popen[str]) -> str:
    """Read what the demo prints, up to where its page is."""
    for line in process.stdout or ():
        if found := re.search(r"live page: (http://\S+)", line):
            return found[1]
    raise SystemExit("the demo has no page: is the extra rest installed?")


def film(page: Page) -> list[Image.Image]:
    """Follow the script while the browser hands over what it paints; return a few pictures of each second."""
    painted: list[tuple[float, bytes]] = []
    session = page.context.new_cdp_session(page)

    def take(frame: dict[str, Any]) -> None:
        painted.append((time.monotonic(), base64.b64decode(frame["data"])))
        session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    session.on("Page.screencastFrame", take)
    session.send("Page.startScreencast", {"format": "png", "everyNthFrame": 4})
    begin, script = time.monotonic(), sorted(SCRIPT)
    while (now := time.monotonic() - begin) < SECONDS:
        while script and script[0] <= now:
            SCRIPT[script.pop(0)](page)
        page.wait_for_timeout(50)
    session.send("Page.stopScreencast")
    return [picture(newest(painted, begin + number / A_SECOND)) for number in range(int(SECONDS * A_SECOND))]


def newest(painted: list[tuple[float, bytes]], at: float) -> bytes:
    """Return what was painted last before a moment; before the first of all, that."""
    return next((png for when, png in reversed(painted) if when <= at), painted[0][1])


def picture(png: bytes) -> Image.Image:
    """Return a picture in the size that is shown."""
    return Image.open(io.BytesIO(png)).convert("RGB").resize(SHOWN, Image.Resampling.LANCZOS)


def write(pictures: list[Image.Image], place: Path) -> None:
    """Write a film with one palette for all pictures, so that what does not change costs nothing."""
    some = pictures[:: max(1, len(pictures) // 6)]
    sheet = Image.new("RGB", (SHOWN[0], SHOWN[1] * len(some)))
    for number, each in enumerate(some):
        sheet.paste(each, (0, SHOWN[1] * number))
    palette = sheet.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE)
    small = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in pictures]
    small[0].save(
        place,
        save_all=True,
        append_images=small[1:],
        duration=int(1000 * SECONDS / len(small)),
        loop=0,
        optimize=True,
    )


def main() -> None:
    """Film it."""
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE
    command = [sys.executable, "-m", "mape", "demo", "--seconds", "30", "--seed", "7", "--report", "/dev/null"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own words
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
            page = browser.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type]
            page.goto(url_of(process))
            page.get_by_role("treeitem", name="judge").first.wait_for()
            pictures = film(page)
            browser.close()
    finally:
        process.terminate()
        process.communicate()
    write(pictures, place)
    print(f"{place}: {len(pictures)} pictures, {place.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
