"""The documentation's pages: Swagger UI and ReDoc from files of our own, so that they work without a network."""

from __future__ import annotations

import gzip
from pathlib import Path

from mape.remote.rest.answer import Answer, refusal

__all__ = ["DOCS", "FILES", "REDOC", "static"]

FOLDER = Path(__file__).parent / "static"
PAGE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:; "
    b"connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Scripts are files of ours, and nothing comes from elsewhere; both pages style their elements themselves."""
SCRIPT = b"text/javascript; charset=utf-8"
FILES = {
    "docs.js": ("docs.js", SCRIPT),
    "swagger-ui.js": ("swagger-ui.js.gz", SCRIPT),
    "swagger-ui.css": ("swagger-ui.css.gz", b"text/css; charset=utf-8"),
    "redoc.js": ("redoc.js.gz", SCRIPT),
}
"""What there is, by the name in the URL; nothing else is ever opened."""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mape</title>
<link rel="icon" href="data:,">
{head}
</head>
<body>
{body}
</body>
</html>
"""


def _page(head: str, body: str) -> Answer:
    html = _PAGE.format(head=head, body=body).encode()
    return Answer(200, html, b"text/html; charset=utf-8", policy=PAGE_POLICY)


DOCS = _page(
    '<link rel="stylesheet" href="static/swagger-ui.css">\n<script src="static/swagger-ui.js"></script>\n'
    '<script src="static/docs.js"></script>',
    '<div id="ui"></div>',
)
REDOC = _page(
    "<style>body { margin: 0 }</style>",
    '<redoc spec-url="openapi.json" disable-google-font="true"></redoc>\n<script src="static/redoc.js"></script>',
)


def static(name: str, *, takes_gzip: bool) -> Answer:
    """Return a file that a page needs.

    Args:
        takes_gzip: Whether the client can unpack it.
    """
    if name not in FILES:
        return refusal(404, "there is no such file; the documentation is at /docs and /redoc")
    file, kind = FILES[name]
    body = (FOLDER / file).read_bytes()
    headers: tuple[tuple[bytes, bytes], ...] = ((b"vary", b"accept-encoding"),)
    if file.endswith(".gz"):
        if takes_gzip:
            headers += ((b"content-encoding", b"gzip"),)
        else:
            body = gzip.decompress(body)
    return Answer(200, body, kind, headers, PAGE_POLICY)
