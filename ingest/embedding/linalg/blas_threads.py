"""Limit NumPy's BLAS to one thread.

Idle BLAS threads wait for more work by spinning. Those of a small product would take a processor from the network that
computes at the same time, for far longer than the product takes.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np  # noqa: F401 - loads the BLAS library that the controller looks for
from threadpoolctl import ThreadpoolController

#: NumPy's BLAS, looked up once: inspecting the loaded libraries takes milliseconds.
_BLAS = ThreadpoolController().select(user_api="blas")

#: The limit holds for the whole process, so only one thread at a time may set and restore it.
_limit_lock = threading.Lock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to the calling thread; other threads that call this wait for their turn."""
    with _limit_lock, _BLAS.limit(limits=1):
        yield
