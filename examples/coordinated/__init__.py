"""Cars make way for an ambulance that other cars have heard: information sharing and coordinated control.

    python -m examples.coordinated                       # all in one process, by Redis; nothing has to be started
    python -m examples.coordinated --transport rest      # the same by POSTs
    python -m examples.coordinated --messages            # with messages, which say whom they come from

Read `car.py`, then `ambulance.py`, then `__main__.py`. On several machines each vehicle is a process of its own; the
docstrings of the two files say how to start them. ``mape demo ambulance`` is this with a road to look at.
"""
