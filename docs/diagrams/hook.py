"""Puts drawings where the documents have Mermaid: the built site needs no script for them, and no network.

mkdocs calls `on_config`. The drawings are in this folder, each named by the text that it draws; `draw.py` makes them.
"""

# ruff: noqa: INP001 - a file that mkdocs loads by its path

from __future__ import annotations

import hashlib
import html
import logging
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
logger = logging.getLogger("mkdocs.hooks.diagrams")


def name_of(source: str) -> str:
    """Return the name of the drawing of a Mermaid text."""
    return hashlib.sha256(source.strip().encode()).hexdigest()[:12]


def on_config(config: Any) -> Any:
    """Let fences of the kind ``mermaid`` be drawings."""
    fences = config["mdx_configs"]["pymdownx.superfences"]["custom_fences"]
    for fence in fences:
        if fence["name"] == "mermaid":
            fence["format"] = drawing
    return config


def drawing(source: str, *_: Any, **__: Any) -> str:
    """Return the drawing of a text; without one its text, and a warning, which fails a strict build."""
    path = FOLDER / f"{name_of(source)}.svg"
    if not path.exists():
        logger.warning("no drawing of this text yet: run docs/diagrams/draw.py\n%s", source)
        return f"<pre><code>{html.escape(source)}</code></pre>"
    return f'<figure class="diagram">{path.read_text()}</figure>'
