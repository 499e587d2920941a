"""The log: short lines for people, JSON for machines; loop, element and causal id on each.

mape writes to the logger ``mape`` of the standard library, and `mape.init` and `mape.run` show it by a `LogHandler` to
whoever has set up no logging. Read `handler`, then `rendering` (how lines look), `repetition` (floods) and `output`
(what cannot be written).
"""

from mape.logs.handler import LogHandler
from mape.logs.origin import CauseFilter
from mape.logs.setup import settle, show

__all__ = ["CauseFilter", "LogHandler", "settle", "show"]
