"""The first loop: an ambulance goes faster and sounds its siren while there is an emergency.

    python -m examples.first_loop

Read it from the top: the system that is managed, the loop that manages it, and a shift on the radio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mape
from mape import operators as ops

RADIO = ("on patrol", "emergency at the market", "emergency, come quickly", "patient in hospital", "on patrol")


@dataclass
class Ambulance:
    """What the loop manages."""

    speed_kmh: float = 0.0
    siren_is_on: bool = False


@dataclass(frozen=True)
class SetSpeed:
    """Drive this fast."""

    kmh: float


@dataclass(frozen=True)
class SetSiren:
    """Sound the siren, or be quiet."""

    is_on: bool


ambulance = Ambulance()
loop = mape.Loop("ambulance")


@loop.monitor
def detect(call: str) -> bool:
    """In: what the radio says. Out: whether it is an emergency."""
    return "emergency" in call


@loop.plan(uid="custom_policy", ops_in=ops.distinct_until_changed())
def policy(emergency: bool, on_next: Callable[[SetSpeed | SetSiren], None], self: Any) -> None:
    """In: whether there is an emergency. Out: two commands a change; the operator holds back what is no change."""
    on_next(SetSpeed(kmh=self.emergency_kmh if emergency else self.patrol_kmh))
    on_next(SetSiren(is_on=emergency))


policy.patrol_kmh = 50.0
policy.emergency_kmh = 120.0


@loop.execute(uid="exec")
def drive(command: SetSpeed | SetSiren) -> None:
    """In: a command; it changes the ambulance."""
    match command:
        case SetSpeed(kmh):
            ambulance.speed_kmh = kmh
            print(f"  speed {kmh:.0f} km/h")
        case SetSiren(is_on):
            ambulance.siren_is_on = is_on
            print(f"  siren {'on' if is_on else 'off'}")


mape.connect(detect, policy, drive)


async def main() -> None:
    """A shift: give the monitor what the radio says."""
    for call in RADIO:
        print(f"radio: {call}")
        detect(call)
    mape.stop()


if __name__ == "__main__":
    mape.run(main)
