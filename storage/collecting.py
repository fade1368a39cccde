"""Keep the garbage collector from looking through many thousand objects, none in a circle.

It begins again whenever there are a quarter more: https://docs.python.org/3/library/gc.html#gc.set_threshold
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """Collect no garbage for a moment, in which nothing but such objects are made."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@contextmanager
def without_looking_back() -> Iterator[None]:
    """Leave what there is by now alone for a while: thousands of objects, looked through again and again.

    Where others were left alone before, for good, these are too: Python cannot tell them apart.
    """
    for_good = gc.get_freeze_count() > 0
    # What is garbage already would stay.
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        if not for_good:
            gc.unfreeze()
