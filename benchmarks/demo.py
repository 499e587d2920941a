"""How soon a person sees something: from the command to the first emergency that one process told another."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.measure import Row

ROUNDS = 3


def first_shared(transport: str) -> float:
    command = [sys.executable, "-m", "mape", "demo", "ambulance", "--seconds", "4", "--transport", transport, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return float(json.loads(done.stdout)["first_shared"])


def rows() -> Iterator[Row]:
    for transport in ("redis", "rest"):
        seconds = statistics.median(first_shared(transport) for _ in range(ROUNDS))
        yield Row(
            f"mape demo ambulance by {transport}: command to first shared emergency",
            f"{seconds:.2f} s",
            "four processes",
            seconds,
            3.0,
            lower_is_better=True,
        )
