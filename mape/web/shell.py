"""The page's files: for everybody who is no other site's page, because they hold nothing of the app."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mape.remote.rest.answer import Answer, refusal
from mape.remote.rest.request import Request

__all__ = ["FOLDER", "POLICY", "Shell"]

FOLDER: Final = Path(__file__).parent / "static"
INDEX: Final = "index.html"
POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    b"require-trusted-types-for 'script'"
)
"""Scripts and styles are files of ours; nothing inline, nothing from elsewhere, and no text becomes markup."""
KINDS: Final = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".json": b"application/json",
    ".png": b"image/png",
    ".svg": b"image/svg+xml",
    ".txt": b"text/plain; charset=utf-8",
    ".webmanifest": b"application/manifest+json",
    ".woff2": b"font/woff2",
}
"""What is served, by its suffix; nothing else is ever opened."""
PACKED: Final = frozenset({".png", ".woff2"})
ISOLATION: Final = (
    (b"cache-control", b"no-cache"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"vary", b"accept-encoding"),
)


@dataclass(frozen=True)
class _File:
    """A file as it is served.

    Args:
        changed: When it was, so that who works on the page sees what it has become [ns].
        packed: Its content for clients that can unpack it; None where that saves nothing.
    """

    changed: int
    content: bytes
    packed: bytes | None
    tag: bytes


class Shell:
    """Serves the files of a folder and of its rooms, the folders in it, from memory."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._files: dict[str, _File] = {}

    def index(self, request: Request) -> Answer:
        """Answer with the page."""
        return self._answer(INDEX, request)

    def file(self, request: Request) -> Answer:
        """Answer with a file that the page needs."""
        names = request.names
        return self._answer(f"{names['room']}/{names['file']}" if "room" in names else names["file"], request)

    def _answer(self, name: str, request: Request) -> Answer:
        suffix = Path(name).suffix
        file = self._find(name) if suffix in KINDS else None
        if file is None:
            return refusal(404, "the live page has no such file; the page itself is at /")
        headers: tuple[tuple[bytes, bytes], ...] = (*ISOLATION, (b"etag", file.tag))
        if request.header(b"if-none-match") == file.tag:
            return Answer(304, b"", KINDS[suffix], headers, POLICY)
        if file.packed is not None and b"gzip" in request.header(b"accept-encoding"):
            return Answer(200, file.packed, KINDS[suffix], (*headers, (b"content-encoding", b"gzip")), POLICY)
        return Answer(200, file.content, KINDS[suffix], headers, POLICY)

    def _find(self, name: str) -> _File | None:
        """Return a file that listings of the folders name, read anew when it has changed."""
        try:
            entry = _listed(self._folder, name)
            if entry is None or not entry.is_file():
                return None
            changed = entry.stat().st_mtime_ns
            known = self._files.get(name)
            if known is None or known.changed != changed:
                known = self._files[name] = _read(entry, changed)
        except OSError:
            return None
        return known


def _listed(folder: Path, name: str) -> Path | None:
    """Follow a name by what each folder says is in it: nothing that a client sends becomes a path."""
    place: Path | None = folder
    for part in name.split("/"):
        place = next((each for each in place.iterdir() if each.name == part), None) if place else None
    return place


def _read(path: Path, changed: int) -> _File:
    content = path.read_bytes()
    packed = gzip.compress(content, 6, mtime=0) if path.suffix not in PACKED else None
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'.encode()
    return _File(changed, content, packed if packed and len(packed) < len(content) else None, tag)
