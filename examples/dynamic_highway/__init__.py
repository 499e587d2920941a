"""Two directions of a highway share six lanes, and a barrier that can be moved: regional planning.

    python -m examples.dynamic_highway

Read `carriageway.py`, then `__main__.py`. On two machines each direction is a process of its own; the docstring of
``carriageway.py`` says how to start them. ``mape demo highway`` is this with traffic, a picture, and lanes that are
closed before the other direction opens them.
"""
