"""What there is to see: the vehicles, and who told whom what when; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["AMBULANCE", "CARS", "PLACES", "Scene", "Telling"]

AMBULANCE: Final = "ambulance"
CARS: Final = ("ada", "ben", "cleo")
PLACES: Final = {AMBULANCE: 100.0, "ada": 260.0, "ben": 650.0, "cleo": 1050.0}
"""Where the vehicles are at the start [m]."""


@dataclass
class Telling:
    """A car found that it hears a siren, or no longer, and told the others.

    Args:
        at: When, since all vehicles were there [s].
        by: Which car.
        number: Which of its tellings.
        is_on: Whether it hears the siren.
        told: Who knows of it, and how long that took [s].
    """

    at: float
    by: str
    number: int
    is_on: bool
    told: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        what = "hears the siren" if self.is_on else "hears it no more"
        names = ", ".join(f"{name} {after * 1000:.1f} ms" for name, after in self.told.items())
        return f"{self.at:5.1f} s  {self.by:4} {what:16} → {names}"


@dataclass
class Scene:
    """The demo, as far as the parent knows.

    Args:
        transport: ``redis`` or ``rest``.
        seconds: How long it lasts.
        command: How to send an emergency from elsewhere, up to its options; and these.
        now: Since all vehicles were there [s].
        states: Of the vehicles, as they say themselves.
        lead: How much earlier a car knew by others than by its own ears, the first time that it was so [s].
        warned, heard: Who was ever told, and who ever heard a siren itself.
        driver: Who decides about emergencies: ``the script``, ``you``, ``mape send``.
    """

    transport: str
    seconds: float
    command: tuple[str, str] = ("", "")
    now: float = 0.0
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    tellings: list[Telling] = field(default_factory=list)
    lead: dict[str, float] = field(default_factory=dict)
    warned: set[str] = field(default_factory=set)
    heard: set[str] = field(default_factory=set)
    driver: str = "the script"
    has_keys: bool = False
    _since: dict[str, float] = field(default_factory=dict)

    def see(self, name: str, state: dict[str, Any]) -> None:
        """Take note of a vehicle's state."""
        was_emergency = self.is_emergency
        self.states[name] = state
        if was_emergency and not self.is_emergency:
            self._since.clear()

    def hear(self, name: str, told: dict[str, Any]) -> None:
        """Take note that a car has learned something."""
        by, number, is_on = str(told["by"]), int(told["number"]), bool(told["is_on"])
        telling = next((each for each in self.tellings if (each.by, each.number) == (by, number)), None)
        if telling is None:
            self.tellings.append(telling := Telling(self.now, by, number, is_on))
        if not told["own"]:
            telling.told[name] = float(told["after"])
        if not is_on:
            return
        if told["own"]:
            self.heard.add(name)
            if name in self._since:
                self.lead.setdefault(name, self.now - self._since[name])
        else:
            self.warned.add(name)
            self._since.setdefault(name, self.now)

    @property
    def is_emergency(self) -> bool:
        """Whether the ambulance says so."""
        return self.states.get(AMBULANCE, {}).get("lights") == "siren"
