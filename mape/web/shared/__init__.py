"""Shared knowledge on the live page, whatever processes and programs made it; loaded when an app has a store.

Read `shelf.py` first (what the page asks for; `counter.py` is the way there), then `names.py` (which keys there are),
`kinds.py` (of what kind), `rows.py` (a line for each), `window.py` (what is in one of them), `edit.py` (to change it),
`wording.py` (bytes and values), and `ear.py` (who hears of changes, while somebody looks).
"""
