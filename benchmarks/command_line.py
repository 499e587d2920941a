"""How long a person waits for the command line: help, and what Tab asks."""

from __future__ import annotations

import compileall
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import mape
from benchmarks.measure import ROUNDS, Row

GOAL = 0.3
"""What help may take [s]."""
COMPLETE = {
    "_MAPE_COMPLETE": "complete_fish",
    "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    "_TYPER_COMPLETE_ARGS": "mape r",
}


def rows() -> Iterator[Row]:
    compileall.compile_dir(Path(mape.__file__).parent, quiet=2)
    for what, words, variables in (
        ("`mape --help`", ("--help",), {}),
        ("`mape run --help`", ("run", "--help"), {}),
        ("Tab behind `mape r`", (), COMPLETE),
    ):
        took("-m", "mape", *words, variables=variables)
        pairs = [(took("-c", "pass"), took("-m", "mape", *words, variables=variables)) for _ in range(2 * ROUNDS)]
        nothing, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
        against = f"`python -c pass`, {nothing * 1e3:.0f} ms"
        yield Row(what, f"{ours * 1e3:.0f} ms", against, ours, GOAL, lower_is_better=True)


def took(*words: str, variables: Mapping[str, str] | None = None) -> float:
    """Run Python, and return how long it took [s]."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *words],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**environment, **(variables or {})},
    )
    return time.perf_counter() - start
