"""Matrix products in which a row's bits do not depend on the other rows, nor on the number of processors."""

import numpy as np

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.linalg.blas_threads import one_blas_thread

#: Rows multiplied at once, padded with zeros. OpenBLAS computes 16 columns of a product as one tile, in one order of
#: additions; other tile sizes, and the edges of a product, add in other orders. So the rows are the columns of the
#: product that BLAS sees.
BLOCK = 16


def matmul(rows: Float32Array, matrix: Float32Array, centre: Float32Array | None = None) -> Float32Array:
    """Return (rows - centre) @ matrix, (n, dim) float32, of (n, d), (d, dim) and (d,); without centre, rows @ matrix.

    A row has the same bits at every position and in every batch.
    """
    products = np.empty((len(rows), matrix.shape[1]), np.float32)
    block = np.zeros((BLOCK, matrix.shape[0]), np.float32)
    with one_blas_thread():
        for start in range(0, len(rows), BLOCK):
            part = rows[start : start + BLOCK]
            np.subtract(part, np.float32(0) if centre is None else centre, out=block[: len(part)])
            block[len(part) :] = 0
            products[start : start + BLOCK] = np.matmul(matrix.T, block.T).T[: len(part)]
    return products
