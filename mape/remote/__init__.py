"""Streams and knowledge that cross processes: REST, Redis, InfluxDB.

Read in this order: `outgoing` (what waits to be sent; pure), `sender` (the common half of all sinks), `receiver`
(decodes, removes duplicates, counts gaps), `source` (the common half of all sources); then a transport. Each
transport is an extra of its own and is imported by name: ``from mape.remote.redis import PubObserver``.
"""
