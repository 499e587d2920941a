"""The report of a run: one HTML file that needs nothing else, with the plot in it."""

from __future__ import annotations

import base64
import errno
import os
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from mape.demo.elastic.comparison import COLUMNS, cells, sentences
from mape.demo.elastic.plot import plot_png
from mape.demo.elastic.record import Record, Score
from mape.errors import ConfigError

__all__ = ["check_place", "html", "write_report"]

FOLDER = "mape-report"
PLOT_HINT = 'The plot needs matplotlib: <code>pip install "mape-toolkit[demo]"</code>, then run the demo again.'

EXPLANATION = (
    "Within goal: share of the seconds whose p95 was within it. A request belongs to the second in which it was sent; "
    "a failed one counts with its time limit. Light and heavy: seconds below and above half of the heaviest load. "
    "Worker-s: the time all worker processes were there, added up."
)

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
img { max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .9rem .3rem 0; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
th:first-child, td:first-child, td.text { text-align: left; }
tbody tr.main { font-weight: 600; }
"""


def html(title: str, facts: str, records: Sequence[Record], scores: Sequence[Score], goal: float) -> str:
    """Return the report as a page.

    Args:
        title: What ran.
        facts: How it ran: the load, the seed, the goal.
        records: The arms, the main one first.
        scores: Theirs, in the same order.
        goal: For p95 [s].
    """
    comparison = _table(COLUMNS, (cells(score) for score in scores))
    decisions = _table(
        ("at", "from", "to", "because"),
        ((f"{d.at:.1f} s", str(d.before), str(d.workers), d.reason) for d in records[0].decisions),
        texts=(3,),
    )
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1><p>{escape(facts)}</p>",
            *(f"<p><strong>{escape(sentence)}</strong></p>" for sentence in sentences(scores)),
            f"<p>{_picture(records, goal)}</p>",
            f"<h2>Comparison</h2>{comparison}",
            f"<p>{EXPLANATION}</p>",
            f"<h2>Decisions of the loop</h2>{decisions}" if records[0].decisions else "",
            "</body></html>\n",
        )
    )


def _picture(records: Sequence[Record], goal: float) -> str:
    try:
        picture = plot_png(records, goal)
    except ModuleNotFoundError:
        return PLOT_HINT
    words = "Load, p95 and workers of each arm over time; the figures are in the table below."
    return f'<img alt="{words}" src="data:image/png;base64,{base64.b64encode(picture).decode()}">'


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], texts: Sequence[int] = ()) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        f"<tr{' class=main' if not number and not texts else ''}>"
        + "".join(
            f"<td{' class=text' if column in texts else ''}>{escape(cell)}</td>" for column, cell in enumerate(row)
        )
        + "</tr>"
        for number, row in enumerate(rows)
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def check_place(place: Path | None) -> None:
    """See to it before a run that its report can be written afterwards.

    Raises:
        ConfigError: `place` is a folder, or cannot be written.
    """
    if place is None:
        return
    if place.is_dir():
        raise ConfigError(f"report {place} is a folder: name a file in it, such as {place / 'report.html'}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(place if place.exists() else place.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise ConfigError(f"report {place} cannot be written: {error.strerror}; choose another place") from error


def write_report(page: str, now: float, place: Path | None = None) -> Path:
    """Write `page` and return where it is.

    Args:
        page: The report.
        now: The time for its name, since the Unix epoch [s].
        place: The file; by default a new one in ``mape-report/`` under the current directory, or in a temporary
            directory where that cannot be written.
    """
    if place is not None:
        place.write_text(page, encoding="utf-8")
        return place.resolve()
    name = f"elastic-{datetime.fromtimestamp(now, UTC).astimezone():%Y%m%d-%H%M%S}"
    try:
        folder = Path.cwd() / FOLDER
        folder.mkdir(exist_ok=True)
        return _write_new(folder, name, page)
    except OSError:
        return _write_new(Path(tempfile.mkdtemp(prefix=f"{FOLDER}-")), name, page)


def _write_new(folder: Path, name: str, page: str) -> Path:
    """Write a file that was not there before."""
    number = 1
    while True:
        path = folder / (f"{name}.html" if number == 1 else f"{name}-{number}.html")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(page)
        except FileExistsError:
            number += 1
        else:
            return path
