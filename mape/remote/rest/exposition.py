"""Numbers as Prometheus reads them: its text format, and OpenMetrics, which also carries exemplars; pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "OPEN_METRICS",
    "TEXT",
    "Exemplar",
    "Exposition",
    "Kind",
    "labels",
    "metric_name",
    "number",
    "wants_open_metrics",
]

TEXT = b"text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS = b"application/openmetrics-text; version=1.0.0; charset=utf-8"

Kind = Literal["counter", "gauge", "summary", "histogram"]
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_NO_NAME = re.compile(r"[^a-zA-Z0-9_]")


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One case that a counter counted.

    Args:
        cause: Its causal id.
        timestamp: When, since the Unix epoch [s].
    """

    cause: str
    timestamp: float


class Exposition:
    """One answer, written family by family.

    Wire: https://prometheus.io/docs/instrumenting/exposition_formats and, with `is_open`,
    https://prometheus.io/docs/specs/om/open_metrics_spec; there a counter is declared without its ``_total``.
    """

    def __init__(self, *, is_open: bool = False) -> None:
        self._is_open = is_open
        self._lines: list[str] = []
        self._name = ""

    def family(self, name: str, kind: Kind, text: str, unit: str = "") -> None:
        """Begin a family; the samples that follow are its own.

        Args:
            name: Without ``_total``.
            text: What it counts or measures, a sentence.
            unit: The end of the name, if it is one: ``seconds``, ``bytes``.
        """
        self._name = f"{name}_total" if kind == "counter" else name
        declared = name if self._is_open else self._name
        self._lines.append(f"# HELP {declared} {text.translate(_ESCAPES) if self._is_open else _help(text)}\n")
        self._lines.append(f"# TYPE {declared} {kind}\n")
        if unit and self._is_open:
            self._lines.append(f"# UNIT {declared} {unit}\n")

    def samples(self, rows: Iterable[tuple[str, float]], exemplars: Mapping[str, Exemplar] | None = None) -> None:
        """Write a sample for each of `labels` and values."""
        name = self._name
        if exemplars and self._is_open:
            self._lines += [
                f"{name}{where} {number(value)}{_exemplar(exemplars.get(where))}\n" for where, value in rows
            ]
        else:
            self._lines += [f"{name}{where} {number(value)}\n" for where, value in rows]

    def sample(self, value: float, where: str = "", suffix: str = "") -> None:
        """Write one sample; `suffix` is ``_sum``, ``_count`` or ``_bucket``."""
        self._lines.append(f"{self._name}{suffix}{where} {number(value)}\n")

    def text(self) -> str:
        """Return all of it; the end mark of OpenMetrics is for whoever is last."""
        return "".join(self._lines)


def labels(**values: str) -> str:
    """Return labels as they stand behind a name: ``{loop="car",element="drive"}``."""
    return "{" + ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in values.items()) + "}"


def metric_name(text: str) -> str:
    """Return a text as a part of a name."""
    return _NO_NAME.sub("_", text)


def number(value: float) -> str:
    """Return a number."""
    if type(value) is int:
        return str(value)
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def wants_open_metrics(accept: bytes) -> bool:
    """Whether an ``Accept`` header asks for OpenMetrics in a version that is spoken here."""
    for part in accept.decode("latin-1").lower().split(","):
        kind, *options = (each.strip() for each in part.split(";"))
        chosen = dict(option.partition("=")[::2] for option in options)
        if kind == "application/openmetrics-text" and chosen.get("version", "1.0.0") == "1.0.0":
            return chosen.get("q") not in {"0", "0.0"}
    return False


def _help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _exemplar(exemplar: Exemplar | None) -> str:
    return "" if exemplar is None else f" # {labels(cause=exemplar.cause)} 1.0 {number(exemplar.timestamp)}"
