"""Draws the Mermaid texts of the documents, each into an SVG file of this folder; removes those that nobody shows.

    npm pack mermaid@10.9.3 && tar xzf mermaid-10.9.3.tgz package/dist/mermaid.min.js
    python docs/diagrams/draw.py package/dist/mermaid.min.js

Needs Chromium and playwright. Mermaid 10 draws plain shapes; 12 draws each of them by hand, in 300 kB. The files have
no colours of their own: `docs/stylesheets/site.css` has them, for light and dark.
"""

# ruff: noqa: INP001, T201 - a program

from __future__ import annotations

import json
import re
import shutil
import sys

from hook import FOLDER, name_of
from playwright.sync_api import Page, sync_playwright

FENCE = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SETTINGS = {
    "startOnLoad": False,
    "theme": "base",
    "fontFamily": "DejaVu Sans",  # wider than what most readers have, so that every label fits its box
    "htmlLabels": False,
    "flowchart": {"htmlLabels": False, "curve": "basis", "padding": 10},
    "sequence": {"useMaxWidth": True, "mirrorActors": False},
    "themeVariables": {"fontSize": "14px"},
}


def main(mermaid: str) -> None:
    """Draw what is not drawn yet."""
    texts = [text for path in sorted(FOLDER.parent.rglob("*.md")) for text in FENCE.findall(path.read_text())]
    wanted = {name_of(text): text for text in texts}
    for path in FOLDER.glob("*.svg"):
        if path.stem not in wanted:
            path.unlink()
            print("removed", path.name)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.set_content("<body></body>")
        page.add_script_tag(path=mermaid)
        page.evaluate(f"mermaid.initialize({json.dumps(SETTINGS)})")
        for name, text in wanted.items():
            if not (FOLDER / f"{name}.svg").exists():
                (FOLDER / f"{name}.svg").write_text(_draw(page, name, text) + "\n")
                print("drew", name)
        browser.close()


def _draw(page: Page, name: str, text: str) -> str:
    svg: str = page.evaluate("([id, text]) => mermaid.render(id, text).then(drawn => drawn.svg)", [f"d{name}", text])
    svg = re.sub(r"<style>.*?</style>", "", svg, flags=re.DOTALL)
    return re.sub(r"\s*\n\s*", " ", svg)  # a blank line would end it in Markdown


if __name__ == "__main__":
    main(sys.argv[1])
