"""What may stand in ``ops_in``, ``ops_out`` and ``pipe``: all operators of reactivex, and those of a MAPE loop.

`through` (``sitm``) leads a stream through an element, `router` (``gateway``) to where each item is addressed, and
`group_and_pipe` (``reverse_proxy``) through operators that each key has for itself.
"""

from __future__ import annotations

from reactivex import operators as _reactivex
from reactivex.operators import *  # noqa: F403 - the public operators, re-exported

from mape.flow.routing import group_and_pipe as group_and_pipe  # noqa: PLC0414 - for type checkers
from mape.flow.routing import router as router  # noqa: PLC0414 - for type checkers
from mape.flow.routing import through as through  # noqa: PLC0414 - for type checkers

sitm = through
gateway = router
reverse_proxy = group_and_pipe

__all__ = [
    "gateway",
    "group_and_pipe",
    "reverse_proxy",
    "router",
    "sitm",
    "through",
]
__all__ += _reactivex.__all__
__all__.sort()  # state of no run: it is written once
