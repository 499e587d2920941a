"""What happens if nobody does anything: two emergencies."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["story"]

FIRST = 0.5
"""When the first emergency begins [s]."""
CLEARED, SECOND, OVER = 0.45, 0.58, 0.85
"""When it ends, when another begins, and when that ends, as parts of the whole."""


def story(seconds: float) -> Iterator[tuple[float, bool]]:
    """Yield when there begins (True) or ends (False) an emergency [s]."""
    yield FIRST, True
    yield CLEARED * seconds, False
    yield SECOND * seconds, True
    yield OVER * seconds, False
