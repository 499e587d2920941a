"""``python -m benchmarks [--write] [NAME ...]``: print the table; with ``--write`` put it into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import logging
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path

from benchmarks import hot_path, scale
from benchmarks.measure import Row


def rows_of(module: str) -> Callable[[], Iterator[Row]]:
    """The rows of a module that is loaded when it is its turn: its libraries would slow the others down."""

    def rows() -> Iterator[Row]:
        yield from import_module(f"benchmarks.{module}").rows()

    return rows


PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
END = "<!-- end of table -->"
GROUPS: dict[str, Callable[[], Iterator[Row]]] = {
    "chain": hot_path.chains,
    "fan-out": hot_path.fan_out,
    "async": hot_path.asynchronous,
    "threads": hot_path.threads,
    "depth": hot_path.depth,
    "elements": scale.elements,
    "import": scale.imports,
    "command-line": rows_of("command_line"),
    "codec": rows_of("codec"),
    "pubsub": rows_of("pubsub"),
    "streams": rows_of("streams"),
    "scaling": rows_of("scaling"),
    "rest": rows_of("rest"),
    "rest-server": rows_of("rest_server"),
    "knowledge": rows_of("knowledge"),
    "influx": rows_of("influx"),
    "tracing": rows_of("tracing"),
    "live": rows_of("live"),
    "seen": rows_of("seen"),
    "first-paint": rows_of("first_paint"),
    "demo": rows_of("demo"),
}
HEADER = ("what", "mape", "against", "ratio", "goal", "met")


def table(rows: Iterable[tuple[str, ...]]) -> str:
    header, *body = rows
    lines = [header, tuple("---" for _ in header), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def measured(name: str) -> str:
    """Run a group and print its rows as they come; return them as a table."""
    if name == "growth":
        text = table(scale.growth())
        print(text, flush=True)
        return text
    rows: list[tuple[str, ...]] = [HEADER]
    print(f"\n{table([HEADER])}", flush=True)
    for row in GROUPS[name]():
        rows.append(row.cells())
        print("| " + " | ".join(row.cells()) + " |", flush=True)
    return table(rows)


def written(page: str, name: str, text: str) -> str:
    """Return the page with a group's table replaced, which stands between two comments.

    Raises:
        ValueError: The page has no such place.
    """
    before, mark, rest = page.partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"{PAGE} has no place for the group {name}: write <!-- {name} --> and {END} where it is to be")
    return f"{before}{mark}{text}\n{end}{after}"


def main() -> None:
    names = [*GROUPS, "growth"]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios against raw baselines.")
    parser.add_argument("names", nargs="*", choices=[*names, []], help="only these; all by default")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    wanted = arguments.names or names
    if len(wanted) > 1:  # each in a process of its own: what one group leaves behind would slow the next ones down
        for name in wanted:
            subprocess.run([sys.executable, "-m", "benchmarks", name, *(["--write"] * arguments.write)], check=True)
        return
    text = measured(wanted[0])
    if arguments.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), wanted[0], text), encoding="utf-8")
        machine = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}."
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), "machine", machine), encoding="utf-8")


if __name__ == "__main__":
    main()
