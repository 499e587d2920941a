"""Spans of an app, in memory."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Spans:
    """What a provider of its own has got, by name; several with one name are numbered from the second on."""

    def __init__(self, **options: Any) -> None:
        self._memory = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False, **options)
        self.provider.add_span_processor(SimpleSpanProcessor(self._memory))

    @property
    def finished(self) -> tuple[ReadableSpan, ...]:
        return self._memory.get_finished_spans()

    def __getitem__(self, name: str) -> Any:
        (found,) = [span for span in self.finished if span.name == name]
        return found

    def __len__(self) -> int:
        return len(self.finished)

    @property
    def names(self) -> list[str]:
        return [span.name for span in self.finished]

    def parent(self, name: str) -> str | None:
        """The name of a span's parent; None for a root, "?" for one that is not here."""
        parent = self[name].parent
        if parent is None:
            return None
        return next((each.name for each in self.finished if each.context.span_id == parent.span_id), "?")


@pytest.fixture
def spans() -> Spans:
    return Spans()
