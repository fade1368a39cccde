"""The memory that a test's code may take."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def less_memory_than(size: int) -> Iterator[None]:
    """Assert that Python's objects take less than `size` bytes more meanwhile."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()
