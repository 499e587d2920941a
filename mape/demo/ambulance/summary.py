"""What came of it: each edge's messages, from the counters of who sent and who received."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mape.demo.ambulance.scene import AMBULANCE, CARS, Scene

__all__ = ["Edge", "edges", "is_complete", "print_summary", "transport_faults", "verdict"]


@dataclass(frozen=True)
class Edge:
    """What went from one element to a vehicle.

    Args:
        source: The element that sent.
        target: The vehicle that received.
        sent: Messages that the source has numbered.
        received: Those that came, each counted once.
        doubled: Those that came again.
        swapped: Those that came after a later one.
    """

    source: str
    target: str
    sent: int
    received: int
    doubled: int
    swapped: int

    @property
    def lost(self) -> int:
        """Those that did not come."""
        return self.sent - self.received


def edges(finals: Mapping[str, Any]) -> list[Edge]:
    """Return all edges: the ambulance to each car, each car to all others."""
    found = []
    for sender in (AMBULANCE, *CARS):
        for source, sent in finals.get(sender, {}).get("sent", {}).items():
            for target in CARS:
                if target != sender and target in finals:
                    count = finals[target]["received"].get(source, {})
                    numbers = (int(count.get(key, 0)) for key in ("received", "doubled", "swapped"))
                    found.append(Edge(source, target, int(sent), *numbers))
    return found


def is_complete(finals: Mapping[str, Any]) -> bool:
    """Whether all have answered, and all that was sent has arrived."""
    return len(finals) == len(CARS) + 1 and all(edge.lost <= 0 for edge in edges(finals))


def transport_faults(finals: Mapping[str, Any]) -> dict[str, int]:
    """Return what sinks and sources themselves have counted: gaps, duplicates removed, and the like."""
    sinks = [sink for final in finals.values() for sink in final["sinks"]]
    faults = {key: sum(final[key] for final in finals.values()) for key in ("gaps", "duplicates", "rejected")}
    return faults | {key: sum(sink[key] for sink in sinks) for key in ("dropped", "queued", "retries")}


def verdict(found: list[Edge], faults: Mapping[str, int]) -> str:
    """Return losses, duplicates and order in a sentence."""
    sent = sum(edge.sent for edge in found)
    words = {
        "lost": sum(edge.lost for edge in found),
        "doubled": sum(edge.doubled for edge in found),
        "out of order": sum(edge.swapped for edge in found),
    }
    text = f"{sent} messages over {len(found)} edges: "
    text += ", ".join(f"{count or 'none'} {word}" for word, count in words.items()) + "."
    shown = ", ".join(f"{count} {key}" for key, count in faults.items() if count)
    return f"{text} Sinks and sources counted {shown or 'no gap, no drop and no retry'}."


def print_summary(console: Console, scene: Scene, finals: Mapping[str, Any], first: float | None) -> None:
    """Print what came of it.

    Args:
        first: From the command to the first emergency that a car shared with others [s].
    """
    found = edges(finals)
    console.print()
    if not found:
        console.print(Text("Nothing was sent."))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("from", "sent", "received by", "lost"):
        table.add_column(heading, no_wrap=True, justify="right" if heading in {"sent", "lost"} else "left")
    for source in dict.fromkeys(edge.source for edge in found):
        row = [edge for edge in found if edge.source == source]
        received = ", ".join(f"{edge.target} {edge.received}" for edge in row)
        table.add_row(source, str(row[0].sent), received, str(sum(edge.lost for edge in row)))
    console.print(table)
    for sentence in _sentences(scene, finals, first):
        console.print(Text(sentence), soft_wrap=not console.is_terminal)


def _sentences(scene: Scene, finals: Mapping[str, Any], first: float | None) -> list[str]:
    sentences = ["", verdict(edges(finals), transport_faults(finals))]
    if first is not None:
        sentences.append(f"From the command to the first shared emergency: {first:.1f} s.")
    sentences += [f"{name} knew {lead:.1f} s before the siren was to be heard." for name, lead in scene.lead.items()]
    if never := sorted(scene.warned - scene.heard):
        sentences.append(f"{' and '.join(never)} knew without ever hearing the siren.")
    return sentences
