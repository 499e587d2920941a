"""How items move: the machinery under ports and elements.

Read in this order: `door` (the way into a function, the hot path), `link` (one subscription), `chain` (operators that
fail without ending a stream) with `scheduler` (their timers), `function` (the forms a function may have), `worker`
(functions that may wait), `wiring` (circles and long chains), `station` (which way is open just now).
"""
