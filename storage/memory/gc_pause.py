"""Pause cyclic garbage collection while many acyclic objects are made.

It runs again whenever there are a quarter more objects: https://docs.python.org/3/library/gc.html#gc.set_threshold
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause cyclic garbage collection; it goes on afterwards if it was enabled before."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
