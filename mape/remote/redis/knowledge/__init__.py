"""Shared knowledge, part by part; users take `mape.remote.redis.collections`.

Read `store.py` first, then `form.py` (values to bytes), `name.py` (keys), `batching.py` (the client), the collections
(`mappings.py`, `sets.py`, `sequences.py`), `lock.py`, and at the end what listens: `wire.py`, `watch.py`, `cache.py`.
"""
