"""How long something takes."""

import time
from collections.abc import Callable


def seconds_of(work: Callable[[], object]) -> float:
    """Do something and return how many seconds it took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
