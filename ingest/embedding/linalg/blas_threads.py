"""Keep NumPy's BLAS to one thread for a while.

Its threads wait for more work by spinning. Those of a small product would take a processor from the network that
computes beside it, for far longer than the product takes.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np  # noqa: F401 - loads the BLAS that is looked for
from threadpoolctl import ThreadpoolController

#: What NumPy multiplies with; to look what is loaded takes milliseconds.
_NUMPYS = ThreadpoolController().select(user_api="blas")

#: The number of threads is the whole process's, and is put back by whoever changed it.
_one_at_a_time = threading.Lock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Have NumPy multiply in the calling thread; whoever else asks waits."""
    with _one_at_a_time, _NUMPYS.limit(limits=1):
        yield
