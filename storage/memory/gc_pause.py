"""Keep the garbage collector from looking through many thousand objects, none in a circle.

It begins again whenever there are a quarter more: https://docs.python.org/3/library/gc.html#gc.set_threshold
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """Collect no garbage for a moment, in which nothing but such objects are made."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
