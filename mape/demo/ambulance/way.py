"""How the vehicles' loops are wired to each other: by channels of Redis, or by POSTs from each to each.

The loops do not differ. What differs is a line for each edge, and what has to be known: with Redis a pattern, by REST
the address of everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from mape import operators as ops
from mape.demo.ambulance.ambulance import Ambulance
from mape.demo.ambulance.car import Car

if TYPE_CHECKING:
    from mape.remote.redis import SubObservable
    from mape.remote.sender import Sender

__all__ = ["RedisWay", "RestWay", "Way"]

PATIENCE = 10.0
"""How long the other side may take to be there [s]."""


class Way(Protocol):
    """Wires a vehicle to the others."""

    def wire(self, vehicle: Ambulance | Car) -> None:
        """Do what can be done before the others are known."""

    def meet(self, vehicle: Ambulance | Car, peers: dict[str, str]) -> None:
        """Hear where the others are: their REST servers by name."""

    async def wait_up(self) -> None:
        """Wait until it is certain that this vehicle hears the others."""

    def facts(self) -> dict[str, Any]:
        """Return what the sinks and sources have counted."""


class RedisWay:
    """By channels, which are called like the elements."""

    def __init__(self) -> None:
        self.sinks: list[Sender] = []
        self.sources: list[SubObservable] = []

    def wire(self, vehicle: Ambulance | Car) -> None:
        """Publish, and subscribe."""
        if isinstance(vehicle, Ambulance):
            self._listen(vehicle, "ambulance.detect").subscribe(vehicle.detect)
            self._publish(vehicle.siren)
            return
        own = vehicle.detect.path
        self._listen(vehicle, "ambulance.siren").subscribe(vehicle.detect)
        others = self._listen(vehicle, "car_*_safety.emergency_detect")
        others.pipe(ops.filter(_from_others(own))).subscribe(vehicle.policy)
        self._publish(vehicle.detect)

    def meet(self, vehicle: Ambulance | Car, peers: dict[str, str]) -> None:
        """Nothing to do: who publishes need not know who listens."""

    async def wait_up(self) -> None:
        """Wait until the server has confirmed the subscriptions."""
        for source in self.sources:
            await source.wait_up(PATIENCE)

    def facts(self) -> dict[str, Any]:
        """Return what the sinks and sources have counted."""
        received = [each.stats for each in self.sources]
        return {
            "sinks": [_sent(each) for each in self.sinks],
            "gaps": sum(each.gaps for each in received),
            "duplicates": sum(each.duplicates for each in received),
            "rejected": sum(each.rejected + sum(each.dropped.values()) for each in received),
        }

    def _publish(self, element: Any) -> None:
        from mape.remote.redis import PubObserver

        self.sinks.append(sink := PubObserver())
        element.subscribe(sink)

    def _listen(self, vehicle: Ambulance | Car, pattern: str) -> SubObservable:
        from mape.remote.redis import SubObservable

        self.sources.append(source := SubObservable(pattern, app=vehicle.loop.app))
        return source


class RestWay:
    """By POSTs: from the ambulance to each car, and from each car to all others."""

    def __init__(self) -> None:
        self.sinks: list[Sender] = []

    def wire(self, vehicle: Ambulance | Car) -> None:
        """Nothing to do before the others are known."""

    def meet(self, vehicle: Ambulance | Car, peers: dict[str, str]) -> None:
        """POST to the others."""
        cars = {name: url for name, url in peers.items() if name != "ambulance"}
        for name, url in cars.items():
            if isinstance(vehicle, Ambulance):
                self._post(vehicle.siren, url, f"car_{name}_safety.emergency_detect")
            elif vehicle.loop.uid != f"car_{name}_safety":
                self._post(vehicle.detect, url, f"car_{name}_safety.safety_policy")

    async def wait_up(self) -> None:
        """Nothing to wait for: who POSTs tries again until there is an answer."""

    def facts(self) -> dict[str, Any]:
        """Return what the sinks have counted."""
        return {"sinks": [_sent(each) for each in self.sinks], "gaps": 0, "duplicates": 0, "rejected": 0}

    def _post(self, element: Any, url: str, path: str) -> None:
        from mape.remote.rest import POSTObserver

        self.sinks.append(sink := POSTObserver(url, path))
        element.subscribe(sink)


def _from_others(own: str) -> Callable[[Any], bool]:
    """Return what tells the others' messages from the echo of one's own."""
    return lambda message: bool(message.src != own)


def _sent(sink: Sender) -> dict[str, Any]:
    stats = sink.stats
    return {
        "path": sink.path,
        "offered": stats.offered,
        "sent": stats.sent,
        "dropped": sum(stats.dropped.values()),
        "queued": stats.queued,
        "retries": stats.retries,
    }
