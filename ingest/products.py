"""Matrix products in which a row's bits do not depend on the rows beside it."""

import numpy as np

from ingest.backbone import Floats

#: Every product is of this many rows, filled up with zeros: BLAS adds in another order where there are more or fewer.
BLOCK = 64


def in_blocks(rows: Floats, matrix: Floats) -> Floats:
    """Return rows @ matrix, (n, dim) float32, of (n, d) and (d, dim): a row's bits are the same wherever it stands."""
    products = np.empty((len(rows), matrix.shape[1]), np.float32)
    block = np.zeros((BLOCK, matrix.shape[0]), np.float32)
    for start in range(0, len(rows), BLOCK):
        some = rows[start : start + BLOCK]
        block[: len(some)] = some
        block[len(some) :] = 0
        products[start : start + BLOCK] = np.matmul(block, matrix)[: len(some)]
    return products
