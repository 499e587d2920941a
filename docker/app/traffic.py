# ruff: noqa: INP001 - a file to run, not a package
"""A road with a variable speed limit, made up, so that there is something to see in Grafana.

    mape run docker/app/traffic.py

A monitor counts cars, an analyzer estimates how dense the traffic is, a plan sets the limit, an execute element shows
it. What the loop does is written to InfluxDB if one is configured.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

import mape

PERIOD_S = 1.0
RUSH_EVERY_S = 300.0
LANES = 2
LIMITS_KMH = ((12.0, 130), (20.0, 100), (28.0, 80))
"""Up to so many cars a kilometre and lane: this limit [km/h]; 60 beyond."""

mape.init()
road = mape.Loop("road")


@dataclass
class Traffic:
    """What a detector saw in a minute."""

    cars_per_minute: float
    speed_kmh: float


@road.monitor
def detector(seconds: float) -> Traffic:
    """In: the time [s]. Out: traffic that swells and ebbs, with a little noise."""
    rush = 0.5 + 0.5 * math.sin(2 * math.pi * seconds / RUSH_EVERY_S)
    noise = road.app.rng.gauss(0, 1)
    return Traffic(cars_per_minute=20 + 60 * rush + 3 * noise, speed_kmh=125 - 60 * rush + 2 * noise)


@road.analyze
def density(traffic: Traffic) -> float:
    """Out: cars a kilometre and lane."""
    return traffic.cars_per_minute * 60 / max(traffic.speed_kmh, 5.0) / LANES


@road.plan
def limit(cars_per_km: float) -> int:
    """Out: the speed limit [km/h]."""
    return next((kmh for most, kmh in LIMITS_KMH if cars_per_km <= most), 60)


@road.execute
def sign(kmh: int) -> int:
    """Show the limit."""
    return kmh


mape.connect(detector, density, limit, sign)

if mape.config["influxdb"]["url"]:
    from mape.remote.influxdb import InfluxObserver, is_configured

    if is_configured(mape.app):
        for element in (detector, density, sign):
            element.subscribe(InfluxObserver(tags=("road", "a4")))


async def main() -> None:
    """Feed the detector once a second, for ever."""
    started = mape.app.clock.now()
    while True:
        detector(mape.app.clock.now() - started)
        await asyncio.sleep(PERIOD_S)
