"""Time series: writes streams to InfluxDB, or to whatever takes its line protocol.

Read in this order: `line` (a point as text), `fields` and `point` (items as points), `answer` (what a server says),
`shipment` (a batch on its way), `transport`, `observer`.

Example:
    >>> from mape.remote import influxdb
    >>> def record(element, app):
    ...     if influxdb.is_configured(app):
    ...         element.subscribe(influxdb.InfluxObserver(tags=("road", "a4")))
"""

from mape.remote.influxdb.answer import Answer
from mape.remote.influxdb.memory import MemoryInflux
from mape.remote.influxdb.observer import InfluxObserver
from mape.remote.influxdb.point import Point
from mape.remote.influxdb.target import is_configured

__all__ = ["Answer", "InfluxObserver", "MemoryInflux", "Point", "is_configured"]
