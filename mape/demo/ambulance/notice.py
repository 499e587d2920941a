"""What vehicles let each other know. Both travel in a `mape.Message`, whose `src` says from whom."""

from __future__ import annotations

from dataclasses import dataclass

from mape.codecs import register

__all__ = ["Emergency", "Siren"]


@register(tag="demo.Siren")
@dataclass(frozen=True)
class Siren:
    """What comes from an ambulance, several times a second; who is near enough hears it.

    Args:
        is_on: Whether it sounds.
        at_m: Where the ambulance is.
        number: Which of its notices this is, from 1.
    """

    is_on: bool
    at_m: float
    number: int


@register(tag="demo.Emergency")
@dataclass(frozen=True)
class Emergency:
    """A car tells whether it hears a siren, whenever that changes.

    Args:
        is_on: Whether it does.
        at_m: Where the ambulance was.
        number: Which of the car's notices this is, from 1.
    """

    is_on: bool
    at_m: float
    number: int
