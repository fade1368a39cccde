"""Matrix products in which a row's bits do not depend on the rows beside it, nor on the number of processors."""

import numpy as np

from ingest.backbone import Floats
from ingest.one_thread import numpy_on_one_thread

#: Every product is of this many rows, filled up with zeros: BLAS adds in another order where there are more or fewer.
BLOCK = 64


def in_blocks(rows: Floats, matrix: Floats, centre: Floats | None = None) -> Floats:
    """Return (rows - centre) @ matrix, (n, dim) float32, of (n, d), (d, dim) and (d,), or rows @ matrix.

    A row's bits are the same wherever it stands.
    """
    products = np.empty((len(rows), matrix.shape[1]), np.float32)
    block = np.zeros((BLOCK, matrix.shape[0]), np.float32)
    with numpy_on_one_thread():
        for start in range(0, len(rows), BLOCK):
            some = rows[start : start + BLOCK]
            np.subtract(some, np.float32(0) if centre is None else centre, out=block[: len(some)])
            block[len(some) :] = 0
            products[start : start + BLOCK] = np.matmul(block, matrix)[: len(some)]
    return products
